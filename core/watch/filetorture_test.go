package watch_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/reactor"
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
func torture(t *testing.T, o watch.FileOptions, work ...func()) watch.FileStats {
	l := newLoop(t)
	got := view{}
	var errs []error
	o.Ops |= watch.Changes | watch.Exists
	w, err := watch.Files(l, func(e watch.FileEvent) {
		if e.Path == "tree" {
			return
		}
		if err := got.apply(e); err != nil {
			errs = append(errs, err)
		}
	}, o)
	require.NoError(t, err)
	defer w.Close()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	done := watch.NewDone(l, func(int) {
		l.BeforeWait(func() {
			if w.Idle() {
				l.Stop()
			}
		})
		l.Every(time.Millisecond, "look", func(int) {})
	})
	var all sync.WaitGroup
	for _, f := range work {
		all.Go(f)
	}
	go func() {
		all.Wait()
		_ = done.Signal()
	}()
	require.NoError(t, l.Run(ctx))
	require.Empty(t, w.Check())
	want := walk(t, "tree")
	require.Empty(t, diff(want, got))
	require.Empty(t, errs)
	require.Equal(t, len(want), w.Stats().Entries-2) // . and tree
	return w.Stats()
}

func TestFileTorture(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("tree", 0o755))
	const each = 500
	var work []func()
	for i := range 4 {
		work = append(work, func() { build(t, i, each) })
	}
	stats := torture(t, watch.FileOptions{Patterns: []string{"tree"}, Recursive: true}, work...)
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
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Chdir(t.TempDir())
			require.NoError(t, os.Mkdir("tree", 0o755))
			var work []func()
			for id := range uint64(3) {
				work = append(work, func() { chaos(rand.New(rand.NewPCG(seed, id)), 300) })
			}
			torture(t, watch.FileOptions{Patterns: []string{"tree"}, Recursive: true}, work...)
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
		switch r.IntN(10) {
		case 0, 1, 2:
			_ = os.Mkdir(path(), 0o755)
		case 3, 4:
			_ = os.WriteFile(path(), []byte("x"), 0o644)
		case 5, 6, 7:
			_ = os.Rename(path(), path())
		case 8:
			_ = os.Remove(path())
		case 9:
			if r.IntN(4) == 0 {
				_ = os.RemoveAll(path())
			}
		}
	}
}

var _ = maps.Keys[map[string]bool]
var _ reactor.Interest
