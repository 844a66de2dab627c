package watch

import (
	"errors"
	"fmt"
	"math"
	"path"
	"slices"
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
)

const (
	// renameWait is how long the second half of a rename may take to come. The kernel queues it right after the first.
	renameWait = 10 * time.Millisecond
	// blindRetry is the pause between tries to watch what could not be watched.
	blindRetry = 10 * time.Second
	// suspectWait is how long a second look is put off while events keep coming.
	suspectWait = time.Second
	// readsPerTurn and looksPerTurn bound the work of one turn of the loop.
	readsPerTurn, looksPerTurn = 4, 64
	// clockSlack is how far the time stamps of files may be behind the clock.
	clockSlack = 20 * time.Millisecond
	// maxChecks bounds the list of names to look at again; more are one look at everything.
	maxChecks = 1024
)

// FileOptions describe a watch to Files. Patterns are required.
type FileOptions struct {
	// Patterns say which paths are meant. Each part between slashes may hold *, ? and [a-z], as in path.Match; ** is any
	// number of directories. A path without wildcards that is, or becomes, a directory means it and its entries.
	Patterns []string
	// Recursive means all that is below what Patterns name, too.
	Recursive bool
	// Ignore are patterns as of path.Match for single names: where a pattern has a wildcard, entries so called, and all that is in
	// them, are taken not to be there, and cost nothing. What a pattern names is not ignored.
	Ignore []string
	// Ops is what to report; 0: Changes. Without Rename, a rename is reported as Delete and Create, if these are asked for.
	Ops Op
	// Coalesce holds events back for so long, and puts those of one path together. 0: each is reported at once.
	Coalesce time.Duration
	// MaxEntries bounds the number of paths that are known at a time, about 200 bytes each; 0: 1,048,576.
	MaxEntries int
	// Name is for people; "": the first pattern.
	Name string
}

// FileWatch reports changes of files.
type FileWatch struct {
	loop    *reactor.Loop
	f       func(FileEvent)
	options FileOptions
	source  reactor.Source
	kernel  inotify
	machine machine
	roots   []*node
	bound   bindings
	count   int // nodes
	closed  bool
	stats   FileStats

	announced bool      // Exists was reported
	initial   error     // the first error of the walk before that
	starting  bool      // that walk is going on
	epoch     uint32    // counts the times that no events were left; what a look found before may come as an event until then
	round     uint32    // counts looks at directories
	drained   time.Time // when no events were left, by the wall clock: files that changed earlier are up to date
	lost      bool      // between Lost and Synced
	since     time.Time // while lost: files changed since then are Updated

	fresh    []*node   // directories to look at
	suspects []*node   // the same, when no events are left
	relinks  []*node   // directories whose links are to be looked at
	waiting  time.Time // since when suspects wait
	checks   []check
	moves    []move
	blind    []*node // to be tried again after a while

	outbox                           outbox
	moveTimer, blindTimer, heldTimer reactor.Timer
}

// FileStats are the figures of a FileWatch.
type FileStats struct {
	Entries  int    // paths known
	Watches  int    // directories and links watched: what counts against max_user_watches
	Events   uint64 // read from the system
	Reported uint64 // given to the callback
	Looks    uint64 // at directories
	Lost     uint64 // overflows
}

// Files has f called on the loop's goroutine for each change of what the patterns mean. It walks them before it returns, which takes
// about a microsecond for each entry and five for each directory, so no change after that is missed; what is there is reported in the
// first turn of the loop, if Exists is asked for. What is missing is waited for, directories above it included.
//
// A path is watched as such, not the file that has it now: files that are replaced, moved and made again are followed, by way of
// watches on their directories, up to the base (/ or the working directory). New directories are watched first and looked at then,
// so that what is made in them meanwhile is reported, with Found, and not reported twice.
//
// When the system drops events, f gets Lost, then the difference to what is found by looking at everything, then Synced.
//
// The error is a *LimitError if the limits of the system or MaxEntries do not suffice; of a pattern that is wrong; or of a base
// that cannot be watched. Later on f gets such errors with Failed, and the watch tries again every 10 s. A directory on the way to
// what is meant that may be passed but not read is no error: the watch looks every 10 s for what it leads to, as it does for the target
// of a link that leads nowhere.
func Files(l *reactor.Loop, f func(FileEvent), o FileOptions) (*FileWatch, error) {
	if len(o.Patterns) == 0 {
		return nil, errors.New("watch files: no patterns")
	}
	if o.Ops &= AllOps; o.Ops == 0 {
		o.Ops = Changes
	}
	if o.MaxEntries <= 0 {
		o.MaxEntries = 1 << 20
	}
	if o.Name == "" {
		o.Name = o.Patterns[0]
	}
	w := &FileWatch{loop: l, f: f, options: o, bound: bindings{}, drained: time.Now()}
	w.machine.known = map[string]*states{}
	for _, text := range o.Patterns {
		list, err := parsePatterns(text, o.Recursive)
		if err != nil {
			return nil, err
		}
		w.machine.patterns = append(w.machine.patterns, list...)
	}
	for _, name := range o.Ignore {
		if _, err := path.Match(name, ""); err != nil {
			return nil, fmt.Errorf("parse pattern %q: %w", name, err)
		}
	}
	w.machine.ignore = o.Ignore
	if len(w.machine.patterns) > math.MaxUint16 {
		return nil, &LimitError{What: limitEntries, Limit: math.MaxUint16, Path: o.Name}
	}
	if err := w.open(); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

func (w *FileWatch) open() (err error) {
	if w.kernel, err = openInotify(w.options.Name); err != nil {
		return err
	}
	w.starting = true
	for _, p := range w.machine.patterns {
		if !slices.ContainsFunc(w.roots, func(n *node) bool { return n.name == p.base }) {
			w.addRoot(p.base)
		}
	}
	for len(w.fresh) > 0 && w.initial == nil {
		w.lookAtFresh()
	}
	w.starting = false
	for range readsPerTurn { // what happened meanwhile was seen, or not, by the walk; what comes later was not
		if empty, _ := w.kernel.read(w.apply); empty {
			w.epoch++
			break
		}
	}
	if w.initial != nil {
		return w.initial
	}
	w.source, err = w.loop.Add(w.kernel.fd, w, reactor.SourceOptions{Name: w.options.Name, Kind: "files", Interest: reactor.Read})
	if err != nil {
		return fmt.Errorf("watch %s: %w", w.options.Name, err)
	}
	w.announced = w.options.Ops&Exists == 0
	w.source.Again()
	return nil
}

func (w *FileWatch) addRoot(base string) {
	n := &node{name: base, flags: isDir | isLink}
	var matches bool
	if n.states, matches = w.machine.start(base); matches {
		n.flags |= isMatch
	}
	w.count++
	w.roots = append(w.roots, n)
	w.lookSoon(n)
}

// Close ends the watch, on the loop's goroutine: f is not called any more. Closing twice is nothing.
func (w *FileWatch) Close() {
	if w.closed {
		return
	}
	w.closed = true
	w.source.Remove()
	w.moveTimer.Cancel()
	w.blindTimer.Cancel()
	w.heldTimer.Cancel()
	w.kernel.close()
	w.roots, w.bound, w.fresh, w.suspects, w.checks, w.moves, w.blind, w.outbox = nil, nil, nil, nil, nil, nil, nil, outbox{}
}

// Stats may be called on the loop's goroutine.
func (w *FileWatch) Stats() FileStats {
	s := w.stats
	s.Entries, s.Watches = w.count, len(w.bound)
	return s
}

// OnReady is for the loop.
func (w *FileWatch) OnReady(reactor.Source, reactor.Interest) {
	w.announce()
	begin := time.Now()
	empty, err := w.readSome()
	w.expireMoves(false)
	if empty {
		w.epoch++
		w.drained = begin
		w.checkNames()
	}
	w.lookAtFresh()
	if empty || w.loop.Now().Sub(w.waiting) > suspectWait {
		w.lookAtSuspects()
	}
	left := len(w.fresh)+len(w.suspects)+len(w.relinks)+len(w.checks) > 0
	if w.lost && empty && !left {
		w.lost = false
		w.report(FileEvent{Op: Synced})
	}
	if err != nil {
		w.report(FileEvent{Op: Failed, Path: w.options.Name, Err: err})
	}
	w.arm(left)
	w.deliver()
	if err != nil {
		w.Close()
	}
}

func (w *FileWatch) readSome() (empty bool, err error) {
	for range readsPerTurn {
		if empty, err = w.kernel.read(w.apply); empty {
			break
		}
	}
	return empty, err
}

// arm sees to it that there is a next turn if there is something to do.
func (w *FileWatch) arm(left bool) {
	if left {
		w.source.Again()
	}
	if len(w.moves) > 0 && !w.moveTimer.Active() {
		w.moveTimer = w.loop.After(renameWait, "rename", w.source.Again)
	}
	if len(w.blind) > 0 && !w.blindTimer.Active() {
		w.blindTimer = w.loop.After(blindRetry, "watch again", w.retryBlind)
	}
	if w.outbox.held() && !w.heldTimer.Active() {
		w.heldTimer = w.loop.After(w.options.Coalesce, "coalesce", func() {
			w.outbox.due = true
			w.source.Again()
		})
	}
}

// OnPanic is for the loop: what is left to deliver is delivered in the next turn.
func (w *FileWatch) OnPanic(reactor.Source, error) { w.source.Again() }
