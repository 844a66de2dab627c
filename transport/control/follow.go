package control

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
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
// address is taken as it is, whether somebody listens there or not.
func Find(targets []string) (found []Socket, missing []string) {
	all := Discover()
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

// scan looks for services again and again, and has each watched.
func (f *Feed) scan(ctx context.Context) {
	defer f.running.Done()
	defer close(f.items)
	tick := time.NewTicker(f.options.Rescan)
	defer tick.Stop()
	var attachments sync.WaitGroup
	defer attachments.Wait()
	for {
		found, _ := Find(f.options.Targets)
		for _, s := range found {
			if f.begin(s) {
				attachments.Go(func() { f.attach(ctx, s) })
			}
		}
		select {
		case <-tick.C:
		case <-f.finishing.Done():
			return
		}
	}
}

// begin says whether a socket is to be watched, and notes that it is.
func (f *Feed) begin(s Socket) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, on := f.attached[s.Addr]; on || time.Now().Before(f.refused[s.Addr].until) {
		return false
	}
	f.attached[s.Addr] = s
	return true
}

// attach watches one socket until its end.
func (f *Feed) attach(ctx context.Context, s Socket) {
	name, err := f.follow(ctx, s)
	f.mu.Lock()
	delete(f.attached, s.Addr)
	if name != "" {
		f.seen[name] = time.Now()
		if s.given {
			f.known[s.Addr] = true
		}
		delete(f.refused, s.Addr)
	}
	news := false
	if name == "" && ctx.Err() == nil {
		news = f.refused[s.Addr].text != err.Error() && !(IsAbsent(err) && (!s.given || f.known[s.Addr]))
		f.refused[s.Addr] = refused{err.Error(), time.Now().Add(time.Second)}
	}
	f.mu.Unlock()
	if news {
		f.put(ctx, Followed{From: s, State: Refused, Err: err})
	}
}

// IsAbsent says that err is how a process looks that has gone or is not there yet: no news for one that was found by its
// name.
func IsAbsent(err error) bool {
	for _, sign := range []error{io.EOF, syscall.ENOENT, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, sign) {
			return true
		}
	}
	return false
}

// dialTimeout is how long a process may take to answer: one that stands still is refused.
const dialTimeout = 5 * time.Second

// follow returns the name of the service, "" when it could not be watched, and why it ended.
func (f *Feed) follow(ctx context.Context, s Socket) (string, error) {
	begin, cancel := context.WithTimeoutCause(ctx, dialTimeout, ErrSilent)
	defer cancel()
	c, err := Dial(begin, s.Addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	reply, err := c.Do(begin, f.options.Watch.Message())
	if err != nil {
		return "", err
	}
	name, _ := reply.Get("name")
	if pid, err := reply.Int("pid"); err == nil {
		s.PID = int(pid)
	}
	if s.Name == "" {
		s.Name = name
	}
	f.put(ctx, Followed{From: s, State: Attached, Gap: f.note(s)})
	got := uint64(0)
	for {
		i, err := c.Next(f.finishing)
		switch {
		case err != nil && f.finishing.Err() != nil && ctx.Err() == nil:
			err := f.rest(ctx, c, s, got)
			if err != nil {
				f.short.Store(true)
			}
			return s.Name, err
		case err != nil:
			if ctx.Err() == nil {
				if errors.Is(err, io.EOF) {
					err = nil
				}
				f.put(ctx, Followed{From: s, State: Detached, Err: err})
			}
			return s.Name, err
		case i.Record != nil || i.Lost != nil:
			got += i.messages()
			f.put(ctx, Followed{From: s, Record: i.Record, Lost: i.Lost})
		}
	}
}

// messages is how many of the service an item stands for.
func (i *Item) messages() uint64 {
	switch {
	case i.Record != nil:
		return 1
	case i.Lost != nil:
		return i.Lost.Sum()
	}
	return 0
}

// rest ends the watch of a service, of which so many messages have come, and takes what is on its way. The answer says how many
// there were: those that do not come are lost.
func (f *Feed) rest(ctx context.Context, c *Client, s Socket, got uint64) error {
	if err := c.Send(message.New("UNWATCH")); err != nil {
		return err
	}
	for {
		i, err := c.Next(ctx)
		switch {
		case err != nil:
			return err
		case i.Record != nil || i.Lost != nil:
			got += i.messages()
			f.put(ctx, Followed{From: s, Record: i.Record, Lost: i.Lost})
		case i.Message != nil && i.Message.Command() == "UNWATCHED":
			all, err := i.Message.Uint("matched")
			if err == nil && all > got {
				f.put(ctx, Followed{From: s, Lost: &Loss{Lost: inspect.Lost{Slow: all - got}, Total: all - got}})
			}
			return err
		}
	}
}

// note remembers what the socket turned out to be, and says how long the service was gone.
func (f *Feed) note(s Socket) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attached[s.Addr] = s
	if last, ok := f.seen[s.Name]; ok {
		delete(f.seen, s.Name)
		return time.Since(last)
	}
	return 0
}

func (f *Feed) put(ctx context.Context, i Followed) {
	i.At = time.Now()
	select {
	case f.items <- i:
	case <-ctx.Done():
	}
}
