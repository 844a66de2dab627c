package control_test

import (
	"bufio"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/control"
)

// strange is a visit to a process that answers the first line with this text.
func strange(t *testing.T, answer string) *control.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.sock")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		lines := bufio.NewScanner(c)
		if lines.Scan() {
			_, _ = c.Write([]byte(answer))
		}
		for lines.Scan() { // until the visit ends
			continue
		}
		c.Close()
	}()
	c, err := control.Dial(t.Context(), address.FromUnix(address.Unix, path))
	require.NoError(t, err)
	t.Cleanup(func() {
		c.Close()
		_ = l.Close()
		<-done
	})
	return c
}

// What makes no sense is an error of who asked, not a record of nothing.
func TestAnswersThatMakeNoSense(t *testing.T) {
	for answer, want := range map[string]string{
		"TRACE outcome=fine\n":            "no outcome",
		"LOST rate=x\n":                   "rate",
		"TABLE table=x;columns=a\n":       "columns",
		"UNKNOWN command=INSPECT\n":       "INSPECT: the process does not know this command",
		"SERVICE_UNAVAILABLE message=\n":  "busy",
		strings.Repeat("HELLO\n", 10_001): "more than 10000 items",
	} {
		_, err := strange(t, answer).Inspect(t.Context(), "x")
		require.ErrorContains(t, err, want)
	}
	_, err := strange(t, strings.Repeat("HELLO\n", 10_001)).Do(t.Context(), message.New("UNWATCH"))
	require.ErrorContains(t, err, "more than 10000 items")
	_, err = strange(t, "TRACE outcome=fine\n").Do(t.Context(), message.New("UNWATCH"))
	require.ErrorContains(t, err, "no outcome")
}

// A table with another serial number is the answer to another question.
func TestTableOfAnotherQuestion(t *testing.T) {
	c := strange(t, "TABLE table=x;columns=a:label:;serial=9\nTABLE_END table=x;rows=0;serial=9\n"+
		"TABLE table=x;columns=b:label:;serial=1\nTABLE_END table=x;rows=0;serial=1\n")
	sheets, err := c.Inspect(t.Context(), "x")
	require.NoError(t, err)
	require.Len(t, sheets, 1)
	require.Equal(t, "b", sheets[0].Columns[0].Name)
	item, err := c.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, "9", item.Sheet.Serial, "it was kept")
}

// Who is turned away learns why, though the connection was found broken before the question.
func TestRefusalBeforeTheQuestion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.sock")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer l.Close()
	c, err := control.Dial(t.Context(), address.FromUnix(address.Unix, path))
	require.NoError(t, err)
	defer c.Close()
	peer, err := l.Accept()
	require.NoError(t, err)
	_, err = peer.Write([]byte("HELLO\nSERVICE_UNAVAILABLE message=full\n"))
	require.NoError(t, err)
	require.NoError(t, peer.Close())
	require.Eventually(t, func() bool { return c.Send(message.New("ALIVE")) != nil }, patience, time.Millisecond)
	_, err = c.Inspect(t.Context(), "x")
	require.EqualError(t, err, "full")
	_, err = c.Do(t.Context(), message.New("UNWATCH"))
	require.ErrorIs(t, err, syscall.EPIPE, "that was all")
	item, err := c.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, "HELLO", item.Message.Command(), "it was kept")
}

// An answer about another command is for somebody else.
func TestRefusalOfAnotherCommand(t *testing.T) {
	c := strange(t, "UNKNOWN command=OTHER\nINVALID command=UNWATCH;message=no\n")
	_, err := c.Do(t.Context(), message.New("UNWATCH"))
	require.EqualError(t, err, "UNWATCH: no")
	item, err := c.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, "UNKNOWN", item.Message.Command(), "it was kept")
}

// The answers to WATCH and UNWATCH tell what holds and what became of it.
func TestWatchIsAccountedFor(t *testing.T) {
	s := startService(t, nil)
	c := s.visit()
	reply, err := c.Do(s.ctx(), inspect.WatchOptions{Rate: 5}.Message())
	require.NoError(t, err)
	for name, want := range map[string]int64{"bytes": inspect.DefaultBytes, "rate": 5, "queue": inspect.DefaultQueue} {
		n, err := reply.Int(name)
		require.NoError(t, err)
		require.Equal(t, want, n, name)
	}
	one, err := reply.Uint("watch")
	require.NoError(t, err)
	two, err := c.Watch(s.ctx(), inspect.WatchOptions{Filter: []string{"NEVER"}})
	require.NoError(t, err)
	s.on(func() {
		m := message.New("LOG_ROTATE")
		for range 20 {
			s.commands.Dispatch(nil, m)
		}
	})
	_, err = c.Do(s.ctx(), message.New("UNWATCH").Set("watch", "x"))
	require.True(t, control.IsRefused(err), "%v", err)
	reply, err = c.Do(s.ctx(), message.New("UNWATCH").SetUint("watch", one))
	require.NoError(t, err)
	matched, dropped := number(t, reply, "matched"), number(t, reply, "dropped")
	require.EqualValues(t, 20, matched)
	require.Positive(t, dropped)
	require.LessOrEqual(t, dropped, uint64(15), "five of a second may pass")
	require.Equal(t, dropped, number(t, reply, "rate"))
	require.Equal(t, one, number(t, reply, "watch"))
	reply, err = c.Do(s.ctx(), message.New("UNWATCH").SetUint("watch", two))
	require.NoError(t, err, "the other one goes on")
	require.Equal(t, two, number(t, reply, "watch"))
	require.Zero(t, number(t, reply, "matched"))
}

func number(t *testing.T, m *message.Message, name string) uint64 {
	t.Helper()
	n, err := m.Uint(name)
	require.NoError(t, err)
	return n
}

func TestDisconnectAtOnce(t *testing.T) {
	s := startService(t, nil)
	b, c := s.client(), s.visit()
	s.echo(b, "ECHO")
	id := s.firstLink(c)
	_, err := c.Do(s.ctx(), message.New("DISCONNECT").Set("link", id).Set("abort", "true"))
	require.NoError(t, err)
	_, err = b.Recv(s.ctx())
	require.Error(t, err)
}

// What did not come of a watch is told once, and as many because of the rate as the service says.
func TestMissing(t *testing.T) {
	loss := func(slow, rate, total uint64) *control.Loss {
		return &control.Loss{Lost: inspect.Lost{Slow: slow, Rate: rate}, Total: total}
	}
	for name, c := range map[string]struct {
		shown     uint64
		told      inspect.Lost
		all, rate uint64
		want      *control.Loss
	}{
		"all came":            {10, inspect.Lost{}, 10, 0, nil},
		"all came or is told": {5, inspect.Lost{Slow: 2, Rate: 3}, 10, 3, nil},
		"slow":                {5, inspect.Lost{}, 10, 0, loss(5, 0, 5)},
		"rate":                {5, inspect.Lost{}, 10, 5, loss(0, 5, 5)},
		"both":                {5, inspect.Lost{}, 10, 2, loss(3, 2, 5)},
		"some of both told":   {5, inspect.Lost{Slow: 1, Rate: 1}, 10, 2, loss(2, 1, 5)},
		"more than are":       {5, inspect.Lost{}, 10, 9, loss(0, 5, 5)},
		"fewer than told":     {5, inspect.Lost{Rate: 3}, 10, 2, loss(2, 0, 5)},
	} {
		require.Equal(t, c.want, control.Missing(c.shown, c.told, c.all, c.rate), name)
	}
}
