package watch_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/watch"
)

// methods runs a test with each way to learn of processes that is permitted here.
func methods(t *testing.T, f func(t *testing.T, l *reactor.Loop, m watch.Method)) {
	t.Run("polling", func(t *testing.T) { f(t, newLoop(t), watch.Polling) })
	t.Run("connector", func(t *testing.T) {
		l := newLoop(t)
		w, err := watch.Processes(l, func(watch.ProcessEvent) {}, watch.ProcessesOptions{Method: watch.Connector})
		if err != nil {
			require.ErrorIs(t, err, watch.ErrUnsupported)
			t.Log("not permitted here:", err)
			return
		}
		w.Close()
		f(t, l, watch.Connector)
	})
}

// processLog notes events of processes with a name of the test's own.
type processLog struct {
	t      *testing.T
	loop   *reactor.Loop
	w      *watch.ProcessesWatch
	events []watch.ProcessEvent
}

func watchProcesses(t *testing.T, l *reactor.Loop, o watch.ProcessesOptions) *processLog {
	p := &processLog{t: t, loop: l}
	o.Interval = 10 * time.Millisecond
	var err error
	p.w, err = watch.Processes(l, func(e watch.ProcessEvent) { p.events = append(p.events, e) }, o)
	require.NoError(t, err)
	t.Cleanup(func() {
		p.w.Close()
		run(t, l) // a look may be under way
	})
	return p
}

// next waits for the next event.
func (p *processLog) next() watch.ProcessEvent {
	p.t.Helper()
	runUntil(p.t, p.loop, func() bool { return len(p.events) > 0 })
	e := p.events[0]
	p.events = p.events[1:]
	return e
}

// ours is the name of a program that only this run of the tests knows. The kernel keeps 15 bytes of a name.
func ours(name string) string { return "ed" + strconv.FormatInt(int64(os.Getpid()), 36) + "-" + name }

// copyOf is a program under a name of its own.
func copyOf(t *testing.T, program, name string) string {
	t.Helper()
	from, err := exec.LookPath(program)
	require.NoError(t, err)
	text, err := os.ReadFile(from)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, text, 0o755))
	return path
}

// startAs starts the test binary under another name; it lives until its input ends.
func startAs(t *testing.T, path, mode string) (cmd *exec.Cmd, in io.WriteCloser) {
	cmd = exec.Command(path)
	cmd.Env = append(os.Environ(), childMode+"="+mode, "GORACE=atexit_sleep_ms=0")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd, in
}

func TestProcesses(t *testing.T) {
	methods(t, func(t *testing.T, l *reactor.Loop, m watch.Method) {
		path := copyOf(t, os.Args[0], ours("one"))
		old, oldIn := startAs(t, path, "wait")
		p := watchProcesses(t, l, watch.ProcessesOptions{Names: []string{ours("o*")}, Exists: true, Method: m})
		e := p.next()
		require.Equal(t, watch.ProcessExists, e.Kind)
		require.Equal(t, old.Process.Pid, e.PID)
		require.Equal(t, os.Getpid(), e.Parent)
		require.Equal(t, ours("one"), e.Name)
		require.Positive(t, e.Start)
		require.True(t, e.Found)

		cmd, in := startAs(t, path, "wait")
		e = p.next()
		require.Equal(t, watch.ProcessStarted, e.Kind)
		require.Equal(t, cmd.Process.Pid, e.PID)
		require.Equal(t, m == watch.Polling, e.Found)

		require.NoError(t, in.Close())
		e = p.next()
		require.Equal(t, watch.ProcessEnded, e.Kind)
		require.Equal(t, cmd.Process.Pid, e.PID)
		if m == watch.Connector {
			require.True(t, e.Exit.Success(), e.Exit)
		} else {
			require.ErrorIs(t, e.Exit.Err, watch.ErrUnknown)
		}

		require.NoError(t, oldIn.Close())
		e = p.next()
		require.Equal(t, watch.ProcessEnded, e.Kind)
		require.Equal(t, "ended "+strconv.Itoa(old.Process.Pid)+" ("+ours("one")+")", e.String())
		require.Equal(t, m, p.w.Stats().Method)
		require.Zero(t, p.w.Stats().Known)
	})
}

// TestProcessesExec has a shell turn into other programs: the names decide what is reported.
func TestProcessesExec(t *testing.T) {
	methods(t, func(t *testing.T, l *reactor.Loop, m watch.Method) {
		one, two := copyOf(t, "sh", ours("exec1")), copyOf(t, "cat", ours("exec2"))
		p := watchProcesses(t, l, watch.ProcessesOptions{Names: []string{ours("exec?")}, Method: m})
		runUntil(t, l, func() bool { return p.w.Stats().Scans > 0 && p.w.Ready() })
		cmd := exec.Command(one, "-c", `read line; exec "$0"`, two)
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		e := p.next()
		require.Equal(t, watch.ProcessStarted, e.Kind)
		require.Equal(t, ours("exec1"), e.Name)
		_, err = stdin.Write([]byte("go\n"))
		require.NoError(t, err)
		e = p.next()
		require.Equal(t, watch.ProcessRenamed, e.Kind)
		require.Equal(t, cmd.Process.Pid, e.PID)
		require.Equal(t, ours("exec1"), e.Old)
		require.Equal(t, ours("exec2"), e.Name)
		require.NoError(t, cmd.Process.Kill())
		e = p.next()
		require.Equal(t, watch.ProcessEnded, e.Kind)
		require.Equal(t, ours("exec2"), e.Name)
		if m == watch.Connector {
			require.Equal(t, syscall.SIGKILL, e.Exit.Signal)
		}
		_ = cmd.Wait()
	})
}

// TestProcessesLost drops events: what changed is found.
func TestProcessesLost(t *testing.T) {
	methods(t, func(t *testing.T, l *reactor.Loop, m watch.Method) {
		if m == watch.Polling {
			return // nothing is ever dropped
		}
		path := copyOf(t, os.Args[0], ours("lost"))
		old, oldIn := startAs(t, path, "wait")
		p := watchProcesses(t, l, watch.ProcessesOptions{Names: []string{ours("lost")}, Exists: true, Method: m})
		require.Equal(t, watch.ProcessExists, p.next().Kind)
		cmd, in := startAs(t, path, "wait")
		require.NoError(t, oldIn.Close())
		waitGone(t, old.Process.Pid)
		p.w.Lose()
		require.Equal(t, watch.ProcessLost, p.next().Kind)
		e := p.next()
		require.Equal(t, watch.ProcessEnded, e.Kind)
		require.True(t, e.Found)
		e = p.next()
		require.Equal(t, watch.ProcessStarted, e.Kind)
		require.Equal(t, cmd.Process.Pid, e.PID)

		p.w.FallBack()
		require.Equal(t, watch.Polling, p.w.Stats().Method)
		require.Equal(t, watch.ProcessLost, p.next().Kind)
		require.NoError(t, in.Close())
		require.Equal(t, watch.ProcessEnded, p.next().Kind)
	})
}

// TestProcessesOverflow has the kernel drop events.
func TestProcessesOverflow(t *testing.T) {
	methods(t, func(t *testing.T, l *reactor.Loop, m watch.Method) {
		if m == watch.Polling {
			return
		}
		path := copyOf(t, os.Args[0], ours("over"))
		old, oldIn := startAs(t, path, "wait")
		p := watchProcesses(t, l, watch.ProcessesOptions{Names: []string{ours("over")}, Exists: true, Method: m})
		require.Equal(t, watch.ProcessExists, p.next().Kind)
		runUntil(t, l, p.w.Ready)
		require.NoError(t, p.w.Shrink())
		for range 20 {
			require.NoError(t, exec.Command("true").Run())
		}
		require.NoError(t, oldIn.Close())
		waitGone(t, old.Process.Pid)
		require.Equal(t, watch.ProcessLost, p.next().Kind)
		e := p.nextKnown()
		require.Equal(t, watch.ProcessEnded, e.Kind)
		require.True(t, e.Found)
		require.Positive(t, p.w.Stats().Lost)
		cmd, _ := startAs(t, path, "wait")
		require.Equal(t, cmd.Process.Pid, p.nextKnown().PID)
	})
}

// nextKnown is next after any more losses: other programs start processes, too.
func (p *processLog) nextKnown() watch.ProcessEvent {
	p.t.Helper()
	for {
		if e := p.next(); e.Kind != watch.ProcessLost {
			return e
		}
	}
}

// waitGone waits until a process is a zombie.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, lives, err := watch.ReadStat("/proc", pid)
		return err == nil && !lives
	}, limit, time.Millisecond)
}

// TestProcessesThreads: a process lives on when its first thread has ended.
func TestProcessesThreads(t *testing.T) {
	methods(t, func(t *testing.T, l *reactor.Loop, m watch.Method) {
		p := watchProcesses(t, l, watch.ProcessesOptions{Names: []string{ours("t*")}, Method: m})
		runUntil(t, l, p.w.Ready)
		cmd, in := startAs(t, copyOf(t, os.Args[0], ours("threads-with-a-long-name")), "threads")
		e := p.next()
		require.Equal(t, watch.ProcessStarted, e.Kind)
		require.Equal(t, ours("threads-with-a-long-name"), e.Name)
		_, err := in.Write([]byte("."))
		require.NoError(t, err)
		stat := filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "stat")
		runUntil(t, l, func() bool {
			text, err := os.ReadFile(stat)
			return err == nil && strings.Contains(string(text), ") Z ")
		})
		l.After(30*time.Millisecond, "wait", l.Stop)
		run(t, l)
		require.Empty(t, p.events)
		require.NoError(t, in.Close())
		require.Equal(t, watch.ProcessEnded, p.next().Kind)
	})
}

func TestProcessesByNumber(t *testing.T) {
	methods(t, func(t *testing.T, l *reactor.Loop, m watch.Method) {
		cmd, end := waiting(t, "wait")
		other, endOther := waiting(t, "wait")
		p := watchProcesses(t, l, watch.ProcessesOptions{PIDs: []int{cmd.Process.Pid}, Exists: true, Method: m})
		require.Equal(t, cmd.Process.Pid, p.next().PID)
		endOther()
		require.NoError(t, other.Wait())
		end()
		e := p.next()
		require.Equal(t, watch.ProcessEnded, e.Kind)
		require.Equal(t, cmd.Process.Pid, e.PID)
	})
}

// TestProcessesLooked: what ends right after Looked is not missed, and Looked comes once, before all events.
func TestProcessesLooked(t *testing.T) {
	methods(t, func(t *testing.T, l *reactor.Loop, m watch.Method) {
		cmd, end := waiting(t, "wait")
		looked := 0
		var p *processLog
		p = watchProcesses(t, l, watch.ProcessesOptions{PIDs: []int{cmd.Process.Pid}, Exists: true, Method: m, Looked: func() {
			looked++
			require.Empty(t, p.events)
			end()
		}})
		require.Equal(t, watch.ProcessExists, p.next().Kind)
		require.Equal(t, watch.ProcessEnded, p.next().Kind)
		require.Equal(t, 1, looked)
	})
}

// TestProcessesLookFails: while /proc cannot be read nothing is known of what runs, and it is tried again.
func TestProcessesLookFails(t *testing.T) {
	methods(t, func(t *testing.T, l *reactor.Loop, m watch.Method) {
		path, dir := copyOf(t, os.Args[0], ours("later")), filepath.Join(t.TempDir(), "proc")
		looked := false
		p := watchProcesses(t, l, watch.ProcessesOptions{Names: []string{ours("later")}, Method: m, Proc: dir, Looked: func() { looked = true }})
		runUntil(t, l, func() bool { return looked })
		old, oldIn := startAs(t, path, "wait")
		require.NoError(t, os.Symlink("/proc", dir))
		runUntil(t, l, p.w.Ready)
		_, in := startAs(t, path, "wait")
		e := p.next()
		require.Equal(t, watch.ProcessStarted, e.Kind)
		require.NotEqual(t, old.Process.Pid, e.PID, "it ran when the first look was over")
		require.NoError(t, oldIn.Close())
		e = p.next()
		require.Equal(t, watch.ProcessEnded, e.Kind)
		require.Equal(t, old.Process.Pid, e.PID)
		require.NoError(t, in.Close())
	})
}

// TestProcessesWithoutDescriptors: a process that could not be looked at has not ended.
func TestProcessesWithoutDescriptors(t *testing.T) {
	waiting(t, "wait")
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	none, err := os.Open("/dev/null")
	require.NoError(t, err)
	one := unix.Rlimit{Cur: uint64(none.Fd()) + 1, Max: old.Max} // for the directory
	require.NoError(t, none.Close())
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &one))
	n, err := watch.ScanProcesses()
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
	require.ErrorIs(t, err, unix.EMFILE, "%d processes", n)
}

// TestProcessesBurst starts many that end at once: by the connector none is missed.
func TestProcessesBurst(t *testing.T) {
	methods(t, func(t *testing.T, l *reactor.Loop, m watch.Method) {
		if m == watch.Polling {
			return // it cannot see them
		}
		path := copyOf(t, "true", ours("burst"))
		p := watchProcesses(t, l, watch.ProcessesOptions{Names: []string{ours("burst")}, Method: m})
		runUntil(t, l, p.w.Ready)
		for range 50 {
			cmd := exec.Command(path)
			require.NoError(t, cmd.Start())
			t.Cleanup(func() { _ = cmd.Wait() }) // not before: their names stay known
		}
		count := map[watch.ProcessKind]int{}
		for range 100 {
			count[p.next().Kind]++
		}
		require.Equal(t, map[watch.ProcessKind]int{watch.ProcessStarted: 50, watch.ProcessEnded: 50}, count)
	})
}

func TestProcessesRefused(t *testing.T) {
	l := newLoop(t)
	_, err := watch.Processes(l, nil, watch.ProcessesOptions{Names: []string{"["}})
	require.Error(t, err)
	waiting(t, "wait")
	p := watchProcesses(t, l, watch.ProcessesOptions{Max: 1, Method: watch.Polling})
	runUntil(t, l, p.w.Ready)
	require.Equal(t, 1, p.w.Stats().Known)
	require.Positive(t, p.w.Stats().Overflow)
}

// TestProcessesPanic: what was to be delivered after a callback that panicked comes in the next turn.
func TestProcessesPanic(t *testing.T) {
	l := quietLoop(t)
	waiting(t, "wait")
	var got []watch.ProcessKind
	w, err := watch.Processes(l, func(e watch.ProcessEvent) {
		got = append(got, e.Kind)
		if len(got) == 1 {
			panic("once")
		}
	}, watch.ProcessesOptions{Exists: true, Method: watch.Polling, Interval: time.Hour})
	require.NoError(t, err)
	runUntil(t, l, func() bool { return len(got) > 1 })
	require.Equal(t, len(got), w.Stats().Known)
	w.Close()
	run(t, l)
}

// TestParseStat reads what the kernel may say.
func TestParseStat(t *testing.T) {
	dir := t.TempDir()
	tail := " 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 777 9 10\n"
	for name, test := range map[string]struct {
		text string
		want string
		fail bool
	}{
		"plain":       {"5 (a) S" + tail, "a", false},
		"parentheses": {"5 (a) R (b)) S" + tail, "a) R (b)", false},
		"newline":     {"5 (a\nb) S" + tail, "a\nb", false},
		"zombie":      {"5 (a) Z" + tail, "", false},
		"short":       {"5 (a) S 1 2", "", true},
		"empty":       {"", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "5"), 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "5", "stat"), []byte(test.text), 0o644))
			got, lives, err := watch.ReadStat(dir, 5)
			require.Equal(t, test.fail, err != nil, errors.Unwrap(err))
			if err == nil {
				require.Equal(t, test.want != "", lives)
			}
			if lives {
				require.Equal(t, test.want, got)
			}
		})
	}
}

func TestProcessEventText(t *testing.T) {
	require.Equal(t, "started 4711 (communicatord)", watch.ProcessEvent{Kind: watch.ProcessStarted, PID: 4711, Name: "communicatord"}.String())
	require.Equal(t, "lost", watch.ProcessEvent{Kind: watch.ProcessLost}.String())
}
