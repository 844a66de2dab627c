package reactor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

var (
	// ErrClosed is returned by every call that needs a loop which Close has ended.
	ErrClosed = errors.New("loop is closed")
	// ErrRunning is returned by Run when the loop runs already, and by Close while it runs.
	ErrRunning = errors.New("loop is running")
	// ErrFull is returned by Post when Options.PostLimit functions wait.
	ErrFull = errors.New("too many posted functions wait")
	// ErrGone is returned when a source that was removed is changed.
	ErrGone = errors.New("source was removed")
)

// bufferSize is what one read can take: large enough that a busy peer's socket buffer is emptied by one call.
const bufferSize = 128 << 10

// Options are the settings of a Loop. The zero value is good.
type Options struct {
	Name         string        // for logs and the messages of ownership checks
	Logger       *slog.Logger  // hears of handler panics; nil: slog.Default()
	PostsPerTurn int           // most posted functions run in one turn; 0: 1024
	PostLimit    int           // most posted functions waiting, beside those that a turn has taken; more is ErrFull; 0: 1,048,576
	Spin         time.Duration // busy polling before each blocking wait: half the latency for a whole core; 0: none
}

// Loop is one event loop. It and all on it belong to the goroutine that calls Run, and before Run to the one that made
// it; Post, PostWait and OnLoop may be called from anywhere.
type Loop struct {
	options Options
	log     *slog.Logger
	verify  bool          // ED_VERIFY=1: check the calling goroutine
	owner   atomic.Uint64 // goroutine inside Run; 0: none

	poll  poller
	inbox inbox
	posts posts
	timed timers

	places  places
	enabled int     // sources that keep the loop alive
	always  []ref   // sources that epoll refuses: regular files
	again   []ref   // sources with work left over
	ready   []ready // this turn's, in order
	at      int     // next in ready
	ahead   int     // those before have fetched
	mixed   bool    // ready is not in order of priority yet
	renewed uint64  // the turn in which the epoll was exchanged last

	before, after hooks
	enders        enders

	base     time.Time    // all times below are nanoseconds since then, on the monotonic clock
	ticks    func() int64 // another clock, in tests
	now      int64        // when the current callback began
	pace     pace
	limit    int64 // when this turn began: timers up to it are due
	looked   int64 // when the sources were looked at last
	cur      current
	holds    int
	stopping bool
	inside   bool         // what runs is a callback, and mark comes after it
	direct   bool         // inside, and the goroutine is not to be checked
	over     *atomic.Bool // the context of the current Run has ended
	buffer   []byte
	locals   map[any]any // of other packages: Local
	stats    tally
}

// New makes a loop with its epoll and event descriptors. Close gives them back.
func New(o Options) (*Loop, error) {
	if o.PostsPerTurn <= 0 {
		o.PostsPerTurn = 1024
	}
	if o.PostLimit <= 0 {
		o.PostLimit = 1 << 20
	}
	l := &Loop{options: o, log: o.Logger, verify: os.Getenv("ED_VERIFY") == "1", base: time.Now()}
	if l.log == nil {
		l.log = slog.Default()
	}
	if err := l.poll.open(); err != nil {
		return nil, fmt.Errorf("make loop: %w", err)
	}
	l.inbox.limit, l.inbox.wakeFD = o.PostLimit, l.poll.wakeFD
	l.timed.init()
	if !steadyCycles() {
		l.pace.since = noPace
	}
	wakeRuntime()
	return l, nil
}

// wakeRuntime has the Go runtime open the descriptors that its first timer needs. It gives up the whole process if it finds none
// left then, and how many there are is up to the peers of a service.
func wakeRuntime() { time.AfterFunc(time.Hour, func() {}).Stop() }

// Close gives the loop's own descriptors back and forgets sources, timers and posted functions. Descriptors of sources
// are not closed: they belong to whoever added them. A running loop is not closed: ErrRunning. Closing twice is nothing.
func (l *Loop) Close() error {
	first, err := l.inbox.close()
	if err != nil || !first {
		return err
	}
	for id := range uint32(l.places.made) {
		l.freeSlot(id)
	}
	l.always, l.again, l.ready, l.at, l.ahead = nil, nil, nil, 0, 0
	l.before, l.after, l.enders, l.posts = hooks{}, hooks{}, enders{}, posts{}
	l.timed.close()
	return l.poll.close()
}

// Run turns the loop on the calling goroutine until nothing is left that could wake it, or Stop, or the end of ctx.
// It returns nil, except for context.Cause(ctx) when ctx ended, ErrRunning when the loop runs already (also from inside
// a callback), ErrClosed, and the error of a broken epoll. A loop may run again afterwards.
func (l *Loop) Run(ctx context.Context) error {
	if err := l.inbox.start(); err != nil {
		return err
	}
	l.owner.Store(goroutine())
	defer func() {
		l.enter(false)
		l.settle(l.clock()) // nothing, unless a callback has ended the goroutine
		l.owner.Store(0)
		l.inbox.end()
	}()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	over := new(atomic.Bool)
	l.over = over
	release := context.AfterFunc(ctx, func() {
		over.Store(true)
		l.inbox.wake()
	})
	defer release()

	l.now = l.exact()
	l.enter(true)
	l.takeUp()
	for {
		l.work()
		switch {
		case l.stopping:
			l.stopping = false
			return nil
		case over.Load():
			return context.Cause(ctx)
		case !l.alive():
			return nil
		}
		if err := l.wait(); err != nil {
			return fmt.Errorf("run loop: %w", err)
		}
		l.serve()
	}
}

// takeUp goes on with a turn whose goroutine a callback has ended, by runtime.Goexit. Who waits for a callback then would
// wait for ever: what it is for may be taken from the kernel already.
func (l *Loop) takeUp() {
	if l.enders.next < len(l.enders.flushing) {
		l.callEnders()
	}
	if l.at < len(l.ready) {
		l.guard((*Loop).runReady)
	}
}

// enter begins or ends what runs callbacks.
func (l *Loop) enter(inside bool) { l.inside, l.direct = inside, inside && !l.verify }

// Stop makes Run return nil before the next wait. The other sources found ready in this turn still get their callback
// and the Later queue is flushed, but no further timer or posted function runs. Called outside Run, it ends the next
// Run. From another goroutine: Post(l.Stop).
func (l *Loop) Stop() {
	l.check("Stop")
	l.stopping = true
}

// Hold keeps the loop alive for work that goes on elsewhere and whose result will be posted. Each Hold needs one Release.
func (l *Loop) Hold() {
	l.check("Hold")
	l.holds++
}

// Release takes one Hold back.
func (l *Loop) Release() {
	l.check("Release")
	if l.holds > 0 {
		l.holds--
	} else if l.verify {
		panic("reactor: Release without Hold")
	}
}

// Buffer is one large buffer that all handlers share. Its contents are good until the current callback returns.
func (l *Loop) Buffer() []byte {
	l.check("Buffer")
	if l.buffer == nil {
		l.buffer = make([]byte, bufferSize)
	}
	return l.buffer
}

// Now is the time at which the current callback began, with a monotonic reading; for a posted function it may be that of
// one of the fifteen before. It costs no system call. It is for spans: the date in it is that of New and the time since,
// whoever has set the clock, and without what the machine slept. For a date use time.Now.
func (l *Loop) Now() time.Time { return l.base.Add(time.Duration(l.now)) }

// Name is the name given in Options.
func (l *Loop) Name() string { return l.options.Name }

// clock reads the monotonic clock: nanoseconds since the loop was made.
func (l *Loop) clock() int64 {
	if l.ticks != nil {
		return l.ticks()
	}
	return int64(time.Since(l.base))
}

// alive says whether anything is left that could wake the loop or that it still has to do.
func (l *Loop) alive() bool {
	return l.enabled > 0 || l.timed.wheel.pending > 0 || l.holds > 0 || l.busy()
}

// busy says whether the next turn has work already, so that it must not wait.
func (l *Loop) busy() bool {
	return len(l.again) > 0 || l.enders.waiting() || l.posts.waiting() || l.inbox.some.Load()
}
