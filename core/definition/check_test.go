package definition_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/definition"
	"github.com/ed-toolbox/ed/core/message"
)

func number(n int) string { return strconv.Itoa(n) }

func parse(t testing.TB, line string) *message.Message {
	t.Helper()
	m, err := message.Parse([]byte(line))
	require.NoError(t, err)
	return m
}

const everything = `
[plain]
[must]
flags = required
[may]
flags = optional
[not]
flags = forbidden
[int]
type = integer
flags = optional
[addr]
type = address
flags = optional
[time]
type = timespec
flags = optional
[bool]
type = bool
flags = optional
[dur]
type = duration
flags = optional
[loose]
type = integer
flags = optional, empty
`

var checks = []struct {
	name   string
	params string
	want   string // beginning of the first error, without the command; "" for valid
}{
	{name: "least", params: "plain=;must=x"},
	{name: "parameters without a section are fine", params: "plain=a;must=x;other="},
	{name: "absent", params: "must=x", want: "parameter plain is missing"},
	{name: "both absent", params: "x=y", want: "parameter plain is missing"},
	{name: "required and empty", params: "plain=;must=", want: "parameter must is empty"},
	{name: "optional and empty", params: "plain=;must=x;may=", want: "parameter may is empty"},
	{name: "forbidden", params: "plain=;must=x;not=", want: "parameter not is forbidden"},
	{name: "integers", params: "plain=;must=x;int=-0x1F"},
	{name: "integer that is none", params: "plain=;must=x;int=1e3", want: `parameter int is not an integer: "1e3": `},
	{name: "integer out of range", params: "plain=;must=x;int=22000000000000000000", want: `parameter int is not an integer: "22`},
	{name: "integer and empty", params: "plain=;must=x;int=", want: "parameter int is empty"},
	{name: "empty is not held against the type", params: "plain=;must=x;loose="},
	{name: "loose integer that is none", params: "plain=;must=x;loose=a", want: "parameter loose is not an integer"},
	{name: "address", params: "plain=;must=x;addr=127.0.0.1:4040"},
	{name: "address in IPv6", params: "plain=;must=x;addr=[::1]:4040"},
	{name: "host names are not looked up", params: "plain=;must=x;addr=no-such-host.invalid:1"},
	{name: "address without a port", params: "plain=;must=x;addr=10.0.0.1"},
	{name: "address of a Unix socket", params: "plain=;must=x;addr=unix:/run/x.sock"},
	{name: "bools", params: "plain=;must=x;bool=YES"},
	{name: "durations", params: "plain=;must=x;dur=1h 30m"},
	{name: "duration that is too long", params: "plain=;must=x;dur=99999999999", want: "parameter dur is not a duration: "},
	{name: "no address", params: "plain=;must=x;addr=1.2.3.4:99999", want: "parameter addr is not an address: "},
	{name: "timespec", params: "plain=;must=x;time=1720000000.123456789"},
	{name: "no timespec", params: "plain=;must=x;time=soon", want: `parameter time is not a timespec: "soon": `},
	{name: "bool", params: "plain=;must=x;bool=true"},
	{name: "no bool", params: "plain=;must=x;bool=perhaps", want: "parameter bool is not a bool: "},
	{name: "duration", params: "plain=;must=x;dur=5"},
	{name: "no duration", params: "plain=;must=x;dur=long", want: "parameter dur is not a duration: "},
	{name: "a long value is shortened", params: "plain=;must=x;int=" + strings.Repeat("z", 5000), want: `parameter int is not an integer: "` + strings.Repeat("z", 40) + `"…: `},
	{name: "definition order", params: "not=;int=x", want: "parameter plain is missing"},
}

func TestCheck(t *testing.T) {
	d, err := definition.Parse("X", "x.conf", []byte(everything))
	require.NoError(t, err)
	for _, test := range checks {
		t.Run(test.name, func(t *testing.T) {
			m := parse(t, "X "+test.params)
			err := d.Check(m)
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			var bad *definition.CheckError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, "X", bad.Command)
			require.True(t, strings.HasPrefix(bad.Message(), test.want), bad.Message())
			require.Equal(t, "X: "+bad.Message(), err.Error())
			require.Less(t, len(err.Error()), 300)
		})
	}
}

func TestNilAcceptsEverything(t *testing.T) {
	var d *definition.Definition
	var s *definition.Set
	m := parse(t, "STOP a=b")
	require.NoError(t, d.Check(m))
	require.NoError(t, s.Check(m))
}

func TestCheckAllocatesNothing(t *testing.T) {
	s, err := definition.Open(definition.Options{})
	require.NoError(t, err)
	d, err := definition.Parse("X", "x.conf", []byte(everything))
	require.NoError(t, err)
	messages := []*message.Message{
		parse(t, "ABSOLUTELY serial=7;timestamp=1.5;reply_timestamp=1720000000.123456789"),
		parse(t, "READY my_address=127.0.0.1:4040"),
		parse(t, "NOT_DEFINED a=b"),
		parse(t, "STOP"),
	}
	whole := parse(t, "X plain=;must=x;int=7;addr=127.0.0.1:1;time=1.5;bool=true;dur=5;loose=")
	allocations := testing.AllocsPerRun(100, func() {
		for _, m := range messages {
			if err := s.Check(m); err != nil {
				t.Error(err)
			}
		}
		if err := d.Check(whole); err != nil {
			t.Error(err)
		}
	})
	require.Zero(t, allocations)
}

func BenchmarkCheck(b *testing.B) {
	s, err := definition.Open(definition.Options{})
	require.NoError(b, err)
	m := parse(b, "ALIVE serial=7;timestamp=1720000000.123456789")
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Check(m); err != nil {
			b.Fatal(err)
		}
	}
}
