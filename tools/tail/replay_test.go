package tail_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/tools/tail"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport"
)

// recordFile writes a recording: three messages that came at 0, 1 and 3 seconds, one that went out, and one broken line.
func recordFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.jsonl")
	at := func(s string) string {
		return `{"v":1,"time":"2026-01-02T03:04:` + s + `Z","peer":"tcp://127.0.0.1:5","link":1,`
	}
	lines := []string{
		at("00") + `"direction":"in","command":"A","parameters":{"x":"1"}}`,
		at("00.5") + `"direction":"out","command":"ANSWER"}`,
		at("01") + `"direction":"in","raw_base64":"QiB5Pf8="}`,
		at("02") + `"direction":"in","error":"bad message at byte 1: no","offset":1,"raw_base64":"QSpC"}`,
		at("03") + `"direction":"in","service":"me","command":"C"}`,
	}
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	return path
}

func TestReplayKeepsThePauses(t *testing.T) {
	path := recordFile(t)
	for name, c := range map[string]struct {
		args []string
		sent []string
		took time.Duration
	}{
		"as it was":    {nil, []string{"A x=1", "B y=\xff", "me/C"}, 3 * time.Second},
		"twice":        {[]string{"--speed", "2x"}, []string{"A x=1", "B y=\xff", "me/C"}, 1500 * time.Millisecond},
		"max":          {[]string{"--speed=max"}, []string{"A x=1", "B y=\xff", "me/C"}, 0},
		"pauses cut":   {[]string{"--max-gap", "500ms"}, []string{"A x=1", "B y=\xff", "me/C"}, time.Second},
		"answers":      {[]string{"--direction=out"}, []string{"ANSWER"}, 0},
		"all":          {[]string{"--direction=all"}, []string{"A x=1", "ANSWER", "B y=\xff", "me/C"}, 3 * time.Second},
		"filter":       {[]string{"--filter", "service=me", "--filter", "A"}, []string{"A x=1", "me/C"}, 3 * time.Second},
		"count":        {[]string{"-n2"}, []string{"A x=1", "B y=\xff"}, time.Second},
		"loop":         {[]string{"--loop=2", "--direction=out"}, []string{"ANSWER", "ANSWER"}, 0},
		"loop, count":  {[]string{"--loop=0", "-n4", "--speed=10"}, []string{"A x=1", "B y=\xff", "me/C", "A x=1"}, 300 * time.Millisecond},
		"loop nothing": {[]string{"--loop=0", "--filter", "NONE"}, []string{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := toolkittest.New(t)
				w.Session = &toolkittest.Session{}
				go func() { // a peer that closes when we do
					for {
						if half, _ := w.Session.State(); half {
							w.Session.End()
							return
						}
						<-time.After(time.Nanosecond * 100_000_007)
					}
				}()
				began := time.Now()
				require.NoError(t, w.Run(t.Context(), tail.Replay, append(c.args, "replay", path, "unix:/s")...))
				took := time.Since(began)
				require.Equal(t, c.sent, w.Session.Sent())
				require.InDelta(t, c.took, took, float64(110*time.Millisecond))
				require.Equal(t, []address.Address{address.FromUnix(address.Unix, "/s")}, w.Dialled)
				half, closed := w.Session.State()
				require.True(t, half && closed)
				require.Contains(t, w.Err.String(), fmt.Sprintf("played %d message", len(c.sent)))
			})
		})
	}
}

func TestReplaySaysWhatItDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := toolkittest.New(t)
		w.Session = &toolkittest.Session{}
		w.Session.ArriveLine("HELLO")
		require.NoError(t, w.Run(t.Context(), tail.Replay, "replay", recordFile(t), "--speed=2x", "tcp://127.0.0.1:1"))
		require.Equal(t, "played 3 messages to tcp://127.0.0.1:1 in 2.5s at 2x, late by 0s on average and 0s at most; "+
			"replies: 1; reports of broken lines passed over: 1\n", w.Err.String())
	})
}

func TestReplayDryRun(t *testing.T) {
	w := toolkittest.New(t)
	require.NoError(t, w.Run(t.Context(), tail.Replay, "replay", "--dry-run", "--speed=max", recordFile(t)))
	require.Equal(t, "A x=1\nB y=\xff\nme/C\n", w.Out.String())
	w = toolkittest.New(t)
	require.NoError(t, w.Run(t.Context(), tail.Replay, "replay", recordFile(t), "unix:/s", "--speed=max", "--dry-run"), "added to a whole command")
	require.Equal(t, "A x=1\nB y=\xff\nme/C\n", w.Out.String())
	require.Empty(t, w.Dialled)
	w = toolkittest.New(t)
	require.NoError(t, w.Run(t.Context(), tail.Replay, "replay", "--dry-run", "--speed=max", "--json", recordFile(t)))
	require.Equal(t, `{"v":1,"command":"A","parameters":{"x":"1"}}`+"\n"+`{"v":1,"raw_base64":"QiB5Pf8="}`+"\n"+
		`{"v":1,"service":"me","command":"C"}`+"\n", w.Out.String())
	require.Empty(t, w.Err.String())
}

func TestReplayFails(t *testing.T) {
	good := recordFile(t)
	bad := filepath.Join(t.TempDir(), "bad")
	require.NoError(t, os.WriteFile(bad, []byte("A\nA*B\nC\n"), 0o600))
	for name, c := range map[string]struct {
		args []string
		kind toolkit.Kind
		err  string
		sent int
	}{
		"no file":         {[]string{"/no/such", "unix:/s"}, toolkit.NoInput, "no such file", 0},
		"a directory":     {[]string{".", "unix:/s"}, toolkit.NoInput, "is a directory", 0},
		"no recording":    {nil, toolkit.Usage, "the recording is missing", 0},
		"no address":      {[]string{good}, toolkit.Usage, "the address to send to is missing", 0},
		"too many":        {[]string{good, "unix:/s", "x"}, toolkit.Usage, `unexpected operand "x"`, 0},
		"dry address":     {[]string{good, "unix:", "--dry-run"}, toolkit.Usage, "there is no path", 0},
		"bad speed":       {[]string{good, "unix:/s", "--speed=fast"}, toolkit.Usage, `option --speed: "fast" is not a speed`, 0},
		"bad filter":      {[]string{good, "unix:/s", "--filter=,"}, toolkit.Usage, "a condition is empty", 0},
		"loop of stdin":   {[]string{"-", "unix:/s", "--loop=2"}, toolkit.Usage, "standard input can be read once", 0},
		"bad line":        {[]string{bad, "unix:/s"}, toolkit.Data, "bad, line 2: bad message at byte 1", 1},
		"bad line passed": {[]string{bad, "unix:/s", "-k"}, toolkit.Data, "1 bad line not sent", 2},
		"time over":       {[]string{good, "unix:/s", "--timeout=1500ms"}, toolkit.Timeout, "the recording did not end within 1.5s", 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := toolkittest.New(t)
				w.Session = &toolkittest.Session{}
				err := w.Run(t.Context(), tail.Replay, append([]string{"replay"}, c.args...)...)
				require.ErrorContains(t, err, c.err)
				require.Equal(t, c.kind, toolkit.KindOf(err), err)
				require.Len(t, w.Session.Sent(), c.sent)
			})
		})
	}
}

func TestReplayToAPeerThatIsGone(t *testing.T) {
	w := toolkittest.New(t)
	w.Session = &toolkittest.Session{SendErr: transport.ErrClosed}
	err := w.Run(t.Context(), tail.Replay, "replay", recordFile(t), "tcp://127.0.0.1:1")
	require.EqualError(t, err, "lost tcp://127.0.0.1:1 after 0 messages: connection closed")
	require.Equal(t, toolkit.Unavailable, toolkit.KindOf(err))
}

// A line over the limit of a stream names its place, and what allows it.
func TestReplayOfATooLongLine(t *testing.T) {
	path := recordFile(t)
	for _, to := range []string{"tcp://127.0.0.1:1", "udp://127.0.0.1:1"} {
		w := toolkittest.New(t)
		w.Session = &toolkittest.Session{SendErr: transport.ErrTooBig}
		err := w.Run(t.Context(), tail.Replay, "replay", path, to, "--max-line=9")
		if strings.HasPrefix(to, "udp") {
			require.NotContains(t, err.Error(), "bytes of a line")
			continue
		}
		require.EqualError(t, err, path+", line 1: longer than the 9 bytes of a line")
		require.Equal(t, toolkit.Data, toolkit.KindOf(err))
		require.Equal(t, "--max-line allows more, if the receiver does", toolkit.HintOf(err))
	}
}

func TestReplayOfStandardInput(t *testing.T) {
	w := toolkittest.New(t)
	w.Session = &toolkittest.Session{}
	w.Stdin.Reader = strings.NewReader("A\nb\n")
	err := w.Run(t.Context(), tail.Replay, "replay", "-", "unix:/s")
	require.ErrorContains(t, err, "standard input, line 2: ")
	require.Equal(t, []string{"A"}, w.Session.Sent())
}

// What a terminal would obey is escaped, in JSON too.
func TestReplayDryRunOnATerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r")
	require.NoError(t, os.WriteFile(path, []byte("A x=\u009b2J\n"), 0o600))
	for _, args := range [][]string{nil, {"--json"}} {
		w := toolkittest.New(t)
		w.Terminal(80)
		require.NoError(t, w.Run(t.Context(), tail.Replay, append([]string{"replay", "--dry-run", path}, args...)...))
		require.Contains(t, w.Out.String(), "2J")
		require.NotContains(t, w.Out.String(), "\u009b")
	}
}

// What listen records, replay plays to another listen, over every kind of address.
func TestRecordAndReplay(t *testing.T) {
	for kind, where := range kinds() {
		t.Run(kind, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "r.jsonl")
			messages := []string{"<a:b c/X y=\"1;2\"\n", "Z\n", "B v=\xff\n"}
			first := start(t, where, "--record", path, "-n3", "--echo")
			c := first.dial(0)
			for i, m := range messages {
				send(t, c, m)
				first.WaitFor(first.Out, func(s string) bool { return strings.Count(s, "<-") == i+1 })
			}
			require.NoError(t, first.End())

			second := start(t, where, "-n3", "--raw")
			network, local := second.address(0)
			w := toolkittest.New(t)
			w.Env.Dial = toolkit.NewEnv().Dial
			to := network + ":" + local
			if network == "tcp" || network == "udp" {
				to = network + "://" + local
			}
			require.NoError(t, w.Run(t.Context(), tail.Replay, "replay", path, to, "--speed=10x"))
			require.NoError(t, second.End())
			require.Equal(t, strings.Join(messages, ""), second.Out.String())
		})
	}
}

func TestReplayInterruptedWhileThePeerDoesNotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r")
	line := "BIG x=" + strings.Repeat("x", 60000) + "\n"
	require.NoError(t, os.WriteFile(path, []byte(strings.Repeat(line, 100)), 0o600))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	w := toolkittest.New(t)
	w.Env.Dial = toolkit.NewEnv().Dial
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx, tail.Replay, "replay", path, "tcp://"+l.Addr().String(), "--loop=0") }()
	c, err := l.Accept()
	require.NoError(t, err)
	defer c.Close()
	_, err = bufio.NewReader(c).ReadString('\n')
	require.NoError(t, err)
	cancel(io.ErrNoProgress)
	select {
	case err := <-done:
		require.ErrorIs(t, err, io.ErrNoProgress)
	case <-time.After(patience):
		require.Fail(t, "it hangs")
	}
}

// A peer that cannot be connected to in time is named.
func TestReplayWhereConnectingTakesTooLong(t *testing.T) {
	w := toolkittest.New(t)
	w.Env.Dial = func(ctx context.Context, _ address.Address, _ toolkit.DialOptions) (toolkit.Session, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	err := w.Run(t.Context(), tail.Replay, "replay", "--timeout", "10ms", "-", "tcp://127.0.0.1:4040") // to open a file would take of the time
	require.EqualError(t, err, "connect tcp://127.0.0.1:4040: the recording did not end within 10ms")
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err))
}
