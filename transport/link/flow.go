package link

import (
	"errors"
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// errNoLoop ends links whose options ask for limits without a loop to time them by.
var errNoLoop = errors.New("limit link: Options.Loop is not set")

// flow is what only a link with limits has: its rates, and how long the peer may be silent.
type flow struct {
	link    *Link
	loop    *reactor.Loop
	in, out pace
	more    reactor.Timer // the rates allow more by then
	quiet   reactor.Timer // the peer may have been silent for too long by then
	resume  func()        // their callbacks, made once
	check   func()
	opened  int64 // in ns of the loop's clock
	active  int64 // when something last went either way
	refused bool  // Send was: OnDrain follows
	heard   bool  // a message came
	err     error // for OnClose, of a link that was closed in good order
}

// limited says whether the options ask for any limit.
func (o *Options) limited() bool {
	return o.Receive != Rate{} || o.Send != Rate{} || o.IdleTimeout > 0 || o.HelloTimeout > 0
}

func newFlow(l *Link, o *Options) *flow {
	f := &flow{link: l, loop: o.Loop, in: newPace(o.Receive), out: newPace(o.Send)}
	f.resume, f.check = f.onMore, f.onQuiet
	return f
}

func (f *flow) now() int64 { return f.loop.Now().UnixNano() }

// open begins to count.
func (f *flow) open() {
	if f.loop == nil {
		f.link.Abort(errNoLoop)
		return
	}
	f.opened = f.now()
	f.active = f.opened
	f.watch()
}

// close ends the timers and tells how the link ended.
func (f *flow) close(err error) error {
	f.more.Cancel()
	f.quiet.Cancel()
	if err == nil {
		return f.err
	}
	return err
}

// touch notes that something went.
func (f *flow) touch() { f.active = f.now() }

// received takes a line of n bytes off the rate.
func (f *flow) received(n int) { f.in.take(f.now(), n) }

// sent takes a line of n bytes off the rate.
func (f *flow) sent(n int) {
	f.active = f.now()
	f.out.take(f.active, n)
}

// maySend says whether the rate allows another message; if not, OnDrain follows.
func (f *flow) maySend() bool {
	wait := f.out.wait(f.now())
	if wait <= 0 {
		return true
	}
	f.refused = true
	f.wake(wait)
	return false
}

// blocked says that nothing is to be read for now. A request that cannot be answered yet is not taken either.
func (f *flow) blocked() bool {
	now := f.now()
	wait := max(f.in.wait(now), f.out.wait(now))
	if wait > 0 {
		f.wake(wait)
	}
	return wait > 0
}

// wake has onMore called after d at the latest.
func (f *flow) wake(d time.Duration) {
	if !f.more.Active() {
		f.more = f.loop.After(d, "rate limit", f.resume)
	}
}

func (f *flow) onMore() {
	l := f.link
	if f.refused && f.out.wait(f.now()) <= 0 && !l.conn.Congested() {
		f.refused = false
		l.drained()
	}
	l.goOn()
	if f.refused && !l.closing {
		f.maySend() // the other rate was nearer
	}
}

// watch arms the timer for the nearest end of patience.
func (f *flow) watch() {
	o := &f.link.shared.options
	var until int64
	if o.IdleTimeout > 0 {
		until = f.active + int64(o.IdleTimeout)
	}
	if hello := f.opened + int64(o.HelloTimeout); o.HelloTimeout > 0 && !f.heard && (until == 0 || hello < until) {
		until = hello
	}
	if until > 0 {
		f.quiet = f.loop.After(time.Duration(until-f.now()), "silent peer", f.check)
	}
}

func (f *flow) onQuiet() {
	o := &f.link.shared.options
	now := f.now()
	switch {
	case o.HelloTimeout > 0 && !f.heard && now-f.opened >= int64(o.HelloTimeout):
		f.end("hello")
	case o.IdleTimeout > 0 && now-f.active >= int64(o.IdleTimeout):
		f.end("idle")
	default:
		f.watch()
	}
}

// end closes the link of a silent peer: in good order unless it does not even take what was sent.
func (f *flow) end(op string) {
	l := f.link
	l.shared.stats.Silent++
	f.err = &transport.OpError{Op: op, Addr: l.conn.Remote(), Err: transport.ErrTimeout}
	if l.conn.Queued() > 0 {
		l.Abort(f.err)
		return
	}
	l.Close()
}
