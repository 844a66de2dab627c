package control_test

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// crowd connects so many clients that do nothing.
func (s *service) crowd(n int) {
	s.t.Helper()
	for range n {
		c, err := net.Dial("unix", s.listener.Addr().Path)
		require.NoError(s.t, err)
		s.t.Cleanup(func() { _ = c.Close() })
	}
	s.eventually("all are there", func() bool { return s.server.Stats().Links == n })
}

// A look at many connections is spread over many turns of the loop, so that the messages of none of them wait for all of it.
func TestManyConnectionsInManyTurns(t *testing.T) {
	s := startService(t, nil)
	turns := transporttest.Room(t, 20*inspect.PieceRows, 2) / inspect.PieceRows
	many := turns * inspect.PieceRows
	s.crowd(many)
	c := s.visit()
	var before, after uint64
	s.on(func() { before = s.loop.Stats().Turns })
	sheets, err := c.Inspect(s.ctx(), "connections")
	require.NoError(t, err)
	require.Len(t, sheets[0].Rows, many)
	s.on(func() { after = s.loop.Stats().Turns })
	require.GreaterOrEqual(t, after-before, uint64(turns))
	require.LessOrEqual(t, inspect.PieceRows, 64, "a row takes 3 to 6 µs")
}

// What is at the ends of the connections is found out once for those who look again and again, and forgotten with the last of
// them.
func TestEndsAreKeptWhileSomebodyLooks(t *testing.T) {
	s := startService(t, nil)
	s.crowd(3)
	kept := func(n int) func() bool { return func() bool { return control.Kept(s.control) == n } }
	one, two := s.visit(), s.visit()
	for _, c := range []*control.Client{one, two, one} {
		sheets, err := c.Inspect(s.ctx(), "connections")
		require.NoError(t, err)
		require.Len(t, sheets[0].Rows, 3)
		for row := range 3 {
			require.Regexp(t, `^unix:.*/service.sock#\d+$`, sheets[0].Value(row, "peer"))
			require.NotEmpty(t, sheets[0].Value(row, "uid"))
			require.Empty(t, sheets[0].Value(row, "names"), "it showed no certificate")
		}
		s.eventually("kept", kept(3))
	}
	s.crowdLeaves()
	_, err := one.Inspect(s.ctx(), "connections")
	require.NoError(t, err)
	s.eventually("those that went are forgotten", kept(0))
	s.crowd(2)
	_, err = two.Inspect(s.ctx(), "connections")
	require.NoError(t, err)
	one.Close()
	s.eventually("somebody looks still", kept(2))
	two.Close()
	s.eventually("nobody looks", kept(0))
}

func (s *service) crowdLeaves() {
	s.t.Helper()
	s.on(func() {
		for l := range s.server.Links() {
			l.Abort(nil)
		}
	})
	s.eventually("all went", func() bool { return s.server.Stats().Links == 0 })
}

// A hundred who watch are all told what happens, and whoever asks for a table is answered beside them.
func TestHundredWatchers(t *testing.T) {
	s := startService(t, nil)
	var watchers []net.Conn
	for range 100 {
		c, err := net.Dial("unix", s.control.Path())
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
		_, err = c.Write([]byte("WATCH\n"))
		require.NoError(t, err)
		watchers = append(watchers, c)
	}
	s.eventually("all watch", func() bool { return len(s.control.Tracer().Watchers()) == 100 })
	s.echo(s.client(), "ECHO_ALL n=1")
	for _, c := range watchers {
		lines := bufio.NewScanner(c)
		for lines.Scan() && !strings.Contains(lines.Text(), "ECHO_ALL") {
			continue
		}
		require.Contains(t, lines.Text(), "TRACE")
	}
	_, err := s.visit().Inspect(s.ctx(), "process")
	require.NoError(t, err)
}
