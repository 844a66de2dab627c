package watch_test

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/watch"
)

// view is what a consumer knows who believes the events and nothing else.
type view map[string]bool

func (v view) apply(e watch.FileEvent) error {
	has := func(o watch.Op) bool { return e.Op&o != 0 }
	_, known := v[e.Path]
	if has(watch.Delete) {
		if !known {
			return fmt.Errorf("%v: not known", e)
		}
		delete(v, e.Path)
		known = false
	}
	if has(watch.Create | watch.Exists) {
		if known {
			return fmt.Errorf("%v: known already", e)
		}
		v[e.Path] = e.Dir
	}
	if has(watch.Rename) {
		if _, ok := v[e.Old]; !ok || known {
			return fmt.Errorf("%v: old %v, new %v", e, ok, known)
		}
		delete(v, e.Old)
		v[e.Path] = e.Dir
	}
	return nil
}

// walk is what there is.
func walk(t *testing.T, root string) view {
	v := view{}
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && path != root {
			v[path] = d.IsDir()
		}
		return err
	}))
	return v
}

// diff is empty, or says what is wrong.
func diff(want, got view) (wrong []string) {
	for path := range want {
		if _, ok := got[path]; !ok {
			wrong = append(wrong, "missing "+path)
		} else if got[path] != want[path] {
			wrong = append(wrong, "wrong kind "+path)
		}
	}
	for path := range got {
		if _, ok := want[path]; !ok {
			wrong = append(wrong, "left "+path)
		}
	}
	slices.Sort(wrong)
	return wrong[:min(len(wrong), 20)]
}

// torture changes a tree from several goroutines while it is watched, and compares the view with a final walk.
// only says which paths count; nil: all.
func torture(t *testing.T, o watch.FileOptions, only *regexp.Regexp, loses int, work ...func()) watch.FileStats {
	t.Helper()
	scratch(t)
	require.NoError(t, os.Mkdir("tree", 0o755))
	l := newLoop(t)
	got := view{}
	var errs []error
	o.Ops |= watch.Create | watch.Delete | watch.Exists
	w, err := watch.Files(l, func(e watch.FileEvent) {
		if e.Path == "tree" || e.Path == "" {
			return
		}
		if err := got.apply(e); err != nil {
			errs = append(errs, err)
		}
	}, o)
	require.NoError(t, err)
	defer w.Close()
	if loses > 0 {
		defer l.Every(5*time.Millisecond, "lose", func(int) {
			if loses > 0 {
				w.Lose()
				loses--
			}
		}).Cancel()
	}
	var all sync.WaitGroup
	for _, f := range work {
		all.Go(f)
	}
	quiet := make(chan struct{})
	go func() {
		all.Wait()
		close(quiet)
	}()
	runUntil(t, l, func() bool {
		select {
		case <-quiet:
			return loses == 0 && w.Idle()
		default:
			return false
		}
	})
	require.Empty(t, w.Check())
	want := walk(t, "tree")
	for path := range want {
		if only != nil && !only.MatchString(path) {
			delete(want, path)
		}
	}
	known := view(w.Known())
	delete(known, "tree")
	require.Empty(t, diff(want, known), "tree")
	require.Empty(t, diff(want, got))
	require.Empty(t, errs)
	return w.Stats()
}

// TestFileTorture creates, moves and deletes files and directories; ED_WATCH_TORTURE is how many files.
func TestFileTorture(t *testing.T) {
	files := 2000
	if n, err := strconv.Atoi(os.Getenv("ED_WATCH_TORTURE")); err == nil {
		files = n
	}
	var work []func()
	for i := range 4 {
		work = append(work, func() { build(t, i, files/4) })
	}
	stats := torture(t, watch.FileOptions{Patterns: []string{"tree"}, Recursive: true, Ops: watch.Rename}, nil, 0, work...)
	require.Greater(t, stats.Entries, files/2)
	t.Logf("%+v", stats)
}

// build creates files in a tree of directories of its own, renames directories across and deletes some.
func build(t *testing.T, id, files int) {
	r := rand.New(rand.NewPCG(uint64(id), 1))
	top := fmt.Sprintf("tree/%d", id)
	dirs := []string{top}
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	check(os.Mkdir(top, 0o755))
	for i := range files {
		dir := dirs[r.IntN(len(dirs))]
		check(os.WriteFile(fmt.Sprintf("%s/f%d", dir, i), []byte("x"), 0o644))
		switch {
		case i%10 == 0:
			sub := fmt.Sprintf("%s/d%d", dir, i)
			check(os.MkdirAll(sub+"/e", 0o755))
			dirs = append(dirs, sub, sub+"/e")
		case i%23 == 0 && len(dirs) > 2:
			dirs = moveDir(check, r, top, dirs, i)
		case i%97 == 0 && len(dirs) > 2:
			gone := dirs[1+r.IntN(len(dirs)-1)]
			check(os.RemoveAll(gone))
			dirs = slices.DeleteFunc(dirs, func(d string) bool { return below(d, gone) })
		}
	}
}

func below(path, dir string) bool {
	return path == dir || len(path) > len(dir) && path[:len(dir)+1] == dir+"/"
}

// moveDir moves a directory into another one, or to the top where the others work.
func moveDir(check func(error), r *rand.Rand, top string, dirs []string, i int) []string {
	from := dirs[1+r.IntN(len(dirs)-1)]
	to := dirs[r.IntN(len(dirs))]
	if below(to, from) {
		to = "tree"
	}
	to = fmt.Sprintf("%s/m%s-%d", to, filepath.Base(top), i)
	check(os.Rename(from, to))
	for k, d := range dirs {
		if below(d, from) {
			dirs[k] = to + d[len(from):]
		}
	}
	return dirs
}

// TestFileChaos uses few names, so that everything is replaced by everything, from several goroutines.
func TestFileChaos(t *testing.T) {
	for _, test := range []struct {
		name  string
		o     watch.FileOptions
		only  string
		loses int
	}{
		{"tree", watch.FileOptions{Patterns: []string{"tree"}, Recursive: true, Ops: watch.Rename}, "", 0},
		{"all", watch.FileOptions{Patterns: []string{"tree/**"}, Ops: watch.AllOps}, "", 0},
		{"without renames", watch.FileOptions{Patterns: []string{"tree/**"}}, "", 0},
		{"coalesced", watch.FileOptions{Patterns: []string{"tree"}, Recursive: true, Ops: watch.Changes, Coalesce: 3 * time.Millisecond}, "", 0},
		{"lost", watch.FileOptions{Patterns: []string{"tree"}, Recursive: true, Ops: watch.Changes}, "", 5},
		{"lost and coalesced", watch.FileOptions{Patterns: []string{"tree/**"}, Ops: watch.AllOps, Coalesce: time.Millisecond}, "", 5},
		{"names", watch.FileOptions{Patterns: []string{"tree/**/b"}, Ops: watch.Changes}, "/b(/[^/]*)?$", 0},
		{"path", watch.FileOptions{Patterns: []string{"tree/a/b/c"}, Ops: watch.Changes}, "^tree/a/b/c(/[^/]+)?$", 0},
		{"two", watch.FileOptions{Patterns: []string{"tree/a/**", "tree/[bc]/?"}, Ops: watch.Changes}, "^tree/(a/.*|[bc]/.)$", 0},
		{"middle", watch.FileOptions{Patterns: []string{"tree/**/b/**/c"}, Ops: watch.Changes}, "/b/(.*/)?c(/[^/]*)?$", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			var work []func()
			for id := range uint64(3) {
				work = append(work, func() { chaos(rand.New(rand.NewPCG(rand.Uint64(), id)), 300) })
			}
			torture(t, test.o, regexp.MustCompile(test.only), test.loses, work...)
		})
	}
}

// chaos fails in much of what it tries, and that is well.
func chaos(r *rand.Rand, steps int) {
	path := func() string {
		p := "tree"
		for range 1 + r.IntN(3) {
			p += "/" + string(rune('a'+r.IntN(3)))
		}
		return p
	}
	for range steps {
		switch r.IntN(12) {
		case 0, 1, 2:
			_ = os.Mkdir(path(), 0o755)
		case 3, 4:
			_ = os.WriteFile(path(), []byte("x"), 0o644)
		case 5, 6, 7:
			_ = os.Rename(path(), path())
		case 8:
			_ = os.Remove(path())
		case 9:
			_ = os.Symlink("nowhere", path())
		case 10:
			_ = os.Link(path(), path())
		case 11:
			if r.IntN(4) == 0 {
				_ = os.RemoveAll(path())
			}
		}
	}
}
