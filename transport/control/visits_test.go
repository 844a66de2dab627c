package control_test

import (
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
)

// told is how a question ended.
type told struct {
	sheets []*inspect.Sheet
	err    error
}

// asking returns what asks a socket for tables, without waiting.
func asking(t *testing.T) (v *control.Visits, ask func(to string, timeout time.Duration, tables ...string) <-chan told) {
	v, err := control.NewVisits()
	require.NoError(t, err)
	t.Cleanup(v.Close)
	return v, func(to string, timeout time.Duration, tables ...string) <-chan told {
		answer := make(chan told, 2)
		v.Ask(control.Question{To: address.FromUnix(address.Unix, to), Tables: tables, Timeout: timeout,
			Done: func(sheets []*inspect.Sheet, err error) { answer <- told{sheets, err} }})
		return answer
	}
}

func receive(t *testing.T, from <-chan told) told {
	select {
	case one := <-from:
		return one
	case <-time.After(patience):
		require.Fail(t, "no answer")
		return told{}
	}
}

// Questions to several processes, and several to one, are answered in the order of each.
func TestVisitsAskManyAtTheSameTime(t *testing.T) {
	a, b := startService(t, nil), startService(t, func(o *control.Options) { o.Name = "other" })
	_, ask := asking(t)
	var answers []<-chan told
	for range 20 {
		answers = append(answers, ask(a.control.Path(), patience, "process", "loop"), ask(b.control.Path(), patience, "process"))
	}
	for i, answer := range answers {
		got := receive(t, answer)
		require.NoError(t, got.err)
		require.Equal(t, []string{"echo", "other"}[i%2], got.sheets[0].Value(0, "name"))
		require.Len(t, got.sheets, 2-i%2)
	}
	tables := receive(t, ask(a.control.Path(), patience))
	require.Equal(t, "tables", tables.sheets[0].Name)
}

// A question that makes no sense ends neither the visit nor those behind it; the end of the process ends both, and the next
// question finds it again.
func TestVisitsEnds(t *testing.T) {
	s := startService(t, nil)
	_, ask := asking(t)
	path := s.control.Path()
	wrong, right := ask(path, patience, "nonsense"), ask(path, patience, "process")
	require.True(t, control.IsRefused(receive(t, wrong).err))
	require.NoError(t, receive(t, right).err)
	s.stop()
	gone := receive(t, ask(path, patience, "process"))
	require.True(t, control.IsAbsent(gone.err), gone.err)
	var connect *control.ConnectError
	require.ErrorAs(t, receive(t, ask(path, patience, "process")).err, &connect)
	startService(t, func(o *control.Options) { o.Path = path })
	require.NoError(t, receive(t, ask(path, patience, "process")).err)
}

// One that says nothing is silent, for all that it was asked; one that hangs up has gone.
func TestVisitsOfOneThatSaysNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mute.sock")
	mute, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer mute.Close()
	_, ask := asking(t)
	first, second := ask(path, 20*time.Millisecond, "process"), ask(path, time.Hour, "loop")
	require.ErrorIs(t, receive(t, first).err, control.ErrSilent)
	require.ErrorIs(t, receive(t, second).err, control.ErrSilent)
	conn, err := mute.Accept()
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	third := ask(path, time.Hour, "process")
	conn, err = mute.Accept()
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 100))
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.ErrorIs(t, receive(t, third).err, io.EOF)
}

// What is no answer ends the visit.
func TestVisitsOfOneThatTalksNonsense(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mad.sock")
	mad, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer mad.Close()
	_, ask := asking(t)
	for _, line := range []string{"not a = message\n", "TABLE_END table=x\n", "TABLE table=process;columns=:\n"} {
		answer := ask(path, time.Hour, "process")
		conn, err := mad.Accept()
		require.NoError(t, err)
		_, err = conn.Read(make([]byte, 100))
		require.NoError(t, err)
		_, err = conn.Write([]byte(line))
		require.NoError(t, err)
		require.Error(t, receive(t, answer).err, line)
		require.NoError(t, conn.Close())
	}
}

// Close ends what is asked, once; nothing can be asked after.
func TestVisitsClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mute.sock")
	mute, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer mute.Close()
	v, ask := asking(t)
	closed := ask(path, time.Hour, "process")
	v.Close()
	require.ErrorIs(t, receive(t, closed).err, transport.ErrClosed)
	late := ask(path, time.Hour, "process")
	require.ErrorIs(t, receive(t, late).err, transport.ErrClosed)
	require.Empty(t, closed, "told once")
}

// Close ends what is asked again by those whom it tells the end.
func TestVisitsCloseWhileTheyAreAskedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mute.sock")
	mute, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer mute.Close()
	v, _ := asking(t)
	const askers, most = 8, 50
	ended := make(chan error, askers*most)
	for range askers {
		left := most
		q := control.Question{To: address.FromUnix(address.Unix, path), Timeout: time.Hour}
		q.Done = func(_ []*inspect.Sheet, err error) {
			ended <- err
			if left--; left > 0 {
				v.Ask(q)
			}
		}
		v.Ask(q)
	}
	v.Close()
	require.Len(t, ended, askers*most)
	for range askers * most {
		require.ErrorIs(t, <-ended, transport.ErrClosed)
	}
}

// A service that sends back what it gets is no control socket, and nobody waits for its answer.
func TestEchoIsNoControlSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	var echoes sync.WaitGroup
	t.Cleanup(func() { l.Close(); echoes.Wait() }) // when all that is below has gone
	echoes.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			echoes.Go(func() { _, _ = io.Copy(c, c); _ = c.Close() })
		}
	})
	_, ask := asking(t)
	require.True(t, control.IsRefused(receive(t, ask(path, patience, "process")).err))
	c, err := control.Dial(t.Context(), address.FromUnix(address.Unix, path))
	require.NoError(t, err)
	_, err = c.Inspect(t.Context(), "process")
	require.True(t, control.IsRefused(err), err)
	_, err = c.Do(t.Context(), message.New("WATCH"))
	require.True(t, control.IsRefused(err), err)
	c.Close()
}
