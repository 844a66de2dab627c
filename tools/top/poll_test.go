package top

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/control"
)

// polling is a poller over the sockets in dir.
func polling(t *testing.T, p *poller) (dir string, look func(tables ...string) snapshot) {
	dir = t.TempDir()
	t.Setenv(control.DirVariable, dir)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		p.close()
	})
	return dir, func(tables ...string) snapshot { return p.poll(ctx, time.Now(), tables) }
}

func names(s snapshot) []string {
	var all []string
	for _, one := range s.processes {
		text := one.socket.Name
		if !one.gone.IsZero() {
			text += " gone"
		}
		if one.err != nil {
			text += ": " + one.err.Error()
		}
		all = append(all, text)
	}
	return all
}

// Services come, go and come again; each has the tables that were asked for.
func TestPollServicesThatComeAndGo(t *testing.T) {
	_, look := polling(t, &poller{timeout: 10 * time.Second})
	require.Empty(t, names(look("process")))
	alpha := toolkittest.Serve(t, "alpha")
	s := look("process", "loop", "nothing")
	require.Equal(t, []string{"alpha"}, names(s))
	require.Len(t, s.processes[0].sheets, 2)
	require.Equal(t, "alpha", s.processes[0].sheets["process"].Value(0, "name"))
	toolkittest.Serve(t, "beta")
	require.Equal(t, []string{"alpha", "beta"}, names(look("process")))
	alpha.Stop()
	require.Equal(t, []string{"alpha gone", "beta"}, names(look("process")))
	toolkittest.Serve(t, "alpha")
	s = look("process")
	require.Equal(t, []string{"alpha gone", "alpha", "beta"}, names(s))
	require.NotNil(t, s.processes[1].sheets["process"])
}

// One that does not answer holds up nobody; what is wrong is told, and it is left alone for a while.
func TestPollOneThatStandsStill(t *testing.T) {
	p := &poller{timeout: 300 * time.Millisecond, patience: 50 * time.Millisecond}
	dir, look := polling(t, p)
	mute, err := net.Listen("unix", filepath.Join(dir, "mute.1.sock")) // nobody accepts, as in a stopped process
	require.NoError(t, err)
	defer mute.Close()
	toolkittest.Serve(t, "alpha")
	began := time.Now()
	require.Eventually(t, func() bool { return look("process").processes[0].sheets != nil }, 10*time.Second, time.Millisecond)
	require.Less(t, time.Since(began), 5*time.Second)
	require.Eventually(t, func() bool {
		s := look("process")
		return s.processes[1].err != nil && s.processes[0].err == nil
	}, 10*time.Second, time.Millisecond)
	require.Equal(t, []string{"alpha", "mute: ask mute.1 for its tables: it does not answer"}, names(look("process")))
	one := p.processes[1]
	require.False(t, one.begin(one.retry.Add(-time.Millisecond)))
	require.Greater(t, time.Until(one.retry), retryAfter/2)
	require.True(t, one.begin(one.retry))
}

// Without patience, as for scripts, it is told that one did not answer: it is there.
func TestPollWithoutPatience(t *testing.T) {
	dir, look := polling(t, &poller{timeout: 50 * time.Millisecond})
	mute, err := net.Listen("unix", filepath.Join(dir, "mute.1.sock"))
	require.NoError(t, err)
	defer mute.Close()
	require.ErrorContains(t, nobody(look("process"), []string{"mute"}), "ask mute.1 for its tables: it does not answer")
}

// What a killed process left behind is nobody's trouble, unless it was asked for.
func TestPollSocketThatIsLeft(t *testing.T) {
	p := &poller{timeout: 10 * time.Second}
	dir, look := polling(t, p)
	path := filepath.Join(dir, "left.1.sock")
	old, err := net.Listen("unix", path)
	require.NoError(t, err)
	old.(*net.UnixListener).SetUnlinkOnClose(false)
	require.NoError(t, old.Close())
	require.Equal(t, []string{"left"}, names(look("process")))
	require.ErrorContains(t, nobody(look("process"), nil), "no service that you may look into is running")
	require.NoError(t, os.Remove(path))
	require.Empty(t, names(look("process")))
	p.targets = []string{path}
	require.ErrorContains(t, nobody(look("process"), p.targets), "connect to")
}

// The end does not wait for those who are slow.
func TestPollEnds(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	mute, err := net.Listen("unix", filepath.Join(dir, "mute.1.sock"))
	require.NoError(t, err)
	defer mute.Close()
	p := &poller{timeout: time.Hour, patience: time.Millisecond}
	ctx, cancel := context.WithCancel(context.Background())
	require.Equal(t, []string{"mute"}, names(p.poll(ctx, time.Now(), []string{"process"})))
	cancel()
	p.close()
	require.Empty(t, names(p.poll(ctx, time.Now(), nil)), "nothing is asked any more")
}

// A service at which all places are taken is there, and says why it cannot be looked into, beside others and alone.
func TestPollBusyService(t *testing.T) {
	_, look := polling(t, &poller{timeout: 10 * time.Second})
	toolkittest.Serve(t, "alpha")
	release := toolkittest.Occupy(t, "alpha")
	f := framer{table: processTable}
	s := look(processTable)
	require.Equal(t, []string{"alpha: ask alpha." + strconv.Itoa(os.Getpid()) + " for its tables: busy: 256 visitors"}, names(s))
	require.Equal(t, toolkit.Temporary, toolkit.KindOf(nobody(s, nil)))
	frame := f.frame(s)
	require.Len(t, frame.rows, 1)
	require.Equal(t, []string{"busy: 256 visitors"}, frame.rows[0].cells)
	toolkittest.Serve(t, "beta")
	require.NoError(t, nobody(look(processTable), nil))
	state := func() (all []string, at []int) {
		frame = f.frame(look(processTable))
		for i := range frame.rows {
			all = append(all, frame.rows[i].process[:4]+" "+frame.rows[i].cells[len(frame.columns)-2])
		}
		return all, arrangement(processTable, &frame)
	}
	got, places := state()
	require.Equal(t, []string{"alph busy: 256 visitors", "beta "}, got)
	require.Equal(t, stateColumn, frame.columns[places[1]])
	release()
	require.Eventually(t, func() bool { got, places = state(); return got[0] == "alph " }, 10*time.Second, time.Millisecond)
	require.Len(t, got, 2, "it is one row and the same")
	require.NotContains(t, places, len(frame.columns)-1, "nothing is wrong with anybody")
}

// What keeps us from the only target is told by the exit code.
func TestSilentTarget(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	mute, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer mute.Close()
	err = toolkittest.New(t).Run(t.Context(), Command, "top", "--once", "--timeout", "50ms", "unix:"+path)
	require.ErrorContains(t, err, "does not answer")
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err))
}
