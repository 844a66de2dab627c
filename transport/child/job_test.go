package child_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/transport/child"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func sh(script string) child.Command { return child.Command{Path: "sh", Args: []string{"-c", script}} }

func cmd(line string) child.Command {
	words, err := address.SplitWords(line)
	if err != nil {
		panic(err)
	}
	return child.Command{Path: words[0], Args: words[1:]}
}

// run runs a job to its end. No child must be left then.
func run(t *testing.T, o child.Options, commands ...child.Command) *child.Result {
	t.Helper()
	w := transporttest.NewWorld(t)
	return runOn(w, o, commands...)
}

func runOn(w *transporttest.World, o child.Options, commands ...child.Command) *child.Result {
	w.T.Helper()
	var result *child.Result
	o.Done = func(r *child.Result) {
		require.Nil(w.T, result, "Done came twice")
		result = r
	}
	j, err := child.Start(w.Loop, o, commands...)
	require.NoError(w.T, err)
	require.Len(w.T, j.PIDs(), len(commands))
	w.Idle()
	require.NotNil(w.T, result)
	j.Stop(errors.New("too late"))
	j.Signal(syscall.SIGTERM)
	noChildren(w.T)
	return result
}

func noChildren(t *testing.T) {
	t.Helper()
	_, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
	require.ErrorIs(t, err, unix.ECHILD, "children are left")
}

// lives makes sure that a process that is not our child has not been killed, and kills it: one that has been cannot be stopped any more,
// but has its number for a while.
func lives(w *transporttest.World, pid int) {
	w.T.Helper()
	require.NoError(w.T, syscall.Kill(pid, syscall.SIGSTOP), "it lives on")
	w.Until(fmt.Sprintf("process %d stops", pid), func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err == nil && strings.Contains(string(stat), ") T ")
	})
	require.NoError(w.T, syscall.Kill(pid, syscall.SIGKILL))
}

// gone waits until a process that is not our child has ended.
func gone(w *transporttest.World, pid int) {
	w.T.Helper()
	w.Until(fmt.Sprintf("process %d ends", pid), func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}

func TestExit(t *testing.T) {
	tests := map[string]struct {
		script string
		want   watch.Exit
		text   string
	}{
		"well":   {"exit 0", watch.Exit{}, "exit status 0"},
		"badly":  {"exit 3", watch.Exit{Code: 3}, "exit status 3"},
		"killed": {"kill -USR1 $$", watch.Exit{Code: -1, Signal: syscall.SIGUSR1}, "signal USR1"},
		"pipe":   {"kill -PIPE $$", watch.Exit{Code: -1, Signal: syscall.SIGPIPE}, "signal PIPE"}, // of the last it is a failure
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := run(t, child.Options{}, sh(tt.script))
			s := r.Stages[0]
			require.Equal(t, tt.want, watch.Exit{Code: s.Code, Signal: s.Signal, Core: s.Core, Err: s.Err})
			require.Equal(t, tt.text, s.Exit.String())
			require.Equal(t, tt.want.Code == 0, s.Success())
			require.Positive(t, s.PID)
			require.Positive(t, s.Usage.MaxRSS)
			require.Positive(t, r.Took)
			var exit *child.ExitError
			require.Equal(t, !s.Success(), errors.As(r.Check(), &exit))
			if exit != nil {
				require.EqualError(t, r.Check(), "sh: "+tt.text)
			}
		})
	}
}

func TestUsage(t *testing.T) {
	r := run(t, child.Options{}, sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"))
	u := r.Stages[0].Usage
	require.Positive(t, u.User+u.System)
}

func TestInput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "in")
	require.NoError(t, os.WriteFile(file, []byte("from a file"), 0o600))
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	tests := map[string]struct {
		in    io.Reader
		want  string
		wrong error
	}{
		"none":       {nil, "", nil},
		"bytes":      {bytes.NewReader([]byte("bytes")), "bytes", nil},
		"a string":   {strings.NewReader("string"), "string", nil},
		"empty":      {strings.NewReader(""), "", nil},
		"a reader":   {io.MultiReader(strings.NewReader("two "), strings.NewReader("parts")), "two parts", nil},
		"a file":     {f, "from a file", nil},
		"one broken": {io.MultiReader(strings.NewReader("begun"), broken{}), "begun", errBroken},
		"one panics": {io.MultiReader(strings.NewReader("begun"), panics{}), "begun", errBroken},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := run(t, child.Options{Input: tt.in}, cmd("cat"))
			require.Equal(t, tt.want, string(r.Output))
			require.ErrorIs(t, r.Check(), tt.wrong)
		})
	}
}

var errBroken = errors.New("broken by the test")

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }

type panics struct{}

func (panics) Read([]byte) (int, error) { panic(errBroken) }

// endless is a reader of zeros.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestPipelines: of any length, with more in each pipe than it holds.
func TestPipelines(t *testing.T) {
	const size = 3 << 20
	for _, n := range []int{1, 2, 3, 30} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			commands := make([]child.Command, n)
			for i := range commands {
				commands[i] = cmd("cat")
			}
			input := bytes.Repeat([]byte("0123456789abcde\n"), size/16)
			r := run(t, child.Options{Input: bytes.NewReader(input), Keep: size}, commands...)
			require.NoError(t, r.Check())
			require.True(t, bytes.Equal(input, r.Output))
			require.False(t, r.OutputCut)
		})
	}
	r := run(t, child.Options{Input: strings.NewReader("c\nb\na\nb\n")}, cmd("sort"), cmd("uniq"), cmd("tr a-z A-Z"))
	require.Equal(t, "A\nB\nC\n", string(r.Output))
}

// TestFailingStage: each stage tells for itself.
func TestFailingStage(t *testing.T) {
	r := run(t, child.Options{}, sh("echo one; echo e1 >&2"), sh("cat; echo e2 >&2; exit 4"), cmd("cat"))
	require.Equal(t, "one\n", string(r.Output))
	require.Equal(t, "e1\n", string(r.Stages[0].Errors))
	require.Equal(t, "e2\n", string(r.Stages[1].Errors))
	require.Equal(t, []int{0, 4, 0}, []int{r.Stages[0].Code, r.Stages[1].Code, r.Stages[2].Code})
	require.EqualError(t, r.Check(), "sh: exit status 4")
}

// TestEnoughSeen: a command whose output is not wanted any more ends by SIGPIPE, which is well.
func TestEnoughSeen(t *testing.T) {
	r := run(t, child.Options{}, cmd("yes"), cmd("head -n 1"))
	require.Equal(t, "y\n", string(r.Output))
	require.Equal(t, syscall.SIGPIPE, r.Stages[0].Signal)
	require.NoError(t, r.Check())

	// The same of our own input, with and without a goroutine.
	for _, in := range []io.Reader{endless{}, bytes.NewReader(make([]byte, 10<<20))} {
		r = run(t, child.Options{Input: in}, cmd("head -c 5"))
		require.Equal(t, make([]byte, 5), r.Output)
		require.NoError(t, r.Check())
	}
}

func TestKeep(t *testing.T) {
	r := run(t, child.Options{Keep: 1000}, sh("head -c 500000 /dev/zero; head -c 500000 /dev/zero >&2"))
	require.NoError(t, r.Check())
	require.Len(t, r.Output, 1000)
	require.True(t, r.OutputCut)
	require.Len(t, r.Stages[0].Errors, 1000)
	require.True(t, r.Stages[0].ErrorsCut)
}

func TestStreams(t *testing.T) {
	out, errs := map[string]int{}, map[int]string{}
	r := run(t, child.Options{
		Output: func(p []byte) { out["bytes"] += len(p) },
		Errors: func(i int, p []byte) { errs[i] += string(p) },
	}, sh("head -c 300000 /dev/zero; echo one >&2"), sh("cat; echo two >&2"))
	require.NoError(t, r.Check())
	require.Equal(t, 300000, out["bytes"])
	require.Equal(t, map[int]string{0: "one\n", 1: "two\n"}, errs)
	require.Empty(t, r.Output)
	require.NoError(t, run(t, child.Options{InheritErrors: true}, cmd("true")).Check())
}

func TestOutputFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(path)
	require.NoError(t, err)
	for range 2 {
		r := run(t, child.Options{OutputFile: f}, cmd("echo one"), sh("cat; echo two >&2"))
		require.NoError(t, r.Check())
		require.Empty(t, r.Output)
		require.Equal(t, "two\n", string(r.Stages[1].Errors))
	}
	require.NoError(t, f.Close(), "it is still the caller's")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "one\none\n", string(text))
}

// TestDescriptors: a child has 0, 1 and 2 and nothing of ours, wherever it stands.
func TestDescriptors(t *testing.T) {
	w := transporttest.NewWorld(t)
	listener, err := os.Open("/proc/self")
	require.NoError(t, err)
	defer listener.Close()
	list := cmd("ls /proc/self/fd")
	r := runOn(w, child.Options{Input: strings.NewReader("x")}, list, sh("cat; ls /proc/self/fd >&2"), sh("cat; ls /proc/self/fd >&2"))
	want := append(given(t), "0", "1", "2", "3") // 3 is the folder that ls reads
	for i, text := range []string{string(r.Output), string(r.Stages[1].Errors), string(r.Stages[2].Errors)} {
		require.ElementsMatch(t, want, strings.Fields(text), "stage %d", i)
	}
}

// given are the descriptors that whoever runs the tests left open for us and all that we start.
func given(t *testing.T) (fds []string) {
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		require.NoError(t, err)
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && fd > 3 && flags&unix.FD_CLOEXEC == 0 {
			fds = append(fds, e.Name())
		}
	}
	return fds
}

// TestOthersChildren: those that package os started are its own.
func TestOthersChildren(t *testing.T) {
	other := exec.Command("sh", "-c", "exit 5")
	require.NoError(t, other.Start())
	w := transporttest.NewWorld(t)
	done := false
	_, err := child.Start(w.Loop, child.Options{Done: func(*child.Result) { done = true }}, cmd("true"), cmd("true"))
	require.NoError(t, err)
	w.Idle()
	require.True(t, done)
	var exit *exec.ExitError
	require.ErrorAs(t, other.Wait(), &exit)
	require.Equal(t, 5, exit.ExitCode())
}
