package control

import (
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/secret"
)

// addTables fills the catalog with what every process has.
func (c *Control) addTables() error {
	tables := []inspect.Table{
		c.process(), c.loopTable(), c.slow(), c.sources(), c.timers(),
		c.connections(), c.commandTable(), c.dispatcher(), c.queues(), c.watches(),
	}
	for _, t := range append(tables, c.options.Tables...) {
		if _, err := c.catalog.Add(t); err != nil {
			return err
		}
	}
	return nil
}

// process is the one row that ed top shows of each service.
func (c *Control) process() inspect.Table {
	version := c.options.Version
	if version == "" {
		version = buildVersion()
	}
	argv := strings.Join(hideSecrets(os.Args), " ")
	user := proc.UserName(uint32(os.Geteuid()))
	return inspect.Table{
		Name: "process", Title: "the process",
		Columns: []inspect.Column{
			{Name: "name", Key: true}, {Name: "pid", Key: true}, {Name: "version"}, {Name: "go"}, {Name: "user"},
			{Name: "started", Unit: inspect.Time}, {Name: "uptime", Kind: inspect.Gauge, Unit: inspect.Seconds},
			{Name: "cpu", Kind: inspect.Counter, Unit: inspect.Seconds, Help: "processor time of all threads"},
			{Name: "rss", Kind: inspect.Gauge, Unit: inspect.Bytes, Help: "memory in use"},
			{Name: "heap", Kind: inspect.Gauge, Unit: inspect.Bytes, Help: "memory of live and dead objects"},
			{Name: "collections", Kind: inspect.Counter, Help: "runs of the garbage collector"},
			{Name: "goroutines", Kind: inspect.Gauge}, {Name: "threads", Kind: inspect.Gauge},
			{Name: "fds", Kind: inspect.Gauge, Help: "open descriptors"}, {Name: "fd_limit", Kind: inspect.Gauge},
			{Name: "links", Kind: inspect.Gauge, Help: "connections of the service"},
			{Name: "watchers", Kind: inspect.Gauge}, {Name: "command_line"},
		},
		Fill: func(w *inspect.Writer) {
			r := w.Row().Text(c.options.Name).Int(int64(os.Getpid())).Text(version).Text(runtime.Version()).Text(user)
			r.Time(c.began).Duration(time.Since(c.began))
			u, err := c.system.Usage(os.Getpid())
			if err == nil {
				r.Duration(u.User + u.System)
			} else {
				r.Skip()
				u = proc.Usage{RSS: -1, Threads: -1, FDs: -1}
			}
			heap, collections := memory()
			number(r, u.RSS)
			r.Uint(heap).Uint(collections).Int(int64(runtime.NumGoroutine()))
			number(r, int64(u.Threads))
			number(r, int64(u.FDs))
			if l, err := proc.FDLimit(); err == nil {
				r.Uint(l.Soft)
			} else {
				r.Skip()
			}
			r.Int(int64(c.countLinks())).Int(int64(len(c.tracer.Watchers()))).Text(argv)
		},
	}
}

// number sets a cell to one that is negative where it is not known.
func number(r *inspect.Row, n int64) {
	if n < 0 {
		r.Skip()
	} else {
		r.Int(n)
	}
}

// hideSecrets takes what an option with a secret is given out of a command line.
func hideSecrets(argv []string) []string {
	var shown []string
	hide := false
	for _, arg := range argv {
		name, _, given := strings.Cut(arg, "=")
		private := secret.Is([]byte(strings.ReplaceAll(name, "-", "_")))
		switch {
		case hide:
			arg = secret.Hidden
		case private && given:
			arg = name + "=" + secret.Hidden
		}
		hide = private && !given && strings.HasPrefix(arg, "-")
		shown = append(shown, arg)
	}
	return shown
}

// buildVersion is the version of the main module, or the revision that it was built from.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(len(s.Value), 12)]
		}
	}
	return info.Main.Version
}

func (c *Control) loopTable() inspect.Table {
	counter := func(name, help string) inspect.Column {
		return inspect.Column{Name: name, Kind: inspect.Counter, Help: help}
	}
	seconds := func(name, help string) inspect.Column {
		return inspect.Column{Name: name, Kind: inspect.Counter, Unit: inspect.Seconds, Help: help}
	}
	return inspect.Table{
		Name: "loop", Title: "the event loop",
		Columns: []inspect.Column{
			{Name: "name", Key: true}, counter("turns", ""), counter("events", "callbacks of sources"),
			seconds("busy", "time in callbacks"), seconds("waiting", "time in waits"),
			{Name: "slowest", Kind: inspect.Gauge, Unit: inspect.Seconds, Help: "longest callback since the start"}, {Name: "slowest_name"},
			counter("panics", ""), counter("stale", "events of sources that went in the same turn"),
			counter("posts", "functions from other goroutines"), counter("refused", "posts for which there was no room"), counter("wakes", ""),
			{Name: "sources", Kind: inspect.Gauge}, {Name: "enabled", Kind: inspect.Gauge}, {Name: "holds", Kind: inspect.Gauge},
			{Name: "timers", Kind: inspect.Gauge, Help: "pending"}, counter("fired", "timers"), counter("missed", "ticks left out because the loop was late"),
		},
		Fill: func(w *inspect.Writer) {
			s := c.loop.Stats()
			w.Row().Text(c.loop.Name()).Uint(s.Turns).Uint(s.Events).Duration(s.Busy).Duration(s.Waiting).
				Duration(s.Slowest).Text(s.SlowestName).Uint(s.Panics).Uint(s.Stale).Uint(s.Posts).Uint(s.Refused).Uint(s.Wakes).
				Int(int64(s.Sources)).Int(int64(s.Enabled)).Int(int64(s.Holds)).
				Int(int64(s.TimersPending)).Uint(s.TimersFired).Uint(s.TimersMissed)
		},
	}
}

func (c *Control) slow() inspect.Table {
	return inspect.Table{
		Name: "slow", Title: "callbacks that took 100 µs or longer, the slowest first",
		Columns: []inspect.Column{
			{Name: "name", Key: true}, {Name: "longest", Kind: inspect.Gauge, Unit: inspect.Seconds},
			{Name: "count", Kind: inspect.Counter}, {Name: "total", Kind: inspect.Counter, Unit: inspect.Seconds},
			{Name: "age", Kind: inspect.Gauge, Unit: inspect.Seconds, Help: "since the last of them"},
		},
		Fill: func(w *inspect.Writer) {
			for _, s := range c.loop.Slow() {
				w.Row().Text(s.Name).Duration(s.Most).Uint(s.Count).Duration(s.Total).Duration(s.Age)
			}
		},
	}
}

func (c *Control) sources() inspect.Table {
	return inspect.Table{
		Name: "sources", Title: "descriptors that the loop watches",
		Columns: []inspect.Column{
			{Name: "fd", Key: true}, {Name: "kind"}, {Name: "name"}, {Name: "interest", Help: "read, write, both or none"},
			{Name: "enabled", Unit: inspect.Flag}, {Name: "priority", Kind: inspect.Gauge, Help: "0 comes first"},
			{Name: "age", Kind: inspect.Gauge, Unit: inspect.Seconds}, {Name: "events", Kind: inspect.Counter},
		},
		Open: func() func(w *inspect.Writer) bool {
			at := 0
			return func(w *inspect.Writer) bool {
				at = c.loop.EachSource(at, inspect.PieceRows, func(s reactor.SourceInfo) {
					w.Row().Int(int64(s.FD)).Text(s.Kind).Text(s.Name).Text(interest(s.Interest)).
						Bool(s.Enabled).Int(int64(s.Priority)).Duration(s.Age).Uint(s.Events)
				})
				return at != 0
			}
		},
	}
}

func interest(i reactor.Interest) string {
	switch i {
	case reactor.Read:
		return "read"
	case reactor.Write:
		return "write"
	case reactor.Read | reactor.Write:
		return "both"
	}
	return "none"
}

func (c *Control) timers() inspect.Table {
	return inspect.Table{
		Name: "timers", Title: "pending timers",
		Columns: []inspect.Column{
			{Name: "name", Key: true}, {Name: "kind", Help: "once, date or interval"},
			{Name: "due", Kind: inspect.Gauge, Unit: inspect.Seconds, Help: "from now; negative: overdue"},
			{Name: "interval", Kind: inspect.Gauge, Unit: inspect.Seconds},
		},
		Open: func() func(w *inspect.Writer) bool {
			at := 0
			return func(w *inspect.Writer) bool {
				at = c.loop.EachTimer(at, inspect.PieceRows, func(t reactor.TimerInfo) {
					r := w.Row().Text(t.Name).Text(t.Kind).Duration(t.Due)
					if t.Span > 0 {
						r.Duration(t.Span)
					}
				})
				return at != 0
			}
		},
	}
}

func (c *Control) watches() inspect.Table {
	return inspect.Table{
		Name: "watches", Title: "who watches the messages",
		Columns: []inspect.Column{
			{Name: "watch", Key: true}, {Name: "filter"}, {Name: "matched", Kind: inspect.Counter}, {Name: "sent", Kind: inspect.Counter},
			{Name: "dropped_slow", Kind: inspect.Counter, Help: "the watcher did not read"},
			{Name: "dropped_rate", Kind: inspect.Counter, Help: "more than it asked for in a second"},
			{Name: "queued", Kind: inspect.Gauge}, {Name: "queued_bytes", Kind: inspect.Gauge, Unit: inspect.Bytes},
			{Name: "limit", Kind: inspect.Gauge, Unit: inspect.Bytes},
		},
		Fill: func(w *inspect.Writer) {
			for _, v := range c.tracer.Watchers() {
				s, o := v.Stats(), v.Options()
				w.Row().Uint(v.ID()).Text(strings.Join(o.Filter, " or ")).Uint(s.Matched).Uint(s.Sent).
					Uint(s.Dropped.Slow).Uint(s.Dropped.Rate).Int(int64(s.Queued)).Int(int64(s.Bytes)).Int(int64(o.Queue))
			}
		},
	}
}
