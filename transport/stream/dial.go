package stream

import (
	"errors"
	"os"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// Target is one place to try.
type Target struct {
	Addr address.Address
	// Open makes a socket and begins to connect it: nil means connected,
	// EINPROGRESS that write readiness will tell, EAGAIN (without a descriptor)
	// that the other side's backlog is full: Open is called again soon.
	Open func() (fd int, err error)
}

// How long one of several targets gets at least, and how often a full backlog
// is tried.
const (
	minAttempt = 2 * time.Second
	retryEvery = 10 * time.Millisecond
)

// dialing is the state of a connection that has no peer yet.
type dialing struct {
	cancel  func() // stops the look-up; may be nil
	targets []Target
	tried   []error
	until   time.Time // for all of it; zero: no end
	attempt time.Time // for the present target
}

// Dial connects to the first of targets that answers, within
// Options.ConnectTimeout. OnOpen or OnClose tells how it went, never from
// inside Dial.
func Dial(l *reactor.Loop, cfg Config, h transport.Handler, targets ...Target) *Conn {
	c := Prepare(l, cfg, h, nil)
	c.Connect(targets...)
	return c
}

// Prepare makes a connection whose targets are still being looked up: Connect
// follows, or Fail. The deadline counts from here. If c ends before, cancel is
// called, unless nil.
func Prepare(l *reactor.Loop, cfg Config, h transport.Handler, cancel func()) *Conn {
	c := newConn(localOf(l), newSettings(cfg), h)
	c.set.dialled = true
	d := &dialing{cancel: cancel}
	c.lazy().dial = d
	if t := c.set.ConnectTimeout; t > 0 {
		d.until = c.loop.Now().Add(t)
		c.deadline(t, func() { c.Fail("look up", transport.ErrTimeout) })
	}
	return c
}

// Connect begins to connect. It does nothing if c has ended meanwhile.
func (c *Conn) Connect(targets ...Target) {
	if c.dialling() {
		c.rare.timer.Cancel()
		c.rare.dial.targets, c.rare.dial.cancel = targets, nil
		c.try()
	}
}

// Fail ends a connection that could not be dialled.
func (c *Conn) Fail(op string, err error) {
	if c.dialling() {
		c.end(&transport.OpError{Op: op, Addr: c.set.remote, Err: err})
	}
}

func (c *Conn) dialling() bool { return c.rare != nil && c.rare.dial != nil }

// try goes on to the next target that does not fail at once.
func (c *Conn) try() {
	d := c.rare.dial
	for len(d.targets) > 0 {
		if d.attempt.IsZero() {
			d.attempt = d.share(c.loop.Now())
		}
		fd, err := d.targets[0].Open()
		if err == unix.EAGAIN {
			if c.late() {
				err = transport.ErrTimeout
			} else {
				c.deadline(retryEvery, c.try)
				return
			}
		}
		if err == nil || err == unix.EINPROGRESS {
			if err = c.start(fd, err == nil); err == nil {
				return
			}
		}
		c.failed(err)
	}
	c.end(c.allFailed())
}

// start watches a socket that connects, or has.
func (c *Conn) start(fd int, done bool) error {
	want := reactor.Write
	if done {
		want = 0
	}
	if err := c.attach(fd, want); err != nil {
		_ = unix.Close(fd)
		return err
	}
	if done {
		c.succeed()
		c.later() // OnOpen must not come from inside Dial
		return nil
	}
	if d := c.rare.dial; !d.attempt.IsZero() {
		c.deadline(d.attempt.Sub(c.loop.Now()), func() { c.next(transport.ErrTimeout) })
	}
	return nil
}

// connected finds out how connecting ended.
func (c *Conn) connected() {
	if !c.dialling() {
		return // OnOpen is on its way
	}
	err := sockaddr.Pending(int(c.fd))
	if err != nil {
		c.next(os.NewSyscallError("connect", err))
		return
	}
	remote, err := sockaddr.Remote(int(c.fd))
	if err != nil {
		return // not yet (ENOTCONN): a spurious wake-up
	}
	if local, err := sockaddr.Local(int(c.fd)); err == nil && local == remote && c.set.scheme.IsIP() {
		c.next(os.NewSyscallError("connect", unix.ECONNREFUSED)) // connected to itself: nobody listens there
		return
	}
	c.succeed()
	c.open()
}

func (c *Conn) succeed() {
	c.set.remote = c.rare.dial.targets[0].Addr
	c.rare.timer.Cancel()
	c.rare = nil
}

// next gives up the present target.
func (c *Conn) next(err error) {
	c.release()
	c.rare.timer.Cancel()
	c.failed(err)
	c.try()
}

// failed notes why the present target did not do.
func (c *Conn) failed(err error) {
	d := c.rare.dial
	d.tried = append(d.tried, &transport.OpError{Op: "connect", Addr: d.targets[0].Addr, Err: err})
	d.targets = d.targets[1:]
	d.attempt = time.Time{}
}

// late says that the present target's time is over.
func (c *Conn) late() bool {
	at := c.rare.dial.attempt
	return !at.IsZero() && !c.loop.Now().Before(at)
}

// share gives the next target its part of the time left.
func (d *dialing) share(now time.Time) time.Time {
	if d.until.IsZero() {
		return time.Time{}
	}
	left := d.until.Sub(now)
	return now.Add(max(0, min(left, max(left/time.Duration(len(d.targets)), minAttempt))))
}

// allFailed is the error of a connection none of whose targets answered.
func (c *Conn) allFailed() error {
	tried := c.rare.dial.tried
	switch len(tried) {
	case 0:
		return &transport.OpError{Op: "connect", Addr: c.set.remote, Err: errors.New("no address to try")}
	case 1:
		return tried[0]
	}
	return &transport.OpError{Op: "connect", Addr: c.set.remote, Err: attempts(tried)}
}

// attempts is several errors on one line.
type attempts []error

func (a attempts) Error() string {
	texts := make([]string, len(a))
	for i, err := range a {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (a attempts) Unwrap() []error { return a }
