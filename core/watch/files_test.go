package watch_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
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

// fileLog notes what a watch reports.
type fileLog struct {
	t      *testing.T
	loop   *reactor.Loop
	w      *watch.FileWatch
	events []watch.FileEvent
}

func watchFiles(t *testing.T, o watch.FileOptions) *fileLog {
	t.Helper()
	s := &fileLog{t: t, loop: newLoop(t)}
	var err error
	s.w, err = watch.Files(s.loop, func(e watch.FileEvent) { s.events = append(s.events, e) }, o)
	require.NoError(t, err)
	t.Cleanup(func() {
		s.w.Close()
		s.w.Close()
		run(t, s.loop)
	})
	return s
}

// settle gives what was reported since the last time.
func (s *fileLog) settle() []watch.FileEvent {
	s.t.Helper()
	runUntil(s.t, s.loop, s.w.Idle)
	events := s.events
	s.events = nil
	return events
}

func (s *fileLog) texts() (texts []string) {
	s.t.Helper()
	for _, e := range s.settle() {
		texts = append(texts, e.String())
	}
	return texts
}

func sh(t *testing.T, lines ...string) {
	t.Helper()
	for _, line := range lines {
		require.NoError(t, do(strings.Fields(line)), line)
	}
}

func TestFileWatchLimit(t *testing.T) {
	scratch(t)
	sh(t, "mkdir d")
	s := watchFiles(t, watch.FileOptions{Patterns: []string{"d"}, Recursive: true})
	s.w.FailWatches(unix.ENOSPC, "d/x", "d/x/y")
	sh(t, "mkdir d/x", "mkdir d/x/y", "write d/x/y/a")
	events := s.settle()
	var failed []string
	for _, e := range events {
		if e.Op == watch.Failed {
			var limit *watch.LimitError
			require.ErrorAs(t, e.Err, &limit)
			require.ErrorIs(t, e.Err, unix.ENOSPC)
			require.Equal(t, e.Path, limit.Path)
			require.Positive(t, limit.Limit)
			require.ErrorContains(t, e.Err, "raise fs.inotify.max_user_watches")
			failed = append(failed, e.Path)
		}
	}
	require.Equal(t, []string{"d/x", "d/x/y"}, failed)
	require.Len(t, events, 5, "what is there is reported all the same: x, y, a")

	sh(t, "write d/x/unseen")
	s.w.Retry()
	require.Empty(t, filter(s.settle(), watch.Failed), "it is reported once")
	s.w.FailWatches(nil)
	sh(t, "write d/x/y/b")
	s.w.Retry()
	require.Equal(t, []string{"updated d/x/unseen", "updated d/x/y/a", "create d/x/y/b"}, s.texts())
	sh(t, "rm d/x/y/b")
	require.Equal(t, []string{"delete d/x/y/b"}, s.texts())
	require.False(t, s.w.Retry(), "nothing is left to try")
	s.w.FailWatches(unix.ENOSPC, "d/z")
	sh(t, "mv d/x d/z")
	require.Len(t, filter(s.settle(), watch.Failed), 1, "it is news again")
	s.w.FailWatches(nil)
	sh(t, "mv d/z d/x")
	s.settle()
	looks := s.w.Stats().Looks
	require.True(t, s.w.Retry())
	require.Empty(t, s.texts())
	require.Equal(t, looks, s.w.Stats().Looks, "it is watched since it was moved")
}

func filter(events []watch.FileEvent, ops watch.Op) (list []watch.FileEvent) {
	for _, e := range events {
		if e.Op&ops != 0 {
			list = append(list, e)
		}
	}
	return list
}

func TestFileInstanceLimit(t *testing.T) {
	l := newLoop(t)
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: old.Max}))
	_, err := watch.Files(l, nil, watch.FileOptions{Patterns: []string{"x"}})
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
	var limit *watch.LimitError
	require.ErrorAs(t, err, &limit)
	require.ErrorIs(t, err, unix.EMFILE)
	require.ErrorContains(t, err, "watch x: too many inotify instances")
}

func TestFileEntryLimit(t *testing.T) {
	scratch(t)
	sh(t, "mkdir d", "write d/a", "write d/b")
	l := newLoop(t)
	_, err := watch.Files(l, nil, watch.FileOptions{Patterns: []string{"d"}, MaxEntries: 3})
	var limit *watch.LimitError
	require.ErrorAs(t, err, &limit)
	require.Equal(t, 3, limit.Limit)
	require.Equal(t, "watch d/b: too many entries (limit 3)", err.Error())

	s := watchFiles(t, watch.FileOptions{Patterns: []string{"d"}, MaxEntries: 5})
	sh(t, "write d/c", "write d/d", "write d/e")
	require.Equal(t, []string{"create d/c", "updated d/c", "failed d: watch d/d: too many entries (limit 5)"}, s.texts())
	require.Equal(t, 5, s.w.Stats().Entries)
	sh(t, "rm d/a", "rm d/b")
	s.settle()
	s.w.Retry()
	require.Equal(t, []string{"create d/d", "create d/e"}, s.texts())
}

// TestFileOverflow does more than the kernel keeps. What it dropped is found.
func TestFileOverflow(t *testing.T) {
	scratch(t)
	sh(t, "mkdir d", "mkdir d/old", "write d/a", "write d/b", "write d/c", "write d/old/x")
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	require.NoError(t, err)
	most, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	s := watchFiles(t, watch.FileOptions{Patterns: []string{"d"}, Recursive: true, Ops: watch.Changes | watch.Attrib})
	for range most/2 + 10 { // one after the other, or the kernel makes one of two
		require.NoError(t, os.Chmod("d/a", 0o600))
		require.NoError(t, os.Chmod("d/b", 0o600))
	}
	sh(t, "write d/new", "rm d/b", "append d/c", "mv d/old d/moved", "mkdir d/moved/in", "write d/moved/in/y")
	events := filter(s.settle(), ^watch.Attrib)
	require.Equal(t, uint64(1), s.w.Stats().Lost)
	require.Equal(t, watch.Lost, events[0].Op)
	require.Equal(t, watch.Synced, events[len(events)-1].Op)
	var texts []string
	for _, e := range events[1 : len(events)-1] {
		require.True(t, e.Found)
		texts = append(texts, e.String())
	}
	slices.Sort(texts)
	require.Equal(t, []string{
		"create d/moved", "create d/moved/in", "create d/moved/in/y", "create d/moved/x", "create d/new",
		"delete d/b", "delete d/old", "delete d/old/x", "updated d/a", "updated d/c",
	}, texts)
	sh(t, "write d/moved/in/z")
	require.Equal(t, []string{"create d/moved/in/z", "updated d/moved/in/z"}, s.texts())
}

// TestFilePanic: an event whose callback panics is gone, the others are not.
func TestFilePanic(t *testing.T) {
	scratch(t)
	sh(t, "mkdir d")
	l := quietLoop(t)
	var got []string
	w, err := watch.Files(l, func(e watch.FileEvent) {
		got = append(got, e.Path)
		if len(got)%2 == 1 {
			panic("oh")
		}
	}, watch.FileOptions{Patterns: []string{"d/*"}, Ops: watch.Create})
	require.NoError(t, err)
	defer w.Close()
	sh(t, "touch d/a", "touch d/b", "touch d/c", "touch d/d")
	runUntil(t, l, w.Idle)
	require.Equal(t, []string{"d/a", "d/b", "d/c", "d/d"}, got)
}

func TestFileCloseInCallback(t *testing.T) {
	scratch(t)
	l := newLoop(t)
	calls := 0
	var w *watch.FileWatch
	w, err := watch.Files(l, func(watch.FileEvent) { calls++; w.Close() }, watch.FileOptions{Patterns: []string{"*"}})
	require.NoError(t, err)
	sh(t, "touch a", "touch b")
	run(t, l)
	require.Equal(t, 1, calls)
}

// TestFileRenameHalf keeps the first half of a rename waiting for the second, which never comes, and no longer.
func TestFileRenameHalf(t *testing.T) {
	scratch(t)
	sh(t, "mkdir in", "mkdir out", "touch in/a")
	s := watchFiles(t, watch.FileOptions{Patterns: []string{"in"}})
	sh(t, "mv in/a out/a")
	begin := time.Now()
	runUntil(t, s.loop, func() bool { return len(s.events) > 0 })
	require.GreaterOrEqual(t, time.Since(begin), 10*time.Millisecond)
	require.Equal(t, []string{"delete in/a"}, s.texts())
	// A path that is used again does not wait.
	sh(t, "touch in/b", "mv in/b out/b", "touch in/b")
	require.Equal(t, []string{"create in/b", "delete in/b", "create in/b"}, s.texts())
}

// TestFileUnreadable watches through directories that may be passed, but not read. Root may read all, so a child that is
// somebody else does it.
func TestFileUnreadable(t *testing.T) {
	scratch(t)
	require.NoError(t, os.Mkdir("top", 0o777))
	require.NoError(t, os.Chmod("top", 0o777))
	require.NoError(t, os.Chmod(".", 0o755))
	cmd := command("unreadable")
	cmd.Path = "/proc/self/exe" // the directory of the test binary may be closed to others
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	t.Cleanup(func() { _ = os.Chmod("top/closed", 0o755) })
	out, err := cmd.Output() // on its stderr the child may complain that it cannot write coverage
	require.NoError(t, err, string(out))
	require.Equal(t, "updated top/closed/open/y\n", string(out))
}

func playUnreadable() {
	fail := func(err error) {
		if err != nil {
			_, _ = os.Stdout.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
	}
	fail(os.MkdirAll("top/closed/open", 0o755))
	fail(os.WriteFile("top/closed/open/y", nil, 0o644))
	fail(os.Chmod("top/closed", 0o311))
	l, err := reactor.New(reactor.Options{})
	fail(err)
	_, err = watch.Files(l, func(watch.FileEvent) {}, watch.FileOptions{Patterns: []string{"top/closed/x"}})
	if !errors.Is(err, fs.ErrPermission) {
		fail(errors.New("a directory that cannot be watched is no error"))
	}
	_, err = watch.Files(l, func(e watch.FileEvent) {
		_, _ = os.Stdout.WriteString(e.String() + "\n")
		l.Stop()
	}, watch.FileOptions{Patterns: []string{"top/closed/open/y"}})
	fail(err)
	fail(os.WriteFile("top/closed/open/y", []byte("more"), 0o644))
	fail(l.Run(context.Background()))
}

// TestFileUnmount needs to be allowed to mount.
func TestFileUnmount(t *testing.T) {
	scratch(t)
	sh(t, "mkdir d", "mkdir d/m", "write d/m/under")
	err := unix.Mount("none", "d/m", "tmpfs", 0, "")
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		t.Log("may not mount")
		return
	}
	require.NoError(t, err)
	sh(t, "write d/m/over")
	s := watchFiles(t, watch.FileOptions{Patterns: []string{"d"}, Recursive: true})
	require.NoError(t, unix.Unmount("d/m", unix.MNT_DETACH))
	require.Equal(t, []string{"unmounted d/m", "create d/m/under", "delete d/m/over"}, s.texts())
	sh(t, "write d/m/again")
	require.Equal(t, []string{"create d/m/again", "updated d/m/again"}, s.texts())
}

func TestMerge(t *testing.T) {
	type e = watch.FileEvent
	for _, test := range []struct {
		name string
		in   []e
		want string
	}{
		{"once", []e{{Op: watch.Write, Path: "a"}, {Op: watch.Write, Path: "a"}, {Op: watch.Updated, Path: "a"}}, "updated,write a"},
		{"came and went", []e{{Op: watch.Create, Path: "a"}, {Op: watch.Write, Path: "a"}, {Op: watch.Delete, Path: "a"}}, ""},
		{"replaced", []e{{Op: watch.Delete, Path: "a"}, {Op: watch.Create, Path: "a"}}, "create,delete a"},
		{"replaced and gone", []e{{Op: watch.Delete, Path: "a"}, {Op: watch.Create, Path: "a"}, {Op: watch.Delete, Path: "a"}}, "delete a"},
		{"saved", []e{
			{Op: watch.Create, Path: "t"}, {Op: watch.Updated, Path: "t"}, {Op: watch.Rename | watch.Delete, Path: "a", Old: "t"},
		}, "create,delete,updated a"},
		{"saved new", []e{{Op: watch.Create, Path: "t"}, {Op: watch.Rename, Path: "a", Old: "t"}}, "create a"},
		{"saved over new", []e{
			{Op: watch.Create, Path: "a"}, {Op: watch.Create, Path: "t"}, {Op: watch.Rename | watch.Delete, Path: "a", Old: "t"},
		}, "create a"},
		{"renamed", []e{
			{Op: watch.Write, Path: "a"}, {Op: watch.Rename, Path: "b", Old: "a"}, {Op: watch.Write, Path: "b"}, {Op: watch.Create, Path: "a"},
		}, "write a; rename a -> b; write b; create a"},
		{"lost", []e{{Op: watch.Create, Path: "a"}, {Op: watch.Lost}, {Op: watch.Delete, Path: "a"}}, "lost"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var texts []string
			for _, e := range watch.Merge(test.in...) {
				texts = append(texts, e.String())
			}
			require.Equal(t, test.want, strings.Join(texts, "; "))
		})
	}
}

// TestFileMemory is the figure of the package's documentation.
func TestFileMemory(t *testing.T) {
	scratch(t)
	const n = 5000
	sh(t, "mkdir d")
	for i := range n {
		require.NoError(t, os.WriteFile("d/"+strings.Repeat("x", 12)+string(appendNumber(nil, i)), nil, 0o644))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := watchFiles(t, watch.FileOptions{Patterns: []string{"d"}})
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (after.HeapAlloc - before.HeapAlloc) / n
	t.Log("bytes for each path:", each)
	require.Less(t, each, uint64(250))
	require.Equal(t, n+2, s.w.Stats().Entries)
}

func appendNumber(b []byte, n int) []byte {
	for d := 1000; d > 0; d /= 10 {
		b = append(b, byte('0'+n/d%10))
	}
	return b
}
