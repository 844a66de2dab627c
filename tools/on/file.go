package on

import (
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// defaultCoalesce makes one event of a file that is created, written and closed at once.
const defaultCoalesce = 50 * time.Millisecond

func fileCommand(env *toolkit.Env) *cli.Command {
	return kind(env, &cli.Command{
		Name:      "file",
		Aliases:   []string{"files"},
		Usage:     "act when files change",
		ArgsUsage: "PATTERN ...",
		Description: `ed on file 'etc/**/*.conf' --send unix:/run/x.sock 'svc/RELOAD path={{.Path}}'
			ed on file 'src/**/*.go' --debounce 100ms --busy restart --now -- go run .
			ed on file /run/app.pid --events create --once --timeout 30s
			ed on file spool --events create,rename --json | jq -r .path`,
		Flags: []cli.Flag{
			toolkit.WordsFlag("events", []string{"e"}, "changes", fileEvents(), "act on these: `LIST` of create, delete, rename, updated, write, attrib, read, access"),
			&cli.BoolFlag{Name: "exists", Usage: "act on what is there already, too"},
			&cli.BoolFlag{Name: "recursive", Aliases: []string{"R"}, Usage: "and on all that is below"},
			&cli.StringSliceFlag{Name: "ignore", Aliases: []string{"i"}, Usage: "leave out names that match `GLOB`, and what is in them"},
			&cli.BoolFlag{Name: "no-hidden", Usage: "leave out names that begin with a dot"},
			toolkit.DurationFlag("coalesce", nil, defaultCoalesce, "put changes of one path within `DUR` together"),
		},
	}, readFile)
}

// fileSource watches files.
type fileSource struct {
	options watch.FileOptions
	exists  bool // what is there when we begin is an event
	run     *run
	watch   *watch.FileWatch
	found   int // paths that were there
}

func readFile(c *cli.Context) (source, error) {
	patterns, err := toolkit.Operands(c, 1, -1, "a path or pattern")
	if err != nil {
		return nil, err
	}
	var all []string
	for _, p := range patterns {
		expanded, ok := expandBraces(p)
		if !ok {
			return nil, toolkit.Errorf(toolkit.Usage, "pattern %q stands for more than %d", toolkit.Escape(p), maxPatterns)
		}
		if slices.Contains(expanded, "") {
			return nil, toolkit.Errorf(toolkit.Usage, "a pattern is empty")
		}
		all = append(all, expanded...)
	}
	ops, err := readOps(toolkit.StringOf(c, "events"))
	if err != nil {
		return nil, err
	}
	s := &fileSource{exists: c.Bool("exists") || ops&watch.Exists != 0}
	s.options = watch.FileOptions{
		Patterns: all, Recursive: c.Bool("recursive"), Ops: ops | watch.Exists, // to know whether a pattern means anything
		Ignore: c.StringSlice("ignore"), Coalesce: toolkit.DurationOf(c, "coalesce"), Name: strings.Join(patterns, " "),
	}
	for _, g := range s.options.Ignore {
		if _, err := path.Match(g, ""); err != nil || strings.Contains(g, "/") {
			return nil, toolkit.Errorf(toolkit.Usage, "option --ignore: %q is no pattern of one name", toolkit.Escape(g))
		}
	}
	if c.Bool("no-hidden") {
		s.options.Ignore = append(s.options.Ignore, ".*")
	}
	return s, nil
}

// fileEvents are the words of --events.
func fileEvents() []string {
	return []string{"create", "delete", "rename", "updated", "write", "attrib", "read", "access", "exists", "changes", "all"}
}

// readOps reads --events. What other tools call these events is understood, too.
func readOps(text string) (watch.Op, error) {
	var ops watch.Op
	for name := range strings.SplitSeq(text, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		switch name {
		case "modify", "modified", "update", "close_write", "close-write", "changed":
			name = "updated"
		case "created", "new":
			name = "create"
		case "deleted", "remove", "removed":
			name = "delete"
		case "move", "moved", "renamed":
			name = "rename"
		case "attribute", "attributes":
			name = "attrib"
		}
		op, err := watch.ParseOps(name)
		if err != nil {
			err := toolkit.Errorf(toolkit.Usage, "option --events: there is no event %q of files", toolkit.Escape(name))
			return 0, toolkit.WithHint(err, "there are %s", strings.Join(fileEvents(), ", "))
		}
		ops |= op
	}
	return ops, nil
}

func (s *fileSource) start(r *run) (err error) {
	s.run = r
	s.watch, err = watch.Files(r.loop, s.changed, s.options)
	if _, ok := errors.AsType[*watch.LimitError](err); ok {
		return toolkit.As(toolkit.Temporary, err)
	}
	if err != nil {
		if toolkit.KindOf(err) == toolkit.Other {
			return toolkit.As(toolkit.Usage, err)
		}
		return err
	}
	stats := s.watch.Stats()
	r.out.Say("watching %s", toolkit.Escape(s.options.Name))
	r.out.Detail(1, "%d paths known, %d directories watched", stats.Entries, stats.Watches)
	r.timers = append(r.timers, r.loop.After(s.options.Coalesce+100*time.Millisecond, "nothing there", func() {
		if s.found == 0 {
			r.out.Say("nothing matches yet%s", s.advice())
		}
	}))
	return nil
}

// advice is for those whose pattern means something else than they think.
func (s *fileSource) advice() string {
	for _, p := range s.options.Patterns {
		if strings.HasPrefix(p, "~") {
			return "; ~ is no home directory where no shell has replaced it"
		}
	}
	return ""
}

// changed takes an event of the watch.
func (s *fileSource) changed(w watch.FileEvent) {
	r := s.run
	switch {
	case w.Op&watch.Failed != 0:
		r.out.Warn("%s", toolkit.Escape(w.Err.Error()))
	case w.Op&watch.Lost != 0:
		r.out.Warn("the system dropped events; what changed meanwhile follows")
	case w.Op&watch.Unmounted != 0:
		r.out.Warn("the file system with %s is gone", toolkit.Escape(w.Path))
	}
	if w.Op&watch.Exists != 0 {
		s.found++
		if !s.exists {
			w.Op &^= watch.Exists
		}
	}
	if w.Op &= watch.AllOps; w.Op == 0 {
		return
	}
	p := safePath(w.Path)
	e := &event{Kind: kindFile, Event: w.Op.String(), Path: p, Name: path.Base(p), Dir: w.Dir, Count: 1}
	if w.Old != "" {
		e.Old = safePath(w.Old)
	}
	r.happened(e)
}

func (s *fileSource) close() {
	if s.watch != nil {
		s.watch.Close()
	}
}

func (s *fileSource) missing() string { return "" }
