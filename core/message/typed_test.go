package message_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
)

func TestParseInt(t *testing.T) {
	good := map[string]int64{
		"0": 0, "17": 17, "017": 17, "+5": 5, "-5": -5, "0x1F": 31, "0X1f": 31, "-0b101": -5, "0B11": 3, "0o17": 15, "0O7": 7, "0d9": 9, "0D10": 10,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64, "0x7fffffffffffffff": math.MaxInt64, "-0x8000000000000000": math.MinInt64,
		"-0": 0, "00000000000000000000000000000001": 1,
	}
	for text, want := range good {
		got, err := message.ParseInt(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", " 1", "1 ", "1e3", "--1", "+-1", "0x", "0b2", "0o8", "0d", "-", "+", "1.0", "x", "0xg", "0b", "١", "1_000",
		"9223372036854775808", "-9223372036854775809", "22000000000000000000", "18446744073709551616", "0xffffffffffffffffffff",
	} {
		_, err := message.ParseInt(text)
		require.Error(t, err, text)
	}
	_, err := message.ParseInt("99999999999999999999x")
	require.EqualError(t, err, "it is not an integer")
	_, err = message.ParseInt("99999999999999999999")
	require.EqualError(t, err, "it does not fit 64 bits")
}

func TestParseUint(t *testing.T) {
	for text, want := range map[string]uint64{"0": 0, "-0": 0, "18446744073709551615": math.MaxUint64, "0xffffffffffffffff": math.MaxUint64} {
		got, err := message.ParseUint(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "-1", "18446744073709551616", "184467440737095516150", "0x10000000000000000", "x"} {
		got, err := message.ParseUint(text)
		require.Zero(t, got, "%q", text)
		require.Error(t, err, text)
	}
}

func TestTimespec(t *testing.T) {
	cases := []struct {
		in   string
		want message.Timespec
		out  string
	}{
		{"0", message.Timespec{}, "0"},
		{"10", message.Timespec{Sec: 10}, "10"},
		{"10.5", message.Timespec{Sec: 10, Nsec: 5e8}, "10.5"},
		{"10.500", message.Timespec{Sec: 10, Nsec: 5e8}, "10.5"},
		{"-1.5", message.Timespec{Sec: -2, Nsec: 5e8}, "-1.5"},
		{"-0.5", message.Timespec{Sec: -1, Nsec: 5e8}, "-0.5"},
		{"-0.000000001", message.Timespec{Sec: -1, Nsec: 999999999}, "-0.000000001"},
		{"-2", message.Timespec{Sec: -2}, "-2"},
		{"-0", message.Timespec{}, "0"},
		{"+2", message.Timespec{Sec: 2}, "2"},
		{" 3s ", message.Timespec{Sec: 3}, "3"},
		{"5.", message.Timespec{Sec: 5}, "5"},
		{"1.1234567899", message.Timespec{Sec: 1, Nsec: 123456789}, "1.123456789"},
		{"1720000000.000000001", message.Timespec{Sec: 1720000000, Nsec: 1}, "1720000000.000000001"},
		{"9223372036854775807.999999999", message.Timespec{Sec: math.MaxInt64, Nsec: 999999999}, "9223372036854775807.999999999"},
		{"-9223372036854775808", message.Timespec{Sec: math.MinInt64}, "-9223372036854775808"},
		{"-9223372036854775807.9", message.Timespec{Sec: math.MinInt64, Nsec: 1e8}, "-9223372036854775807.9"},
	}
	for _, c := range cases {
		got, err := message.ParseTimespec(c.in)
		require.NoError(t, err, c.in)
		require.Equal(t, c.want, got, c.in)
		require.Equal(t, c.out, got.String(), c.in)
	}
	for _, text := range []string{"", ".5", "1x", "-", "s", "1 s s", "1.5.5", "--1", "1ss", "9223372036854775808", "-9223372036854775808.5", "99999999999999999999"} {
		_, err := message.ParseTimespec(text)
		require.Error(t, err, text)
	}
	at := time.Unix(1720000000, 123)
	require.True(t, message.TimespecOf(at).Time().Equal(at))
	require.Equal(t, time.Duration(math.MaxInt64), message.Timespec{Sec: math.MaxInt64}.Duration())
	require.Equal(t, time.Duration(math.MinInt64), message.Timespec{Sec: math.MinInt64}.Duration())
}

func TestTimespecProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ts := message.Timespec{Sec: rapid.Int64().Draw(t, "sec"), Nsec: rapid.Int32Range(0, 999999999).Draw(t, "nsec")}
		got, err := message.ParseTimespec(ts.String())
		require.NoError(t, err)
		require.Equal(t, ts, got)
		d := time.Duration(rapid.Int64().Draw(t, "duration"))
		require.Equal(t, d, message.TimespecOfDuration(d).Duration())
		m := message.New("X").SetDuration("d", d)
		back, err := m.Duration("d")
		require.NoError(t, err)
		require.Equal(t, d, back)
		back, err = message.ParseDuration(d.String())
		require.NoError(t, err)
		require.Equal(t, d, back)
	})
}

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	good := map[string]time.Duration{
		"0": 0, "90": 90 * time.Second, "1.5": 1500 * time.Millisecond, "5.": 5 * time.Second, "1h 30m": 90 * time.Minute, "1h30m": 90 * time.Minute,
		"1 h 30 m": 90 * time.Minute, " 2 days ": 2 * day, "1D": day, "1M": time.Minute, "1 Month": 30 * day, "1y": 365 * day, "2w": 14 * day,
		"250ms": 250 * time.Millisecond, "10us": 10 * time.Microsecond, "10µs": 10 * time.Microsecond, "7 ns": 7, "1.5 h": 90 * time.Minute,
		"-5": -5 * time.Second, "-1h30m": -90 * time.Minute, "-1h 30m": -30 * time.Minute, "1h -30m": 30 * time.Minute, "1h-30m": 30 * time.Minute,
		"+1m": time.Minute, "1 2": 3 * time.Second, "0.000000001": 1, "1seconds": time.Second, "3 sec 2 min": 123 * time.Second, ".5s": 500 * time.Millisecond,
		"-9223372036.854775808": math.MinInt64, "9223372036.854775807": math.MaxInt64, "292y": 292 * 365 * day,
	}
	for text, want := range good {
		got, err := message.ParseDuration(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{
		"", " ", "s", "1x", "h1", "1hh", "-", "1.5.5", "1e3", "é", "1é", "293y", "9223372036.854775808", "292y 1y", "-292y -1y", "99999999999999999999", "١",
	} {
		_, err := message.ParseDuration(text)
		require.Error(t, err, text)
	}
}

func TestTypedParameters(t *testing.T) {
	m := message.New("CMD").SetInt("i", math.MinInt64).SetUint("u", math.MaxUint64).SetBool("b", true).SetDuration("d", 1500*time.Millisecond).
		SetTimespec("t", message.Timespec{Sec: -2, Nsec: 5e8}).Set("s", "text")
	requireText(t, "CMD b=true;d=1.5;i=-9223372036854775808;s=text;t=-1.5;u=18446744073709551615", m)
	m, err := message.Parse([]byte(m.String()))
	require.NoError(t, err)

	i, err := m.Int("i")
	require.NoError(t, err)
	require.Equal(t, int64(math.MinInt64), i)
	u, err := m.Uint("u")
	require.NoError(t, err)
	require.Equal(t, uint64(math.MaxUint64), u)
	b, err := m.Bool("b")
	require.NoError(t, err)
	require.True(t, b)
	d, err := m.Duration("d")
	require.NoError(t, err)
	require.Equal(t, 1500*time.Millisecond, d)
	ts, err := m.Timespec("t")
	require.NoError(t, err)
	require.Equal(t, message.Timespec{Sec: -2, Nsec: 5e8}, ts)
	s, err := m.Text("s")
	require.NoError(t, err)
	require.Equal(t, "text", s)

	_, err = m.Int("none")
	require.ErrorIs(t, err, message.ErrMissing)
	require.EqualError(t, err, "parameter none of CMD: it is missing")
	_, err = m.Int("s")
	require.NotErrorIs(t, err, message.ErrMissing)
	require.EqualError(t, err, `parameter s of CMD: "text": it is not an integer`)
	var param *message.ParamError
	require.ErrorAs(t, err, &param)
	require.Equal(t, "text", param.Value)
	_, err = m.Uint("i")
	require.EqualError(t, err, `parameter i of CMD: "-9223372036854775808": it is negative`)
	_, err = m.Bool("s")
	require.EqualError(t, err, `parameter s of CMD: "text": it is not true or false`)
	_, err = m.Duration("s")
	require.Error(t, err)
	_, err = m.Timespec("s")
	require.Error(t, err)

	for text, want := range map[string]bool{"true": true, "YES": true, "on": true, "1": true, "False": false, "no": false, "Off": false, "0": false} {
		got, err := message.New("X").Set("b", text).Bool("b")
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestAddresses(t *testing.T) {
	cases := []struct{ in, text string }{
		{"tcp://127.0.0.1:4040", "127.0.0.1:4040"},
		{"udp://[::1]:4041", "[::1]:4041"},
		{"unix:/run/x.sock", "/run/x.sock"},
		{"unix:@name", "@name"},
		{"exec:/bin/cat", "exec:/bin/cat"},
	}
	for _, c := range cases {
		a, err := address.Parse(c.in, address.Defaults{})
		require.NoError(t, err)
		m := message.New("CMD").SetAddress("a", a)
		require.Equal(t, c.text, first(m.Get("a")))
		got, err := m.Addr("a", address.Defaults{Scheme: a.Scheme})
		require.NoError(t, err)
		require.Equal(t, a, got)
	}
	m := message.New("CMD").Set("a", "tcp://1.2.3.4:x")
	_, err := m.Addr("a", address.Defaults{})
	var param *message.ParamError
	require.ErrorAs(t, err, &param)
	var parse *address.ParseError
	require.True(t, errors.As(err, &parse), "the error of the address is in there")
	require.Contains(t, err.Error(), `parameter a of CMD: "tcp://1.2.3.4:x": `)
	_, err = m.Addr("none", address.Defaults{})
	require.ErrorIs(t, err, message.ErrMissing)
}
