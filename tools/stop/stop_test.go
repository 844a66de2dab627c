package stop_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/signals"
	"github.com/ed-toolbox/ed/tools/stop"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

func TestByNumber(t *testing.T) {
	w := newWorld(t)
	c := start(t, "plain", "")
	require.NoError(t, run(t, w, "--json", c.pid()))
	c.endedBy(t, syscall.SIGINT)
	list := events(t, w)
	require.Equal(t, []string{"find found", "message skipped", "INT gone"}, steps(list))
	require.Equal(t, "no service name is known", list[1].Reason)
	require.Equal(t, c.pid(), strconv.Itoa(list[2].PID))
	require.Positive(t, list[2].TookNS)
	require.Empty(t, w.Err.String())
}

func TestTextHasOneLineForEachStep(t *testing.T) {
	w := newWorld(t)
	c := start(t, "INT", "")
	require.NoError(t, run(t, w, "--plan=INT:20ms,TERM:5s", c.pid()))
	c.endedBy(t, syscall.SIGTERM)
	require.Empty(t, w.Out.String())
	lines := strings.Split(strings.TrimSpace(w.Err.String()), "\n")
	require.Len(t, lines, 3)
	require.Contains(t, lines[0], c.pid()+": process "+c.pid()+" (stop.test), up ")
	require.Contains(t, lines[1], "stop.test["+c.pid()+"]: INT: still there after ")
	require.Contains(t, lines[2], "stop.test["+c.pid()+"]: TERM: ended after ")
	w.Err = &toolkittest.Buffer{}
	w.Stderr.Writer = w.Err
	require.NoError(t, run(t, w, "-q", c.pid()), "a zombie was stopped long ago")
	require.Empty(t, w.Err.String())
}

func TestSurvivor(t *testing.T) {
	w := newWorld(t)
	c := start(t, "INT,TERM", "")
	err := run(t, w, "-t", "0.02", "--plan", "INT,TERM:10ms", c.pid())
	requireKind(t, toolkit.Timeout, err)
	require.EqualError(t, err, "stop.test["+c.pid()+"] survived INT, TERM")
	require.Contains(t, toolkit.HintOf(err), "KILL")
	require.NoError(t, run(t, w, "--compat-exit", "--plan", "INT:10ms", c.pid()))
	require.Contains(t, w.Err.String(), "survived INT")
	require.NoError(t, run(t, w, "--plan", "INT:10ms,KILL:5s", c.pid()))
	c.endedBy(t, syscall.SIGKILL)
}

func TestZombieIsGone(t *testing.T) {
	w := newWorld(t)
	c := start(t, "plain", "")
	h, err := proc.System{}.Open(c.Process.Pid)
	require.NoError(t, err)
	defer h.Close()
	require.NoError(t, h.Signal(signals.KILL))
	require.NoError(t, h.Wait(context.Background()))
	require.NoError(t, run(t, w, c.pid()))
	requireKind(t, toolkit.NotRunning, run(t, w, "--strict", c.pid()))
}

func TestNotRunning(t *testing.T) {
	systemctl(t, "")
	w := newWorld(t)
	c := start(t, "plain", "")
	_ = c.Process.Kill()
	c.Reap()
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale.pid")
	require.NoError(t, os.WriteFile(stale, []byte(c.pid()+"\n"), 0o600))
	for _, x := range []struct {
		name, operand string
		strict        toolkit.Kind
	}{
		{"number", c.pid(), toolkit.NotRunning},
		{"pid file of one that ended", stale, toolkit.NotRunning},
		{"no pid file", filepath.Join(dir, "none.pid"), toolkit.NoSuch},
		{"name", unique(t, "x"), toolkit.NoSuch},
		{"a name that no unit can have", "no such $(thing)", toolkit.NoSuch},
	} {
		t.Run(x.name, func(t *testing.T) {
			require.NoError(t, run(t, w, x.operand))
			requireKind(t, x.strict, run(t, w, "--strict", x.operand))
		})
	}
	require.Contains(t, w.Err.String(), "not running")
}

func TestNothingToDo(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, run(t, w, ""))
	require.NoError(t, run(t, w, "--service", ""))
	require.NoError(t, run(t, w, "-s", " ", "--timeout", "60"))
	requireKind(t, toolkit.Usage, run(t, w))
	w.Vars["INVOCATION_ID"] = "1"
	require.NoError(t, run(t, w), "systemd drops an empty $MAINPID")
	delete(w.Vars, "INVOCATION_ID")
	w.Compat = true
	require.NoError(t, run(t, w))
	require.Empty(t, w.Err.String())
}

func TestRefused(t *testing.T) {
	systemctl(t, "")
	dir := t.TempDir()
	text := filepath.Join(dir, "text.pid")
	require.NoError(t, os.WriteFile(text, []byte("hello"), 0o600))
	c := start(t, "plain", "")
	for _, x := range []struct {
		name string
		args []string
		kind toolkit.Kind
		want string
	}{
		{"init", []string{"1"}, toolkit.Usage, "process 1"},
		{"init among others", []string{c.pid(), "1"}, toolkit.Usage, "process 1"},
		{"self", []string{strconv.Itoa(os.Getpid())}, toolkit.Usage, "this command itself"},
		{"parent", []string{strconv.Itoa(os.Getppid())}, toolkit.Usage, "descends from"},
		{"zero", []string{"0"}, toolkit.Usage, "no process number"},
		{"zero as ps prints it", []string{"     0"}, toolkit.Usage, "no process number"},
		{"what pidof prints, quoted", []string{c.pid() + " 1\n"}, toolkit.Usage, "several numbers in one word"},
		{"as ps -p takes them", []string{c.pid() + ",1"}, toolkit.Usage, "several numbers in one word"},
		{"huge", []string{"123456789012"}, toolkit.Usage, "no process number"},
		{"text for a pid", []string{c.pid(), text}, toolkit.Data, `"hello" and not a number`},
		{"folder for a pid file", []string{dir + "/"}, toolkit.Data, "no regular file"},
		{"two things wrong", []string{"0", "1", c.pid()}, toolkit.Usage, "process 1"},
		{"unknown signal", []string{"--plan", "FOO", c.pid()}, toolkit.Usage, `"FOO"`},
		{"bad time", []string{"--plan", "INT:x", c.pid()}, toolkit.Usage, "not a duration"},
		{"empty plan", []string{"--plan", "INT,,TERM", c.pid()}, toolkit.Usage, "a signal"},
		{"bad router", []string{"--host", "a b", c.pid()}, toolkit.Usage, "parse address"},
		{"service of another host", []string{"n2:" + unique(t, "x")}, toolkit.Usage, "only what runs here"},
		{"one service for two", []string{"--to", "x", c.pid(), "5"}, toolkit.Usage, "--to"},
	} {
		t.Run(x.name, func(t *testing.T) {
			err := run(t, newWorld(t), x.args...)
			requireKind(t, x.kind, err)
			if x.name != "empty plan" {
				require.ErrorContains(t, err, x.want)
			}
			require.NoError(t, c.Process.Signal(syscall.Signal(0)), "nothing was done")
		})
	}
}

// TestRefusesTheKernel: its threads take no signal, and who waits for their end waits for ever. Containers show none.
func TestRefusesTheKernel(t *testing.T) {
	p, err := proc.System{}.Look(2)
	if err != nil || !p.IsKernelThread() {
		p = proc.Process{PID: 2, PPID: 0, Name: "kthreadd"}
		require.True(t, p.IsKernelThread())
		return
	}
	err = run(t, newWorld(t), "--wait-only", "--timeout", "1ms", "2")
	requireKind(t, toolkit.Usage, err)
	require.ErrorContains(t, err, "process 2 (kthreadd) is a part of the kernel")
}

func TestOptionsOfKill(t *testing.T) {
	for _, args := range [][]string{{"-9", "x"}, {"--signal", "kill", "x"}, {"--kill", "x"}} {
		err := run(t, newWorld(t), args...)
		requireKind(t, toolkit.Usage, err)
		require.Equal(t, "--plan KILL sends this one, --plan INT:5s,KILL is politer", toolkit.HintOf(err))
	}
}

func TestPIDFileAndTwice(t *testing.T) {
	w := newWorld(t)
	c := start(t, "plain", "")
	path := filepath.Join(t.TempDir(), "x.pid")
	require.NoError(t, os.WriteFile(path, []byte(c.pid()+"\n"), 0o600))
	t.Chdir(filepath.Dir(path))
	require.NoError(t, run(t, w, "--json", path, "x.pid", c.pid()))
	c.endedBy(t, syscall.SIGINT)
	require.Equal(t, []string{"find found", "message skipped", "INT gone"}, steps(events(t, w)))
}

func TestByName(t *testing.T) {
	systemctl(t, "")
	w := newWorld(t)
	name := unique(t, "daemon")
	c := start(t, "plain", "/usr/sbin/"+name)
	require.NoError(t, run(t, w, name))
	c.endedBy(t, syscall.SIGINT)
	require.Contains(t, w.Err.String(), "message: skipped, no router answers at tcp://127.0.0.1:4040")
	require.Equal(t, "tcp://127.0.0.1:4040", w.Dialled[0].String())
}

func TestRouterIsNotAskedForNothing(t *testing.T) {
	systemctl(t, "")
	w := newWorld(t)
	name := unique(t, "daemon")
	c := start(t, "plain", name)
	requireKind(t, toolkit.Timeout, run(t, w, "--wait-only", "-t", "0.01", name))
	require.NoError(t, run(t, w, "--plan", "INT:10s", name))
	c.endedBy(t, syscall.SIGINT)
	require.Empty(t, w.Dialled)
}

func TestAmbiguousName(t *testing.T) {
	systemctl(t, "")
	w := newWorld(t)
	name := unique(t, "daemon")
	one, two := start(t, "plain", name), start(t, "INT", name)
	err := run(t, w, name)
	requireKind(t, toolkit.Usage, err)
	var several *proc.AmbiguousError
	require.ErrorAs(t, err, &several)
	require.ErrorContains(t, err, "\n  "+one.pid()+" ("+name+"), up ")
	require.ErrorContains(t, err, "\n  "+two.pid()+" ("+name+"), up ")
	require.ErrorContains(t, err, "\ngive the number of one, or --all")
	require.Empty(t, w.Err.String())
	require.NoError(t, run(t, w, "--all", "--plan=INT:20ms,TERM:5s", "--json", name))
	one.endedBy(t, syscall.SIGINT)
	two.endedBy(t, syscall.SIGTERM)
}

func TestParallel(t *testing.T) {
	w := newWorld(t)
	args := []string{"--plan=INT:250ms,TERM:5s"}
	var children []*child
	for range 10 {
		c := start(t, "INT", "")
		children = append(children, c)
		args = append(args, c.pid())
	}
	begun := time.Now()
	require.NoError(t, run(t, w, args...))
	all, each := time.Since(begun), time.Duration(0)
	for _, c := range children {
		c.endedBy(t, syscall.SIGTERM)
		require.Contains(t, w.Err.String(), "stop.test["+c.pid()+"]: TERM: ended after ")
		each += 250 * time.Millisecond
	}
	for _, found := range regexp.MustCompile(`ended after (\S+)`).FindAllStringSubmatch(w.Err.String(), -1) {
		took, err := time.ParseDuration(found[1])
		require.NoError(t, err)
		each += took
	}
	require.Less(t, all, each/2, "one after the other takes as long as all of them together")
	require.Equal(t, 3*len(children), strings.Count(w.Err.String(), "\n"))
}

func TestGoneBeforeTheSignal(t *testing.T) {
	systemctl(t, "")
	w := newWorld(t)
	name := unique(t, "daemon")
	c := start(t, "plain", name)
	// The process ends after it was found and opened, and before the first signal: while the router is asked.
	w.Session = &toolkittest.Session{Reply: func(*message.Message) []*message.Message {
		_ = c.Process.Kill()
		c.Reap()
		return []*message.Message{message.New("STATUS").Set("service", name).Set("status", "down")}
	}}
	require.NoError(t, run(t, w, "--json", name))
	require.Equal(t, []string{"find found", "message skipped", "INT gone"}, steps(events(t, w)))
}

func TestDryRun(t *testing.T) {
	systemctl(t, "")
	w := newWorld(t)
	name := unique(t, "daemon")
	c := start(t, "plain", name)
	require.NoError(t, run(t, w, "--dry-run", name))
	require.Empty(t, w.Dialled)
	require.NoError(t, c.Process.Signal(syscall.Signal(0)))
	require.Contains(t, w.Err.String(), "would send .:"+name+"/STOP if a router answers at tcp://127.0.0.1:4040, wait up to 10s")
	require.Contains(t, w.Err.String(), "would send INT, wait up to 1m0s")
	require.NotContains(t, w.Err.String(), "KILL")
}

func TestDryRunOfWhatHasNoService(t *testing.T) {
	c := start(t, "plain", "")
	w := newWorld(t)
	require.NoError(t, run(t, w, "--dry-run", "--json", c.pid()))
	list := events(t, w)
	require.Equal(t, []string{"find found", "message skipped", "INT planned", "TERM planned"}, steps(list))
	require.Equal(t, "no service name is known", list[1].Reason)
	w = newWorld(t)
	require.NoError(t, run(t, w, "--dry-run", "--wait-only", "-t", "5", c.pid()))
	require.Contains(t, w.Err.String(), "["+c.pid()+"]: would wait up to 5s\n")
	require.NoError(t, c.Process.Signal(syscall.Signal(0)))
}

func TestSuspended(t *testing.T) {
	w := newWorld(t)
	c := start(t, "plain", "")
	require.NoError(t, c.Process.Signal(syscall.SIGSTOP))
	require.Eventually(t, func() bool {
		p, err := proc.System{}.Look(c.PID())
		return err == nil && p.State == 'T'
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, run(t, w, "--dry-run", c.pid()))
	require.Contains(t, w.Err.String(), ", suspended: it sees no signal but KILL until it is continued\n")
}

// TestOutputThatCannotBeWritten: what would not be told is not done.
func TestOutputThatCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	w.Stdout.Writer = full{}
	c := start(t, "plain", "")
	requireKind(t, toolkit.IO, run(t, w, "--json", c.pid()))
	require.NoError(t, c.Process.Signal(syscall.Signal(0)))
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestWaitOnly(t *testing.T) {
	w := newWorld(t)
	c := start(t, "plain", "")
	err := run(t, w, "--wait-only", "-t", "0.02", c.pid())
	requireKind(t, toolkit.Timeout, err)
	require.EqualError(t, err, "stop.test["+c.pid()+"] survived the wait")
	c.End()
	require.NoError(t, run(t, w, "--wait-only", "--json", c.pid()))
	require.Equal(t, 0, c.Reap().ExitCode())
	requireKind(t, toolkit.Usage, run(t, w, "--wait-only", strconv.Itoa(os.Getpid())))
	requireKind(t, toolkit.Timeout, run(t, w, "--wait-only", "-t0.01", strconv.Itoa(os.Getppid())))
}

func TestInterrupted(t *testing.T) {
	w := newWorld(t)
	c := start(t, "INT", "")
	why := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(30*time.Millisecond, func() { cancel(why) })
	err := w.Run(ctx, stop.Command, "stop", "--plan=INT:20s,TERM:20s", c.pid())
	require.ErrorIs(t, err, why)
	require.Contains(t, w.Err.String(), "stop.test["+c.pid()+"] still runs")
	require.NoError(t, c.Process.Signal(syscall.Signal(0)))
}

func TestProgressIsForTerminals(t *testing.T) {
	w := newWorld(t)
	w.Terminal(60)
	c := start(t, "INT", "")
	require.NoError(t, run(t, w, "--plan=INT:500ms,KILL:5s", c.pid()))
	require.Contains(t, w.Err.String(), "\r\x1b[K"+"stop.test["+c.pid()+"]: INT, waiting 0s of 500ms")
	require.NotContains(t, strings.ReplaceAll(w.Err.String(), "\r\x1b[K", ""), "\x1b")
}
