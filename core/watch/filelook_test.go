package watch_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/watch"
)

// closed lets nobody read a directory, and all pass it: its owner may make entries, too.
const closed = 0o311

// unprivileged runs f as a user whom permissions concern, which root is not: on this thread only, where the loop runs, too.
func unprivileged(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	const nobody = 65534
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	require.NoError(t, unix.Setfsuid(nobody))
	defer func() { _ = unix.Setfsuid(0) }()
	f()
}

// watchUnprivileged begins a watch in an empty directory that others may read.
func watchUnprivileged(t *testing.T, o watch.FileOptions) (s *fileLog) {
	t.Helper()
	unprivileged(t, func() { s = watchFiles(t, o) })
	return s
}

func (s *fileLog) unprivileged() (texts []string) {
	s.t.Helper()
	unprivileged(s.t, func() { texts = s.texts() })
	return texts
}

func closedDir(t *testing.T, dir string) {
	t.Helper()
	scratch(t)
	require.NoError(t, os.Chmod(".", 0o755))
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.NoError(t, os.Chmod(dir, closed))
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
}

// TestFileBehindUnreadable: no event tells of the names in a directory that may not be read. What comes, goes and is replaced
// there is found all the same.
func TestFileBehindUnreadable(t *testing.T) {
	closedDir(t, "top")
	s := watchUnprivileged(t, watch.FileOptions{Patterns: []string{"top/d/*"}})
	sh(t, "mkdir top/d", "write top/d/a")
	require.Empty(t, s.unprivileged())
	s.w.Retry()
	require.Equal(t, []string{"create top/d/a"}, s.unprivileged())
	sh(t, "write top/d/b")
	require.Equal(t, []string{"create top/d/b", "updated top/d/b"}, s.unprivileged())

	sh(t, "mv top/d top/old", "mkdir top/d", "write top/d/c")
	s.w.Retry()
	require.ElementsMatch(t, []string{"delete top/d/a", "delete top/d/b", "create top/d/c"}, s.unprivileged())

	entries := s.w.Stats().Entries
	sh(t, "rm top/d/c", "rmdir top/d")
	require.Equal(t, []string{"delete top/d/c"}, s.unprivileged())
	require.Equal(t, entries-2, s.w.Stats().Entries, "its own watch tells that top/d is gone")
	sh(t, "mkdir top/d", "write top/d/e")
	s.w.Retry()
	require.Equal(t, []string{"create top/d/e"}, s.unprivileged())

	sh(t, "mv top/d top/past", "mkdir top/d")
	require.NoError(t, os.Chmod("top/d", 0))
	s.w.Retry()
	require.Equal(t, []string{"failed top/d: watch top/d: inotify_add_watch: permission denied"}, s.unprivileged())
	sh(t, "write top/past/f")
	require.Empty(t, s.unprivileged(), "it is not top/d any more")
}

// TestFileOutOfUnreadable: where a directory went that left one that may not be read shows that it left.
func TestFileOutOfUnreadable(t *testing.T) {
	closedDir(t, "top")
	sh(t, "mkdir top/d", "write top/d/a")
	s := watchUnprivileged(t, watch.FileOptions{Patterns: []string{"top/d/*", "q/*"}})
	sh(t, "mv top/d q")
	require.Equal(t, []string{"create q/a", "delete top/d/a"}, s.unprivileged())
	sh(t, "write q/b")
	require.Equal(t, []string{"create q/b", "updated q/b"}, s.unprivileged())
}

// TestFileLinkTarget: the target of a link may be made again, or become readable, in a directory that is not watched.
func TestFileLinkTarget(t *testing.T) {
	closedDir(t, "top")
	sh(t, "write top/a", "mkdir d", "ln -s ../top/a d/a")
	s := watchUnprivileged(t, watch.FileOptions{Patterns: []string{"d/a"}})
	sh(t, "rm top/a")
	require.Empty(t, s.unprivileged())
	sh(t, "write top/a")
	s.w.Retry()
	require.Equal(t, []string{"updated d/a"}, s.unprivileged())
	sh(t, "append top/a")
	require.Equal(t, []string{"updated d/a"}, s.unprivileged())
	looks := s.w.Stats().Looks
	s.w.Retry()
	require.Empty(t, s.unprivileged())
	require.Equal(t, looks, s.w.Stats().Looks)

	sh(t, "rm top/a", "write top/a")
	require.NoError(t, os.Chmod("top/a", 0))
	require.Empty(t, s.unprivileged(), "the link is there, whether its target may be read or not")
	require.NoError(t, os.Chmod("top/a", 0o644))
	s.w.Retry()
	require.Equal(t, []string{"updated d/a"}, s.unprivileged())
}

// TestFileRetryLooks: what is retried every 10 s costs looks at what is blind, and at what is in it, and at nothing below.
func TestFileRetryLooks(t *testing.T) {
	closedDir(t, "top")
	sh(t, "mkdir -p top/d/e/f/g", "mkdir -p other/d/e")
	s := watchUnprivileged(t, watch.FileOptions{Patterns: []string{"top/d/**", "other/d/**"}})
	require.Empty(t, s.unprivileged())
	looks := s.w.Stats().Looks
	s.w.Retry()
	require.Empty(t, s.unprivileged())
	require.Equal(t, uint64(2), s.w.Stats().Looks-looks, "top, top/d")
	require.NoError(t, os.Chmod("top", 0o755))
	s.w.Retry()
	require.Empty(t, s.unprivileged())
	looks = s.w.Stats().Looks
	s.w.Retry()
	require.Empty(t, s.unprivileged())
	require.Equal(t, looks, s.w.Stats().Looks, "nothing is blind")
	sh(t, "mv top/d top/x", "mkdir top/d")
	require.ElementsMatch(t, []string{"delete top/d/e/f/g", "delete top/d/e/f", "delete top/d/e"}, s.unprivileged(), "by events")
}

// TestFileShut: a directory that may no longer be passed is no reason to believe that what is in it is gone.
func TestFileShut(t *testing.T) {
	closedDir(t, "top")
	sh(t, "write top/a", "mkdir top/d", "write top/d/b")
	require.NoError(t, os.Chmod("top", 0o755))
	s := watchUnprivileged(t, watch.FileOptions{Patterns: []string{"top/a", "top/d/b"}, Ops: watch.Create | watch.Delete})
	shut := []string{"lost", "failed top: watch top: inotify_add_watch: permission denied", "synced"}
	require.NoError(t, os.Chmod("top", 0))
	s.w.Lose()
	require.Equal(t, shut, s.unprivileged())
	s.w.Retry()
	require.Empty(t, s.unprivileged(), "it is reported once")
	require.NoError(t, os.Chmod("top", 0o755))
	sh(t, "rm top/a")
	s.w.Retry()
	require.Equal(t, []string{"delete top/a"}, s.unprivileged())
	require.NoError(t, os.Chmod("top", closed))
	s.w.Lose()
	require.Equal(t, shut, s.unprivileged(), "it had been watched meanwhile")
	sh(t, "write top/a")
	s.w.Retry()
	require.Equal(t, []string{"create top/a"}, s.unprivileged(), "a name can be asked for")
}

// TestFileShutPattern: nor is one in which names cannot be asked for.
func TestFileShutPattern(t *testing.T) {
	closedDir(t, "top")
	sh(t, "mkdir top/d", "write top/d/b")
	require.NoError(t, os.Chmod("top", 0o755))
	s := watchUnprivileged(t, watch.FileOptions{Patterns: []string{"top/*/b"}, Ops: watch.Create | watch.Delete})
	require.NoError(t, os.Chmod("top", closed))
	s.w.Lose()
	require.Equal(t, []string{"lost", "synced"}, s.unprivileged())
	sh(t, "mkdir top/e", "write top/e/b", "rm top/d/b")
	require.Equal(t, []string{"delete top/d/b"}, s.unprivileged())
	require.NoError(t, os.Chmod("top", 0o755))
	s.w.Retry()
	require.Equal(t, []string{"create top/e/b"}, s.unprivileged())
}

// TestFileNoDescriptors: a directory on the way that could not be read for want of descriptors is read when there are some again.
func TestFileNoDescriptors(t *testing.T) {
	scratch(t)
	s := watchFiles(t, watch.FileOptions{Patterns: []string{"d/*/x"}})
	sh(t, "mkdir -p d/e", "write d/e/x")
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	none := old
	none.Cur = 0
	s.w.BeforeLook("d", func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &none)) })
	texts := s.texts()
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
	require.Equal(t, []string{"failed d: open d: too many open files"}, texts)
	s.w.FailWatches(nil)
	s.w.Retry()
	require.Equal(t, []string{"create d/e/x"}, s.texts())
}

// TestFileManyExchanged: more names to look at again than are noted one by one.
func TestFileManyExchanged(t *testing.T) {
	scratch(t)
	sh(t, "mkdir d")
	const n = 700 // two names each
	for i := range n {
		sh(t, fmt.Sprintf("write d/f%d", i), fmt.Sprintf("mkdir d/d%d", i))
	}
	s := watchFiles(t, watch.FileOptions{Patterns: []string{"d"}, Recursive: true, Ops: watch.Changes | watch.Exists})
	for i := range n {
		sh(t, fmt.Sprintf("exchange d/f%d d/d%d", i, i))
	}
	got := view{}
	for _, e := range s.settle() {
		require.NoError(t, got.apply(e))
	}
	delete(got, "d")
	require.Empty(t, diff(walk(t, "d"), got))
	require.Empty(t, s.w.Check())
}

// TestFileWatchGivenUp: a link that leads to another directory leaves no watch behind.
func TestFileWatchGivenUp(t *testing.T) {
	scratch(t)
	sh(t, "mkdir one", "mkdir two", "ln -s one in", "ln -s two new")
	s := watchFiles(t, watch.FileOptions{Patterns: []string{"in/*"}})
	watches := s.w.Stats().Watches
	sh(t, "mv new in")
	require.Empty(t, s.texts())
	require.Equal(t, watches, s.w.Stats().Watches)
	require.Equal(t, watches, kernelWatches(t, s))
	events := s.w.Stats().Events
	sh(t, "write one/a")
	require.Empty(t, s.texts())
	require.Equal(t, events, s.w.Stats().Events)
	sh(t, "write two/b")
	require.Equal(t, []string{"create in/b", "updated in/b"}, s.texts())
}

// kernelWatches counts the watches that the kernel has.
func kernelWatches(t *testing.T, s *fileLog) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", s.w.Descriptor()))
	require.NoError(t, err)
	return strings.Count(string(text), "inotify wd:")
}
