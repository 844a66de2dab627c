package message_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/message"
)

func TestAppendText(t *testing.T) {
	cases := []struct{ value, want string }{
		{"", "CMD a=;b=x"},
		{"plain", "CMD a=plain;b=x"},
		{"a;b", `CMD a="a;b";b=x`},
		{`"q"`, `CMD a="\"q\"";b=x`},
		{`mid"q`, `CMD a=mid"q;b=x`},
		{`back\slash`, `CMD a=back\\slash;b=x`},
		{`;end\`, `CMD a=";end\\";b=x`},
		{"nl\ncr\r", `CMD a=nl\ncr\r;b=x`},
		{`;\"x`, `CMD a=";\\\"x";b=x`},
		{" x", "CMD a= x;b=x"},
		{"x ", `CMD a="x ";b=x`},
		{"x\t", "CMD a=\"x\t\";b=x"},
		{"x\v", "CMD a=\"x\v\";b=x"},
		{"x\f", "CMD a=\"x\f\";b=x"},
		{"x \n", `CMD a=x \n;b=x`},
		{"a=b", "CMD a=a=b;b=x"},
		{"é\xff", "CMD a=é\xff;b=x"},
	}
	for _, c := range cases {
		t.Run(c.value, func(t *testing.T) {
			m := message.New("CMD").Set("b", "x").Set("a", c.value)
			requireText(t, c.want, m)
			got, err := message.Parse([]byte(c.want))
			require.NoError(t, err)
			require.True(t, got.Canonical())
			require.True(t, got.Equal(m))
			require.Equal(t, c.value, first(got.Get("a")))
			requireText(t, c.want, got)
		})
	}
	requireText(t, "X B=1;Z9=4;_=3;a=2", message.New("X").Set("a", "2").Set("Z9", "4").Set("_", "3").Set("B", "1"))
}

func TestAppendHead(t *testing.T) {
	cases := []struct {
		want                                     string
		fromServer, fromService, server, service string
	}{
		{"CMD", "", "", "", ""},
		{"svc/CMD", "", "", "", "svc"},
		{"srv:svc/CMD", "", "", "srv", "svc"},
		{"<:me CMD", "", "me", "", ""},
		{"<my-host: CMD", "my-host", "", "", ""},
		{"<a:b *:*/CMD", "a", "b", "*", "*"},
		{"<a:b ?:?/CMD", "a", "b", "?", "?"},
		{"<a:b .:./CMD", "a", "b", ".", "."},
	}
	for _, c := range cases {
		m := message.New("CMD")
		m.SetSentFrom(c.fromServer, c.fromService)
		m.SetServer(c.server)
		m.SetService(c.service)
		requireText(t, c.want, m)
		requireText(t, c.want, m.Clone())
		require.Equal(t, c.want, m.String())
	}
}

func TestCheck(t *testing.T) {
	build := func(f func(m *message.Message)) *message.Message {
		m := message.New("CMD")
		f(m)
		return m
	}
	cases := []struct {
		name, want string
		m          *message.Message
	}{
		{"nothing", `bad command name "": it is empty`, &message.Message{}},
		{"lower case command", `bad command name "cmd": 'c' is not allowed, only A-Z 0-9 _`, message.New("cmd")},
		{"line feed in command", `bad command name "A\nB": '\n' is not allowed, only A-Z 0-9 _`, message.New("A\nB")},
		{"server", `bad server name "a/b": '/' is not allowed, only A-Z a-z 0-9 _ . -`, build(func(m *message.Message) { m.SetServer("a/b"); m.SetService("s") })},
		{"service", `bad service name "a b": ' ' is not allowed, only A-Z a-z 0-9 _`, build(func(m *message.Message) { m.SetService("a b") })},
		{"wildcard as sender", `bad sent-from service name "*": '*' is not allowed, only A-Z a-z 0-9 _`, build(func(m *message.Message) { m.SetSentFrom("a", "*") })},
		{"sender's server", `bad sent-from server name "-a": it begins with '-'`, build(func(m *message.Message) { m.SetSentFrom("-a", "") })},
		{"server without service", `bad service name "": it is empty, but a server is given: to address a node's router use service communicatord`,
			build(func(m *message.Message) { m.SetServer("srv") })},
		{"parameter name", `bad parameter name "1a": it begins with a digit`, message.New("CMD").Set("b", "").Set("1a", "")},
		{"NUL", `parameter a of CMD: "x\x00y": it has a NUL byte, which no message can carry`, message.New("CMD").Set("a", "x\x00y")},
		{"long name", `bad parameter name "` + strings.Repeat("-", 80) + `"…: '-' is not allowed, only A-Z a-z 0-9 _`,
			message.New("CMD").Set(strings.Repeat("-", 100), "")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			require.EqualError(t, c.m.Check(), c.want)
			dst, err := c.m.AppendText([]byte("kept"))
			require.EqualError(t, err, c.want)
			require.Equal(t, "kept", string(dst))
			dst, err = c.m.AppendJSON([]byte("kept"))
			require.EqualError(t, err, c.want)
			require.Equal(t, "kept", string(dst))
			require.Equal(t, "("+c.want+")", c.m.String())
			require.EqualError(t, c.m.Clone().Check(), c.want)
		})
	}
	received, err := message.Parse([]byte("srv:CMD"))
	require.NoError(t, err)
	require.Error(t, received.Check(), "can be received, not sent")
}

func TestVerifyNames(t *testing.T) {
	for _, name := range []string{"A", "_", "LOG_ROTATE", "A1"} {
		require.NoError(t, message.VerifyCommand(name))
	}
	for _, name := range []string{"", "a", "1A", "A-B", "A ", "*"} {
		require.Error(t, message.VerifyCommand(name), name)
	}
	for _, name := range []string{"a", "_", "aB9"} {
		require.NoError(t, message.VerifyName(name))
		require.NoError(t, message.VerifyService(name))
		require.NoError(t, message.VerifyToService(name))
	}
	for _, name := range []string{"", "1", "a.b", "a-b", "é"} {
		require.Error(t, message.VerifyName(name), name)
		require.Error(t, message.VerifyService(name), name)
		require.Error(t, message.VerifyToService(name), name)
	}
	for _, name := range []string{"a", "my-host.lan", "10.0.0.1", "_x"} {
		require.NoError(t, message.VerifyServer(name))
		require.NoError(t, message.VerifyToServer(name))
	}
	for _, name := range []string{".", "*", "?"} {
		require.Error(t, message.VerifyServer(name))
		require.Error(t, message.VerifyService(name))
		require.NoError(t, message.VerifyToServer(name))
		require.NoError(t, message.VerifyToService(name))
	}
	for _, name := range []string{"", ".a", "-a", "a/b", "**"} {
		require.Error(t, message.VerifyServer(name), name)
		require.Error(t, message.VerifyToServer(name), name)
	}
}

func TestSetAndDelete(t *testing.T) {
	m, err := message.Parse([]byte(`CMD b="x;\n";a=1;b=2;c="q;\\"`))
	require.NoError(t, err)
	m.Delete("none")
	requireText(t, `CMD a=1;b=2;c="q;\\"`, m)
	m.Set("b", "3").Delete("a")
	requireText(t, `CMD b=3;c="q;\\"`, m)
	m.Set("a", "first").Set("d", "last").Set("bb", "")
	requireText(t, `CMD a=first;b=3;bb=;c="q;\\";d=last`, m)
	require.Equal(t, map[string]string{"a": "first", "b": "3", "bb": "", "c": `q;\`, "d": "last"}, maps.Collect(m.Params()))
	clone := m.Clone()
	m.Delete("a")
	m.Delete("d")
	requireText(t, `CMD b=3;bb=;c="q;\\"`, m)
	requireText(t, `CMD a=first;b=3;bb=;c="q;\\";d=last`, clone)
	m.SetCommand("OTHER")
	m.SetService("svc")
	requireText(t, `svc/OTHER b=3;bb=;c="q;\\"`, m)
	m.SetService("")
	requireText(t, `OTHER b=3;bb=;c="q;\\"`, m)
	m.Reset()
	require.Zero(t, m.Len())
	require.Error(t, m.Check())
	for range m.Params() {
		require.Fail(t, "a parameter after Reset")
	}
}

// TestCloneOwnsNames: the message that was cloned uses its room for names of parameters again.
func TestCloneOwnsNames(t *testing.T) {
	m := message.New("CMD").Set("b", "2")
	clone := m.Clone()
	require.NoError(t, m.Decode([]byte(`{"command":"CMD","parameters":{"a":"1"}}`)))
	requireText(t, "CMD b=2", clone)
	clone = m.Clone()
	m.Delete("a")
	m.Set("c", "3")
	requireText(t, "CMD a=1", clone)
}

func TestNamesMayChangeForEver(t *testing.T) {
	m := message.New("CMD").Set("a", "1")
	for i := range 10000 {
		m.SetService(strings.Repeat("s", i%50+1))
	}
	m.SetService("svc")
	requireText(t, "svc/CMD a=1", m)
	require.Less(t, testing.AllocsPerRun(100, func() { m.SetService("svc"); m.SetCommand("X") }), 1.0)
}

func TestReply(t *testing.T) {
	m, err := message.Parse([]byte("<srv:svc me/CMD a=1;b=\"x;y\""))
	require.NoError(t, err)
	requireText(t, "srv:svc/DONE", m.Reply("DONE"))
	requireText(t, "srv:svc/CMD", m.Reply(""))
	r := m.Reply("DONE")
	r.CopyParams(m)
	requireText(t, `srv:svc/DONE a=1;b="x;y"`, r)
	require.Equal(t, "x;y", first(r.Get("b")))
	r.Set("c", "2")
	requireText(t, `srv:svc/DONE a=1;b="x;y";c=2`, r)
	r.ReplyTo(m, "AGAIN")
	requireText(t, "srv:svc/AGAIN", r)
	require.Zero(t, r.Len())
	require.Error(t, m.Reply("no").Check())

	m, err = message.Parse([]byte("<srv: CMD"))
	require.NoError(t, err)
	requireText(t, "DONE", m.Reply("DONE"))

	built := message.New("CMD").Set("1", "")
	built.SetSentFrom("", "a b")
	require.Error(t, built.Reply("DONE").Check(), "an unchecked name is checked in the reply")
	r.ReplyTo(message.New("CMD"), "")
	r.CopyParams(built)
	require.Error(t, r.Check(), "so is an unchecked parameter")
}

func TestCopyParams(t *testing.T) {
	for _, line := range []string{"CMD", "CMD a=1", `CMD a=1\n;b="\";"`, "CMD b=2;a=1", "CMD a=1;", `CMD a="x"`, "CMD a=1;a=2", "CMD a=x\\y"} {
		for _, touched := range []bool{false, true} {
			m, err := message.Parse([]byte(line))
			require.NoError(t, err)
			if touched {
				m.Get("a")
				m.Get("b")
			}
			r, err := message.Parse([]byte("svc/OTHER z=9;y=\"\\n;\""))
			require.NoError(t, err)
			r.Get("y")
			r.CopyParams(m)
			m.SetService("svc")
			m.SetCommand("OTHER")
			require.Equal(t, m.String(), r.String(), "%q touched=%v", line, touched)
			require.True(t, r.Equal(m))
			require.True(t, r.Clone().Equal(m))
			r.CopyParams(r)
			require.True(t, r.Equal(m))
		}
	}
}

// TestRepeat compares with the two calls that it stands for, whatever either message was before.
func TestRepeat(t *testing.T) {
	before := message.New("OTHER").Set("x", "y")
	for _, line := range []string{"CMD", "CMD a=1;b=2", "CMD b=2;a=1", `CMD a="x;y"`, `CMD a="x"`, "CMD a=1;", "<s:t u:v/CMD a=1", "<s:t CMD a=1", "v/CMD a=1", `{"command":"CMD","parameters":{"a":"1"}}`} {
		for _, touch := range []func(m *message.Message){
			func(*message.Message) {},
			func(m *message.Message) { m.Lookup("a") },
			func(m *message.Message) { m.Set("a", "new") },
			func(m *message.Message) { m.SetCommand("NEW") },
			func(m *message.Message) { m.SetSentFrom("s", "t") },
		} {
			m, err := message.Parse([]byte(line))
			require.NoError(t, err)
			touch(m)
			one, two := before.Clone(), before.Clone()
			one.Repeat(m)
			two.ReplyTo(m, "")
			two.CopyParams(m)
			require.Equal(t, two.String(), one.String(), line)
			require.True(t, one.Equal(two), line)
			one.Set("a", "changed")
			require.NotEqual(t, one.String(), m.String(), line)
		}
	}
}

// TestModel sets, deletes and copies at random, and compares with a map.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, model := message.New("CMD"), map[string]string{}
		names := rapid.SampledFrom([]string{"a", "b", "_", "B", "abcdefgh", "abcdefghi", "z9"})
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			name := names.Draw(t, "name")
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0, 1:
				value := strings.ReplaceAll(string(rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "value")), "\x00", "")
				m.Set(name, value)
				model[name] = value
			case 2:
				m.Delete(name)
				delete(model, name)
			case 3:
				parsed, err := message.Parse([]byte(m.String()))
				require.NoError(t, err)
				require.True(t, parsed.Equal(m))
				m = parsed
			case 4:
				r := message.New("CMD").Set("gone", "x")
				r.CopyParams(m)
				m = r.Clone()
			}
			require.Equal(t, model, maps.Collect(m.Params()))
			for _, name := range []string{"a", "abcdefghi"} {
				value, ok := m.Get(name)
				want, has := model[name]
				require.Equal(t, has, ok)
				require.Equal(t, has, m.Has(name))
				require.Equal(t, want, value)
			}
		}
	})
}
