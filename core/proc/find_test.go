package proc_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/proc/proctest"
	"github.com/ed-toolbox/ed/core/signals"
)

// unique is a process name that nothing else has.
func unique(t *testing.T, suffix string) string {
	return fmt.Sprintf("ed-%d-%s-%s", os.Getpid(), strings.ToLower(t.Name()), suffix)
}

func TestFindByName(t *testing.T) {
	name := unique(t, "daemon")
	var sys proc.System
	_, err := sys.Find(name)
	var none *proc.NotFoundError
	require.ErrorAs(t, err, &none)
	require.ErrorIs(t, err, proc.ErrGone)

	first := proctest.Start(t, "plain", "/usr/sbin/"+name)
	p, err := sys.Find(name)
	require.NoError(t, err)
	require.Equal(t, first.PID(), p.PID)
	require.Equal(t, name, p.Command())
	require.Equal(t, fmt.Sprintf("%d (%s)", p.PID, name), p.String())
	_, err = sys.Find(name[:len(name)-1])
	require.ErrorAs(t, err, &none, "names are exact")

	second := proctest.Start(t, "plain", name)
	_, err = sys.Find(name)
	var several *proc.AmbiguousError
	require.ErrorAs(t, err, &several)
	require.Len(t, several.Candidates, 2)
	require.ErrorContains(t, err, fmt.Sprintf("%d (%s)", second.PID(), name))
	require.NoError(t, first.Process.Kill())
	h := open(t, second.PID())
	require.NoError(t, h.Signal(signals.KILL))
	require.NoError(t, h.Wait(within(t)))
	first.Kill()
	list, err := sys.FindByName(name)
	require.NoError(t, err)
	require.Empty(t, list, "zombies are not found")
}

// TestFindWithoutDescriptors: who cannot look does not say that nobody is there.
func TestFindWithoutDescriptors(t *testing.T) {
	name := unique(t, "daemon")
	proctest.Start(t, "plain", name)
	probe, err := os.Open("/dev/null")
	require.NoError(t, err)
	free := probe.Fd()
	require.NoError(t, probe.Close())
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	t.Cleanup(func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit)) })
	one := limit
	one.Cur = uint64(free) + 1 // enough for /proc itself
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &one))
	_, err = proc.System{}.FindByName(name)
	require.ErrorIs(t, err, unix.EMFILE)
}

func TestFindScript(t *testing.T) {
	for _, c := range []struct{ name, interpreter string }{{"line", "#!/bin/sh"}, {"option", "#!/bin/sh -e"}} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), fmt.Sprintf("ed-%d-a-longer-name-%s", os.Getpid(), c.name))
			require.NoError(t, os.WriteFile(path, []byte(c.interpreter+"\necho ready\nread line\n"), 0o700))
			script := proctest.Run(t, exec.Command(path))
			p, err := proc.System{}.Find(filepath.Base(path))
			require.NoError(t, err)
			require.Equal(t, script.PID(), p.PID)
			require.Equal(t, filepath.Base(path), p.Command())
		})
	}
}

func TestCalled(t *testing.T) {
	for _, c := range []struct {
		name    string
		process proc.Process
		yes, no []string
		command string
	}{
		{"binary", proc.Process{Name: "ed-routerd", Exe: "/usr/libexec/ed", Argv: []string{"/usr/bin/ed-routerd"}},
			[]string{"ed-routerd", "ed"}, []string{"", "routerd", "/usr/bin/ed-routerd"}, "ed-routerd"},
		{"login shell", proc.Process{Name: "bash", Exe: "/bin/bash", Argv: []string{"-bash"}}, []string{"bash"}, []string{"-bash"}, "bash"},
		{"title", proc.Process{Name: "nginx", Argv: []string{"nginx: master process /usr/sbin/nginx"}}, []string{"nginx"}, nil, "nginx"},
		{"python", proc.Process{Name: "python3", Exe: "/usr/bin/python3.12", Argv: []string{"python3", "-u", "/srv/app.py", "x"}},
			[]string{"app.py", "python3", "python3.12"}, []string{"x", "app"}, "app.py"},
		{"python module", proc.Process{Name: "python3", Exe: "/usr/bin/python3", Argv: []string{"python3", "-m", "http.server"}}, nil, []string{"http.server"}, "python3"},
		{"shell text", proc.Process{Name: "sh", Exe: "/bin/dash", Argv: []string{"sh", "-c", "app"}}, []string{"sh", "dash"}, []string{"app"}, "sh"},
		{"script from a descriptor", proc.Process{Name: "bash", Exe: "/bin/bash", Argv: []string{"bash", "/dev/fd/3"}}, []string{"bash"}, []string{"3"}, "bash"},
		{"busybox", proc.Process{Name: "sleep", Exe: "/bin/busybox", Argv: []string{"sleep", "9"}}, []string{"sleep"}, []string{"9"}, "sleep"},
		{"operands are no names", proc.Process{Name: "vim", Exe: "/usr/bin/vim", Argv: []string{"vim", "app"}}, nil, []string{"app"}, "vim"},
		{"no argv", proc.Process{Name: "x"}, []string{"x"}, []string{""}, "x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, name := range c.yes {
				require.True(t, c.process.Called(name), name)
			}
			for _, name := range c.no {
				require.False(t, c.process.Called(name), name)
			}
			require.Equal(t, c.command, c.process.Command())
		})
	}
}

func TestAncestors(t *testing.T) {
	c := proctest.Start(t, "plain", "")
	var sys proc.System
	list := sys.Ancestors(c.PID())
	require.NotEmpty(t, list)
	require.Equal(t, os.Getpid(), list[0])
	mine := sys.SelfAndAncestors()
	require.Equal(t, list, mine)
	require.NotContains(t, mine, c.PID())
	for _, p := range must(sys.All())(t) {
		require.False(t, p.Zombie())
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		require.NoError(t, err)
		return v
	}
}

func TestZombieLeaderIsNone(t *testing.T) {
	require.True(t, proc.Process{State: 'Z', Threads: 1}.Zombie())
	require.True(t, proc.Process{State: 'X'}.Zombie())
	require.False(t, proc.Process{State: 'Z', Threads: 3}.Zombie())
	require.False(t, proc.Process{State: 'D', Threads: 1}.Zombie())
}

func TestPIDFile(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, text string
		pid        int
		reason     string
	}{
		{"digits", "4711", 4711, ""},
		{"line", "4711\n", 4711, ""},
		{"padded", "   4711\r\n", 4711, ""},
		{"empty", "", 0, "empty"},
		{"blank", " \n", 0, "empty"},
		{"text", "pid 4711", 0, `"pid 4711"`},
		{"negative", "-1", 0, `"-1"`},
		{"two", "1\n2\n", 0, `not a number`},
		{"zero", "0", 0, "from 1"},
		{"huge", "99999999999999999999", 0, "from 1"},
		{"long", strings.Repeat("1", 100), 0, "too long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, c.name)
			require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
			pid, err := proc.ReadPIDFile(path)
			require.Equal(t, c.pid, pid)
			if c.reason == "" {
				require.NoError(t, err)
				return
			}
			var pe *proc.PIDFileError
			require.ErrorAs(t, err, &pe)
			require.ErrorContains(t, err, c.reason)
			require.ErrorContains(t, err, path)
		})
	}
	_, err := proc.ReadPIDFile(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = proc.ReadPIDFile(dir)
	require.ErrorContains(t, err, "no regular file")
	require.False(t, errors.Is(err, fs.ErrNotExist))
}

func writeProc(t *testing.T, root, path, text string) {
	t.Helper()
	path = filepath.Join(root, path)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

// fakeProcess adds a process to a /proc, under a name that is not easy to read.
func fakeProcess(t *testing.T, root string, pid, ppid int, state rune, threads int, argv string) {
	t.Helper()
	dir := strconv.Itoa(pid) + "/"
	stat := fmt.Sprintf("%d (odd) n\name)) %c %d%s %d%s\n", pid, state, ppid, strings.Repeat(" 1", 15), threads, strings.Repeat(" 1", 34))
	writeProc(t, root, dir+"stat", stat)
	writeProc(t, root, dir+"status", "Name:\todd) n\\name)\nUid:\t1\t2\t3\t4\n")
	writeProc(t, root, dir+"cmdline", argv)
}

// What is not running, is no program, or ends while it is looked at is left out; the others come by number.
func TestAll(t *testing.T) {
	root := t.TempDir()
	fakeProcess(t, root, 12, 1, 'S', 1, "a\x00\x00b c\x00")
	fakeProcess(t, root, 3, 1, 'R', 1, "a\x00")
	fakeProcess(t, root, 5, 1, 'Z', 1, "")
	fakeProcess(t, root, 6, 1, 'Z', 2, "") // only its first thread has ended
	fakeProcess(t, root, 2, 0, 'S', 1, "")
	fakeProcess(t, root, 9, 2, 'I', 1, "")
	fakeProcess(t, root, 11, 2, 'S', 1, "a\x00") // in a container 2 is a program like others
	fakeProcess(t, root, 8, 1, 'S', 1, "")
	fakeProcess(t, root, 7, 1, 'S', 1, "a\x00")
	require.NoError(t, os.Remove(filepath.Join(root, "7", "status")))
	writeProc(t, root, "4/stat", "")
	writeProc(t, root, "version", "1")
	sys := proc.System{Root: root}
	all, err := sys.All()
	require.NoError(t, err)
	var pids []int
	for _, p := range all {
		pids = append(pids, p.PID)
		require.Equal(t, "odd) n\name)", p.Name)
		require.Equal(t, uint32(2), p.UID)
	}
	require.Equal(t, []int{3, 6, 8, 11, 12}, pids)
	require.Equal(t, []string{"a", "", "b c"}, all[4].Argv)
	looks := 0
	require.NoError(t, sys.Each(func(proc.Process) bool {
		looks++
		return false
	}))
	require.Equal(t, 1, looks)
	_, err = proc.System{Root: root + "/none"}.All()
	require.ErrorIs(t, err, fs.ErrNotExist)
}
