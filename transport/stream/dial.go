package stream

import (
	"errors"
	"os"
	"slices"
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

// How long a target has to itself before the next one is tried as well (RFC
// 8305 section 5), and how often a full backlog is tried.
const (
	headStart  = 250 * time.Millisecond
	retryEvery = 10 * time.Millisecond
)

// dialing is the state of a connection that has no peer yet. Its targets race:
// the first to connect wins.
type dialing struct {
	cancel  func()     // stops the look-up; may be nil
	targets []Target   // not tried yet
	running []*attempt // being tried
	tried   []error
	until   time.Time     // for all of it; zero: no end
	next    reactor.Timer // the next target's turn
}

// attempt is one target being tried.
type attempt struct {
	Target
	fd     int // -1 while the other side's backlog is full
	source reactor.Source
	retry  reactor.Timer
}

// release gives up what an attempt holds.
func (a *attempt) release() {
	a.retry.Cancel()
	if a.fd >= 0 {
		a.source.Remove()
		_ = unix.Close(a.fd)
		a.fd = -1
	}
}

// release gives up all attempts but the one that won.
func (d *dialing) release(won *attempt) {
	d.next.Cancel()
	for _, a := range d.running {
		if a != won {
			a.release()
		}
	}
	d.running = nil
}

// Dial connects to the targets within Options.ConnectTimeout: to the first
// one, 250 ms later or when that failed to the second as well, and so on; the
// first that answers is taken. OnOpen or OnClose tells how it went, never from
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
	if !c.dialling() {
		return
	}
	d := c.rare.dial
	d.targets, d.cancel = targets, nil
	if c.try(); c.dialling() && !d.until.IsZero() {
		c.deadline(d.until.Sub(c.loop.Now()), c.tooLate)
	}
}

// Fail ends a connection that could not be dialled.
func (c *Conn) Fail(op string, err error) {
	if c.dialling() {
		c.end(&transport.OpError{Op: op, Addr: c.set.remote, Err: err})
	}
}

func (c *Conn) dialling() bool { return c.rare != nil && c.rare.dial != nil }

// try begins with the next target that does not fail at once.
func (c *Conn) try() {
	d := c.rare.dial
	d.next.Cancel()
	for len(d.targets) > 0 {
		a := &attempt{Target: d.targets[0], fd: -1}
		d.targets = d.targets[1:]
		connected, err := c.begin(a)
		switch {
		case err != nil:
			d.failed(a, err)
			continue
		case connected:
			return
		}
		d.running = append(d.running, a)
		if len(d.targets) > 0 {
			d.next = c.loop.After(headStart, c.set.Name, c.try)
		}
		return
	}
	if len(d.running) == 0 {
		c.end(c.allFailed())
	}
}

// begin opens the socket of a and watches it.
func (c *Conn) begin(a *attempt) (connected bool, err error) {
	fd, err := a.Open()
	switch err {
	case nil:
		if err = c.attach(fd); err != nil {
			_ = unix.Close(fd)
			return false, err
		}
		c.succeed(a)
		c.later() // OnOpen must not come from inside Dial
		return true, nil
	case unix.EAGAIN:
		a.retry = c.loop.After(retryEvery, c.set.Name, func() { c.again(a) })
		return false, nil
	case unix.EINPROGRESS:
		src, err := c.loop.Add(fd, c, reactor.SourceOptions{Name: c.set.Name, Kind: c.set.kind, Interest: reactor.Write, Background: c.set.Background})
		if err != nil {
			_ = unix.Close(fd)
			return false, err
		}
		a.fd, a.source = fd, src
		return false, nil
	}
	return false, err
}

// again tries a full backlog once more.
func (c *Conn) again(a *attempt) {
	if _, err := c.begin(a); err != nil {
		c.lost(a, err)
	}
}

// connected finds out how an attempt ended.
func (c *Conn) connected(src reactor.Source) {
	if !c.dialling() {
		return // OnOpen is on its way
	}
	d := c.rare.dial
	i := slices.IndexFunc(d.running, func(a *attempt) bool { return a.source == src })
	if i < 0 {
		return
	}
	a := d.running[i]
	if err := sockaddr.Pending(a.fd); err != nil {
		c.lost(a, os.NewSyscallError("connect", err))
		return
	}
	remote, err := sockaddr.Remote(a.fd)
	switch {
	case err == unix.ENOTCONN:
		return // not yet: a spurious wake-up
	case err != nil:
		c.lost(a, os.NewSyscallError("getpeername", err))
		return
	}
	if local, err := sockaddr.Local(a.fd); err == nil && local == remote && c.set.scheme.IsIP() {
		c.lost(a, os.NewSyscallError("connect", unix.ECONNREFUSED)) // connected to itself: nobody listens there
		return
	}
	c.fd, c.source, c.watched = int32(a.fd), a.source, reactor.Write
	c.succeed(a)
	c.open()
}

// succeed ends the race.
func (c *Conn) succeed(a *attempt) {
	c.rare.dial.release(a)
	c.set.remote = a.Addr
	c.rare.timer.Cancel()
	c.rare = nil
}

// lost ends one attempt; the next target's turn has come.
func (c *Conn) lost(a *attempt, err error) {
	d := c.rare.dial
	a.release()
	d.running = slices.DeleteFunc(d.running, func(r *attempt) bool { return r == a })
	d.failed(a, err)
	c.try()
}

// failed notes why a target did not do.
func (d *dialing) failed(a *attempt, err error) {
	d.tried = append(d.tried, &transport.OpError{Op: "connect", Addr: a.Addr, Err: err})
}

// tooLate ends the race without a winner.
func (c *Conn) tooLate() {
	d := c.rare.dial
	for _, a := range d.running {
		d.failed(a, transport.ErrTimeout)
	}
	c.end(c.allFailed())
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
