package watch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
)

// Method is how starts and ends of processes are learned.
type Method uint8

const (
	// AutoMethod is the proc connector where that is permitted, else polling.
	AutoMethod Method = iota
	// Connector is the kernel's proc connector: every start and end, at once, with the exit status. It is for the machine's own
	// name spaces, so not in most containers, and takes CAP_NET_ADMIN before Linux 6.6.
	Connector
	// Polling is a look at /proc every Interval: no permission is needed, and what does not live that long is not seen.
	Polling
)

// ProcessesOptions describe a watch to Processes. The zero value watches all processes.
type ProcessesOptions struct {
	Names    []string      // patterns as of path.Match; empty: all. A script has the name of its file if it was run as such
	PIDs     []int         // only these; empty: all
	Exists   bool          // report what runs already
	Method   Method        // how; 0: AutoMethod
	Interval time.Duration // between looks when polling, and before one that failed is tried again; 0: 1 s, at least 10 ms
	Max      int           // most processes known at a time, about 150 bytes each; more are not reported. 0: 1,048,576
	Proc     string        // where the file system of processes is; "": /proc
	Name     string        // for people; "": "processes"

	// Looked is called once, on the loop's goroutine, when the first look is over and before anything is reported: of what
	// runs from then on the end is known. What ended during the look is not told. It must not block. Nil: nobody asks.
	Looked func()
}

// ProcessesWatch reports starts and ends of processes.
type ProcessesWatch struct {
	loop    *reactor.Loop
	f       func(ProcessEvent)
	options ProcessesOptions
	pool    *Pool
	known   map[int]process
	stats   ProcessesStats
	closed  bool

	connector connector // fd -1: polling
	source    reactor.Source
	timer     reactor.Timer
	scan      *Task
	outbox    []ProcessEvent
	at        int
	again     reactor.Timer
	first     bool                  // the first scan is not over
	partial   map[int]*ProcessWatch // processes whose first thread has ended while others went on: they end when those do
}

// ProcessesStats are the figures of a ProcessesWatch.
type ProcessesStats struct {
	Method   Method // Connector or Polling
	Known    int    // processes
	Events   uint64 // of the kernel
	Scans    uint64 // looks at all processes
	Lost     uint64 // times that events were dropped
	Overflow uint64 // processes that were not noted because of Max
}

// process is what is noted about one that is asked for.
type process struct {
	parent int
	name   string
	start  uint64
}

// Processes has f called on the loop's goroutine for starts and ends of processes: those whose name and number are asked for. The first
// look at what runs happens in the background; it is over in milliseconds and f is not called before. Looked tells of it.
//
// The error is ErrUnsupported if Method is Connector and that is not permitted, or of a pattern that is wrong. If /proc cannot be
// read later on, processes are thought to live on.
func Processes(l *reactor.Loop, f func(ProcessEvent), o ProcessesOptions) (*ProcessesWatch, error) {
	for _, name := range o.Names {
		if _, err := path.Match(name, ""); err != nil {
			return nil, fmt.Errorf("watch processes %q: %w", name, err)
		}
	}
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	o.Interval = max(o.Interval, 10*time.Millisecond)
	if o.Max <= 0 {
		o.Max = 1 << 20
	}
	if o.Proc == "" {
		o.Proc = "/proc"
	}
	if o.Name == "" {
		o.Name = "processes"
	}
	w := &ProcessesWatch{
		loop: l, f: f, options: o, pool: NewPool(l, PoolOptions{Workers: 1}), known: map[int]process{}, first: true,
		connector: connector{fd: -1}, partial: map[int]*ProcessWatch{},
	}
	if err := w.start(); err != nil {
		w.Close()
		return nil, fmt.Errorf("watch processes: %w", err)
	}
	return w, nil
}

func (w *ProcessesWatch) start() (err error) {
	w.stats.Method = Polling
	if w.options.Method != Polling {
		w.connector, err = openConnector()
		switch {
		case err == nil:
			w.stats.Method = Connector
		case w.options.Method == Connector || !errors.Is(err, ErrUnsupported):
			return err
		}
	}
	if w.stats.Method == Connector {
		w.source, err = w.loop.Add(w.connector.fd, w, reactor.SourceOptions{Name: w.options.Name, Kind: "processes"})
		if err != nil {
			return err
		}
	} else {
		w.timer = w.loop.Every(w.options.Interval, w.options.Name, func(int) { w.look() })
	}
	w.look()
	return nil
}

// Stats may be called on the loop's goroutine.
func (w *ProcessesWatch) Stats() ProcessesStats {
	s := w.stats
	s.Known = len(w.known)
	return s
}

// look begins a look at all processes, unless one is under way. Events of the kernel wait for it.
func (w *ProcessesWatch) look() {
	if w.scan != nil || w.closed {
		return
	}
	w.stats.Scans++
	o := &w.options
	w.scan, _ = Run(w.pool, func(ctx context.Context) (map[int]process, error) {
		return scanProcesses(ctx, o)
	}, func(found map[int]process, err error) {
		w.scan = nil
		if w.closed {
			return
		}
		switch {
		case err == nil:
			w.compare(found)
			if w.connector.fd >= 0 {
				_ = w.source.SetInterest(reactor.Read)
			}
		case w.connector.fd >= 0: // its events wait for a look that succeeds
			w.timer = w.loop.After(w.options.Interval, w.options.Name, w.look)
		}
		if looked := w.options.Looked; looked != nil {
			w.options.Looked = nil
			looked()
		}
		w.deliver()
	})
}

// compare reports the difference to what is known.
func (w *ProcessesWatch) compare(found map[int]process) {
	for _, pid := range slices.Sorted(maps.Keys(w.known)) {
		if p, ok := found[pid]; !ok || p.start != w.known[pid].start {
			w.ended(pid, Exit{PID: pid, Code: -1, Err: ErrUnknown}, true)
		}
	}
	for _, pid := range slices.Sorted(maps.Keys(found)) {
		w.noted(pid, found[pid], true)
	}
	w.first = false
}

// noted takes in a process that runs and is asked for.
func (w *ProcessesWatch) noted(pid int, p process, found bool) {
	e := ProcessEvent{Kind: ProcessStarted, PID: pid, Parent: p.parent, Name: p.name, Start: p.start, Found: found}
	old, ok := w.known[pid]
	switch {
	case ok && sameName(old.name, p.name):
		return
	case ok:
		e.Kind, e.Old = ProcessRenamed, old.name
	case len(w.known) >= w.options.Max:
		w.stats.Overflow++
		return
	case w.first:
		e.Kind = ProcessExists
	}
	w.known[pid] = p
	if e.Kind != ProcessExists || w.options.Exists {
		w.outbox = append(w.outbox, e)
	}
}

// ended takes out a process that is known.
func (w *ProcessesWatch) ended(pid int, exit Exit, found bool) {
	p, ok := w.known[pid]
	if !ok {
		return
	}
	delete(w.known, pid)
	w.outbox = append(w.outbox, ProcessEvent{
		Kind: ProcessEnded, PID: pid, Parent: p.parent, Name: p.name, Start: p.start, Found: found, Exit: exit,
	})
}

// deliver calls f. If f panics, the rest follows in the next turn.
func (w *ProcessesWatch) deliver() {
	if len(w.outbox) == 0 {
		return
	}
	w.again = w.loop.After(0, w.options.Name, w.deliver)
	for !w.closed && w.at < len(w.outbox) {
		e := w.outbox[w.at]
		w.at++
		w.f(e)
	}
	w.again.Cancel()
	w.outbox, w.at = nil, 0
}

// Close ends the watch, on the loop's goroutine: f is not called any more. Closing twice is nothing.
func (w *ProcessesWatch) Close() {
	if w.closed {
		return
	}
	w.closed = true
	w.source.Remove()
	w.connector.close()
	w.timer.Cancel()
	w.again.Cancel()
	w.pool.Close()
	for _, p := range w.partial {
		p.Close()
	}
	w.known, w.partial, w.outbox = nil, nil, nil
}
