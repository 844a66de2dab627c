package on_test

import (
	"bufio"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/on"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

func TestSendOverOneConnection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer l.Close()
	r := start(t, "file", "DIR/*", "-n2", "--send", "unix:"+path, "svc/RELOAD path={{.Path}}", "--send", "unix:"+path, "<a:b TICK n={{.N}};what=\"{{.Event}}; {{.Kind}}\"")
	c, lines := make(chan net.Conn, 1), []string{}
	go func() {
		conn, err := l.Accept()
		if err == nil {
			c <- conn
		}
	}()
	r.write(`a;b="c"`, "")
	conn := <-c
	defer conn.Close()
	in := bufio.NewReader(conn)
	read := func() {
		line, err := in.ReadString('\n')
		require.NoError(t, err)
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	read()
	read()
	r.write("two", "")
	read()
	read()
	rest, err := io.ReadAll(in)
	require.NoError(t, err)
	require.Empty(t, rest)
	require.NoError(t, conn.Close())
	require.NoError(t, r.End())
	require.Equal(t, []string{
		`<test_hostexample:ed_on svc/RELOAD path="` + r.dir + `/a;b=\"c\""`,
		`<a:b TICK n=1;what="create,updated; file"`,
		"<test_hostexample:ed_on svc/RELOAD path=" + r.dir + "/two",
		`<a:b TICK n=2;what="create,updated; file"`,
	}, lines)
	require.Contains(t, r.Err.String(), "2 events, 4 messages sent in ")
}

// A peer that is not there yet, goes, and comes back gets every message.
func TestSendWaitsForThePeer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	r := start(t, "file", "DIR/*", "-n3", "-v", "--send", "unix:"+path, "GOT name={{.Name}}")
	receive := func(name string) {
		t.Helper()
		l, err := net.Listen("unix", path)
		require.NoError(t, err)
		defer l.Close()
		c, err := l.Accept()
		require.NoError(t, err)
		defer c.Close()
		line, err := bufio.NewReader(c).ReadString('\n')
		require.NoError(t, err)
		require.Contains(t, line, "GOT name="+name)
	}
	r.write("one", "")
	r.WaitErr("no such file or directory; next attempt in ")
	receive("one")
	r.WaitErr("the peer has gone: EOF")
	r.write("two", "")
	receive("two")
	r.WaitFor(r.Err, func(s string) bool { return strings.Count(s, "the peer has gone: EOF") == 2 })
	r.write("three", "")
	receive("three")
	require.NoError(t, r.End())
	require.Contains(t, r.Err.String(), "3 events, 3 messages sent in ")
	require.NotContains(t, r.Err.String(), "warning")
}

func TestNotSent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for _, c := range []struct {
		to, says string
		kind     toolkit.Kind
	}{
		{"unix:" + path, "not sent to unix:" + path + ": <test_hostexample:ed_on TICK (no such file or directory)\n", toolkit.Unavailable},
		{"unixgram:" + path, "not sent to unixgram:" + path + ": <test_hostexample:ed_on TICK (no such file or directory)\n", toolkit.Unavailable},
		{"udp://127.0.0.1:1", "not sent to udp://127.0.0.1:1: <test_hostexample:ed_on TICK (connection refused)\n", toolkit.Unavailable},
	} {
		r := start(t, "time", "1ms", "-n1", "--send-timeout", "500ms", "--json", "--send", c.to, "TICK")
		err := r.End()
		require.Error(t, err)
		require.True(t, toolkit.IsSilent(err))
		require.Equal(t, c.kind, toolkit.KindOf(err))
		require.Contains(t, r.Err.String(), c.says)
		require.Contains(t, r.Err.String(), "0 messages sent (1 not) in ")
		require.Contains(t, r.Out.String(), `"event":"unsent","to":"`+c.to+`","text":"<test_hostexample:ed_on TICK","error":"`)
	}
	r := start(t, "time", "1ms", "-x", "--send", "unixgram:"+path, "TICK")
	require.Error(t, r.End(), "--fail-fast")

	r = start(t, "time", "1ms", "-n1", "--timeout", "300ms", "--send-timeout", "1h", "--send", "unix:"+path, "TICK")
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(r.End()), "--timeout is of all")
	require.Contains(t, r.Err.String(), "0 messages sent (1 not) in ")
}

// The receiver of datagrams may be begun anew between two of them.
func TestSendPacketsToAnotherSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	receive := func(f func(net.PacketConn)) {
		t.Helper()
		c, err := net.ListenPacket("unixgram", path)
		require.NoError(t, err)
		f(c)
		require.NoError(t, c.Close())
		require.NoError(t, os.Remove(path))
	}
	var r *running
	read := func(want string) func(net.PacketConn) {
		return func(c net.PacketConn) {
			r.write(want, "")
			require.NoError(t, c.SetReadDeadline(time.Now().Add(patience)))
			p := make([]byte, 1000)
			n, _, err := c.ReadFrom(p)
			require.NoError(t, err)
			require.Equal(t, "<test_hostexample:ed_on GOT name="+want, string(p[:n]))
		}
	}
	r = start(t, "file", "DIR/*", "-n2", "--send", "unixgram:"+path, "GOT name={{.Name}}")
	receive(read("one"))
	receive(read("two"))
	require.NoError(t, r.End())
}

func TestComplaintsAreTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer l.Close()
	r := start(t, "time", "50ms", "-v", "--send", "unix:"+path, "TICK")
	c, err := l.Accept()
	require.NoError(t, err)
	defer c.Close()
	_, err = io.WriteString(c, "UNKNOWN command=TICK\nFINE thing=\"\x1b[31m\"\n")
	require.NoError(t, err)
	r.WaitErr("warning: unix:" + path + " answers: UNKNOWN command=TICK\n")
	r.WaitErr("unix:" + path + ` answers: FINE thing=\x1B[31m` + "\n")
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(r.Stop()))
}

// Whatever a path is, it comes out of the message as it went in, and nothing else does.
func TestMessageHoldsAnyPath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.OneOf(
			rapid.StringOf(rapid.RuneFrom([]rune("ab;=\"'\\\n\r\t <>/{}.$\uE000\uE0010,"))),
			rapid.Map(rapid.SliceOf(rapid.ByteRange(1, 255)), func(b []byte) string { return string(b) }),
		).Draw(t, "path")
		m, err := on.MessageFor(`svc/RELOAD n={{.N}};path={{.Path}};text="x {{printf "%s;\"}}" .Path}} y"`, path)
		require.NoError(t, err)
		line, err := m.AppendText(nil)
		require.NoError(t, err)
		require.NotContains(t, string(line), "\n")
		got, err := message.Parse(line)
		require.NoError(t, err)
		require.Equal(t, 3, got.Len())
		require.Equal(t, "svc", got.Service())
		require.Equal(t, "RELOAD", got.Command())
		value, _ := got.Get("path")
		require.Equal(t, path, value)
		value, _ = got.Get("text")
		require.Equal(t, "x "+path+`;"}} y`, value)
	})
}

func TestMessageTemplates(t *testing.T) {
	for text, want := range map[string]string{
		"A":                                     "<host:ed_on A",
		"<s:v A x=1":                            "<s:v A x=1",
		"srv:svc/A x={{.Path}}":                 "<host:ed_on srv:svc/A x=p",
		"A x={{.Path}}{{.Event}}-":              "<host:ed_on A x=pcreate-",
		`A x="{{if .Dir}}a;{{else}}b=c{{end}}"`: "<host:ed_on A x=b=c",
		"A x={{`}}` | printf \"%s;\"}};y=1":     `<host:ed_on A x="}};";y=1`,
		`{"command":"A","parameters":{"x":"{{.N}}"}}`:  "<host:ed_on A x=7",
		`{"command":"A","parameters":{"x":"{{"N"}}"}}`: "<host:ed_on A x=N",
	} {
		m, err := on.MessageFor(text, "p")
		require.NoError(t, err, text)
		line, err := m.AppendText(nil)
		require.NoError(t, err, text)
		require.Equal(t, want, string(line))
	}
	for text, want := range map[string]string{
		"A x={{.Path}":              "{{ without }}",
		"A x={{.Path":               "{{ without }}",
		"A {{.Name}}=1":             "a template stands where no value is",
		"{{.Event}} x=1":            "a template stands where no value is",
		"svc/{{.Event}}":            "a template stands where no value is",
		"<a:{{.Name}} A x=1":        "a template stands where no value is",
		"A x={{if .Dir}}a;b{{end}}": "a template stands where no value is",
		"A x={{if .Dir}}a":          "an {{end}} is missing",
		"A x={{.Nosuch}}":           "can't evaluate field Nosuch",
		"A x=\uE000":                "U+E000",
	} {
		_, err := on.MessageFor(text, "p")
		require.ErrorContains(t, err, want, text)
		require.Equal(t, toolkit.Usage, toolkit.KindOf(err), text)
	}
}

func FuzzMessageTemplate(f *testing.F) {
	f.Add("svc/RELOAD path={{.Path}}", "a;b=\"c\"\n")
	f.Add(`{"command":"A","parameters":{"x":"{{.Path}}"}}`, "\xff")
	f.Add("A x={{", "}}")
	f.Fuzz(func(t *testing.T, text, path string) {
		m, err := on.MessageFor(text, path)
		if err != nil || strings.Contains(path, "\x00") {
			return
		}
		plain, err := on.MessageFor(text, "p")
		if err != nil {
			return // what a path is may decide what a template does
		}
		line, err := m.AppendText(nil)
		if err != nil {
			return
		}
		got, err := message.Parse(line)
		require.NoError(t, err)
		require.Equal(t, plain.Command(), got.Command())
		require.Equal(t, plain.Service(), got.Service())
		require.Equal(t, plain.Len(), got.Len())
	})
}
