package control

import (
	"context"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/inspect"
)

// FollowOptions say whom to watch. The zero value watches every service that we may.
type FollowOptions struct {
	Targets []string // names of services, processes, NAME.PID, paths or addresses of sockets; empty: all there are
	Watch   inspect.WatchOptions
	// Window is how long a record is kept back for records of other services, or of longer handlers, that are older. 0 is
	// 50 ms.
	Window time.Duration
	// Rescan is how often to look for services that came, or came again. 0 is 250 ms.
	Rescan time.Duration
}

// maxWindow is how many items are kept back at most.
const maxWindow = 1 << 16

// State says what happened to a service that is followed.
type State uint8

const (
	None     State = iota // nothing: the item is a record or a loss
	Attached              // it is watched from here on
	Detached              // it has gone, or closed the connection: what it does until it is Attached again is not seen
	Refused               // it cannot be watched; Err says why, once until it changes
)

func (s State) String() string {
	return [...]string{"", "attached", "detached", "refused"}[min(s, Refused)]
}

// Followed is something that a service did.
type Followed struct {
	From   Socket
	Record *inspect.Record
	Lost   *Loss
	State  State
	Err    error         // of Refused, and of Detached when it was not the orderly end
	Gap    time.Duration // of Attached: how long it was not seen; 0 the first time
	At     time.Time     // when it came here
}

// Feed is the records of many services in the order of their times. Its methods may be called from any goroutine.
type Feed struct {
	options FollowOptions
	items   chan Followed // in the order in which they come
	out     chan Followed // in that of their times
	local   bool          // all that is watched is on this machine, whose processes share a clock
	cancel  context.CancelFunc
	running sync.WaitGroup

	finishing context.Context // ends with Finish
	finish    context.CancelFunc
	short     atomic.Bool // something was left behind

	mu       sync.Mutex
	attached map[address.Address]Socket
	refused  map[address.Address]refused
	seen     map[string]time.Time     // name of a service -> when it was last seen; for gaps
	known    map[address.Address]bool // was attached once; only for addresses that were given
}

// refused is a socket that could not be watched.
type refused struct {
	text  string
	until time.Time
}

// Follow begins to watch. What it reads waits, when nobody calls Next, until the services drop and count their records.
// Close must be called at the end, or ctx end.
func Follow(ctx context.Context, o FollowOptions) *Feed {
	if o.Window <= 0 {
		o.Window = 50 * time.Millisecond
	}
	if o.Rescan <= 0 {
		o.Rescan = 250 * time.Millisecond
	}
	ctx, cancel := context.WithCancel(ctx)
	f := &Feed{options: o, items: make(chan Followed, 256), out: make(chan Followed), cancel: cancel,
		attached: map[address.Address]Socket{}, refused: map[address.Address]refused{}, seen: map[string]time.Time{}, known: map[address.Address]bool{}}
	f.finishing, f.finish = context.WithCancel(ctx)
	f.local = !slices.ContainsFunc(o.Targets, func(target string) bool {
		s, ok := Place(target)
		return ok && !s.Addr.IsLocal()
	})
	f.running.Add(2)
	go f.scan(ctx)
	go f.merge(ctx)
	return f
}

// Next waits for the next item. It returns io.EOF after Close, and the cause of ctx when that ends.
func (f *Feed) Next(ctx context.Context) (Followed, error) {
	select {
	case i, ok := <-f.out:
		if !ok {
			return Followed{}, io.EOF
		}
		return i, nil
	case <-ctx.Done():
		return Followed{}, context.Cause(ctx)
	}
}

// C is the channel that Next reads, closed at the end, for those who wait for other things, too.
func (f *Feed) C() <-chan Followed { return f.out }

// finishTime is how long Finish waits for what the services have seen.
const finishTime = 5 * time.Second

// Finish ends the watching, but loses nothing: what the services saw until now still comes, what of it they did not keep comes as
// lost, and then C is closed. That takes five seconds at most, and Whole tells whether it was enough; Close has to be called all
// the same.
func (f *Feed) Finish() {
	f.finish()
	time.AfterFunc(finishTime, f.cancel)
}

// Whole says, after Finish and when C is closed, that all came, or was told as lost.
func (f *Feed) Whole() bool { return !f.short.Load() }

// Close ends the watching and waits until all is let go.
func (f *Feed) Close() {
	f.cancel()
	f.running.Wait()
}

// Attached lists the services that are watched now.
func (f *Feed) Attached() []Socket {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]Socket, 0, len(f.attached))
	for _, s := range f.attached {
		all = append(all, s)
	}
	sortSockets(all)
	return all
}

// Find lists the sockets that the targets mean now, and the targets that mean none; no targets mean all there are. An
// address is taken as it is, whether somebody listens there or not. A socket that was found may be one that a killed process left,
// whose number another has: to connect to it shows that.
func Find(targets []string) (found []Socket, missing []string) {
	return Match(discover(), targets)
}

// Match is Find among the sockets given, such as those of Discover.
func Match(all []Socket, targets []string) (found []Socket, missing []string) {
	if len(targets) == 0 {
		return all, nil
	}
	have := map[address.Address]bool{}
	add := func(s Socket) {
		if !have[s.Addr] {
			have[s.Addr] = true
			found = append(found, s)
		}
	}
	for _, target := range targets {
		if s, ok := Place(target); ok {
			add(s)
			continue
		}
		any := false
		for _, s := range all {
			if s.Matches(target) {
				any = true
				add(s)
			}
		}
		if !any {
			missing = append(missing, target)
		}
	}
	return found, missing
}
