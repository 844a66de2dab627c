package watch_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/watch"
)

var update = flag.Bool("update", false, "write what was reported into the scripts")

// TestFileScripts does what the scripts in testdata/files say, in an empty directory, and compares what is reported with
// what comes after "Output:". Commands:
//
//	watch [-r] [-ops LIST] [-coalesce] [-max N] [-ignore NAME,...] PATTERN...
//	touch write append chmod mkdir rm rmdir mv ln cat exchange: as in a shell, one step at a time; mkdir has -p, rm -r, ln -s
//	settle   runs the loop until everything is reported
//	lose     settles, and makes the watch believe that events were dropped
//
// The loop runs at settle and at the end only: what comes before happens before the watch can look.
func TestFileScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/files/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		path, err := filepath.Abs(file)
		require.NoError(t, err)
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			commands, want, ok := strings.Cut(string(text), "Output:\n")
			require.True(t, ok, "no Output:")
			scratch(t)
			s := &fileScript{t: t, loop: newLoop(t), view: map[string]bool{}}
			for line := range strings.SplitSeq(commands, "\n") {
				s.do(line)
			}
			s.settle()
			s.w.Close()
			got := strings.Join(s.events, "")
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(commands+"Output:\n"+got), 0o644))
				return
			}
			require.Equal(t, want, got)
		})
	}
}

type fileScript struct {
	t      *testing.T
	loop   *reactor.Loop
	w      *watch.FileWatch
	events []string
	view   map[string]bool
}

func (s *fileScript) do(line string) {
	s.t.Helper()
	line, _, _ = strings.Cut(line, "#")
	args := strings.Fields(line)
	if len(args) == 0 {
		return
	}
	var err error
	switch args[0] {
	case "watch":
		s.watch(args[1:])
	case "settle":
		s.settle()
	case "lose":
		s.settle()
		s.w.Lose()
	case "loser": // what happens meanwhile is what is lost
		s.w.Lose()
	default:
		err = do(args)
	}
	require.NoError(s.t, err, line)
}

func (s *fileScript) watch(args []string) {
	o := watch.FileOptions{}
	flags := flag.NewFlagSet("watch", flag.ContinueOnError)
	ops := flags.String("ops", "changes", "")
	flags.BoolVar(&o.Recursive, "r", false, "")
	flags.IntVar(&o.MaxEntries, "max", 0, "")
	coalesce := flags.Bool("coalesce", false, "")
	ignore := flags.String("ignore", "", "")
	require.NoError(s.t, flags.Parse(args))
	o.Patterns = flags.Args()
	if *ignore != "" {
		o.Ignore = strings.Split(*ignore, ",")
	}
	if *coalesce {
		o.Coalesce = 5 * time.Millisecond
	}
	var err error
	o.Ops, err = watch.ParseOps(*ops)
	require.NoError(s.t, err)
	s.w, err = watch.Files(s.loop, func(e watch.FileEvent) {
		text := e.String()
		if e.Dir {
			text += "/"
		}
		if e.Found {
			text += " (found)"
		}
		s.events = append(s.events, text+"\n")
	}, o)
	require.NoError(s.t, err)
}

func (s *fileScript) settle() {
	s.t.Helper()
	runUntil(s.t, s.loop, s.w.Idle)
	require.Empty(s.t, s.w.Check())
}

// do is a small shell.
func do(args []string) error {
	switch a := args[1:]; strings.Join(args[:min(2, len(args))], " ") {
	case "mkdir -p":
		return os.MkdirAll(a[1], 0o755)
	case "rm -r":
		return os.RemoveAll(a[1])
	case "ln -s":
		return os.Symlink(a[1], a[2])
	}
	switch a := args[1:]; args[0] {
	case "touch":
		f, err := os.OpenFile(a[0], os.O_CREATE, 0o644)
		if err != nil {
			return err
		}
		return f.Close()
	case "write":
		return os.WriteFile(a[0], []byte("text"), 0o644)
	case "append":
		f, err := os.OpenFile(a[0], os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = f.WriteString("more")
		return slices.MaxFunc([]error{err, f.Close()}, func(a, b error) int { return boolInt(a != nil) - boolInt(b != nil) })
	case "cat":
		_, err := os.ReadFile(a[0])
		return err
	case "chmod":
		return os.Chmod(a[0], 0o700)
	case "mkdir":
		return os.Mkdir(a[0], 0o755)
	case "rm", "rmdir":
		return os.Remove(a[0])
	case "mv":
		return os.Rename(a[0], a[1])
	case "ln":
		return os.Link(a[0], a[1])
	case "exchange":
		return unix.Renameat2(unix.AT_FDCWD, a[0], unix.AT_FDCWD, a[1], unix.RENAME_EXCHANGE)
	}
	return fmt.Errorf("no such command: %q", args)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
