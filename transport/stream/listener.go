package stream

import (
	"os"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// acceptBudget is how many connections a listener takes in one turn.
const acceptBudget = 64

// Listener is a transport.Listener over a descriptor.
type Listener struct {
	loop    *local
	set     *settings
	accept  transport.Accept
	closed  func()
	source  reactor.Source
	stats   transport.ListenerStats
	current *Conn // being opened; for OnPanic
	raw     sockaddr.Raw
	fd      int
	reserve int // a descriptor to give up when there is no other (starve.go)
	retry   reactor.Timer
	logged  time.Time
	silent  int // complaints since then
}

// Listen accepts connections on a descriptor that is bound and listening.
// With an error the descriptor is still the caller's.
func Listen(l *reactor.Loop, fd int, cfg Config, accept transport.Accept) (*Listener, error) {
	ln := &Listener{loop: localOf(l), set: newSettings(cfg), accept: accept, closed: cfg.Closed, fd: fd, reserve: reserve()}
	ln.set.listener = ln
	ln.stats.Opened = ln.loop.Now()
	src, err := l.Add(fd, ln, reactor.SourceOptions{Name: ln.set.Name, Kind: ln.set.kind + " listener", Interest: reactor.Read,
		Background: ln.set.Background})
	if err != nil {
		ln.giveReserve()
		return nil, &transport.OpError{Op: "listen", Addr: cfg.Local, Err: err}
	}
	ln.source = src
	return ln, nil
}

// OnReady implements reactor.Handler.
func (l *Listener) OnReady(reactor.Source, reactor.Interest) {
	for range acceptBudget {
		fd, err := sockaddr.Accept(l.fd, &l.raw)
		switch err {
		case nil:
			l.take(fd)
		case unix.EAGAIN:
			return
		case unix.EINTR:
		case unix.EMFILE, unix.ENFILE:
			if !l.shed(err) {
				return
			}
		case unix.ECONNABORTED, unix.EPROTO, unix.EPERM, unix.ENETDOWN, unix.ENOPROTOOPT, unix.EHOSTDOWN,
			unix.ENONET, unix.EHOSTUNREACH, unix.EOPNOTSUPP, unix.ENETUNREACH:
			l.stats.Aborted++ // errors of the connection, not ours: accept(2)
		default:
			l.wait(err)
			return
		}
		if l.fd < 0 {
			return // closed by a callback
		}
	}
	l.source.Again()
}

// take makes a connection of an accepted descriptor.
func (l *Listener) take(fd int) {
	if l.set.MaxConns > 0 && l.stats.Open >= l.set.MaxConns {
		l.stats.Refused++
		_ = unix.Close(fd)
		return
	}
	c := newConn(l.loop, l.set, nil)
	if err := c.attach(fd); err != nil {
		l.stats.Failed++
		l.stats.LastError = err
		l.complain("connection cannot be watched", err)
		_ = unix.Close(fd)
		return
	}
	c.name(&l.raw)
	l.stats.Open++
	l.current = c
	if c.h = l.accept(c); c.h == nil {
		l.refuse(c)
	} else if l.stats.Accepted++; !c.is(dead) {
		c.open()
	}
	l.current = nil
}

// name keeps the address of an accepted peer.
func (c *Conn) name(r *sockaddr.Raw) {
	if ap, ok := r.AddrPort(); ok {
		if c.ip, c.port = ap.Addr().As16(), ap.Port(); c.port == 0 || ap.Addr().Zone() != "" {
			c.lazy().remote = address.FromAddrPort(c.set.scheme, ap)
		}
	} else if path := r.Path(); path != "" && c.set.scheme.IsUnix() {
		c.lazy().remote = address.FromUnix(c.set.scheme, path)
	}
}

// refuse closes a connection that has no handler to tell.
func (l *Listener) refuse(c *Conn) {
	l.stats.Refused++
	c.end(nil)
	c.state |= ended
	l.gone()
}

// OnPanic implements reactor.Panicker: a panic while a connection was opened
// ends that connection.
func (l *Listener) OnPanic(_ reactor.Source, err error) {
	c := l.current
	l.current = nil
	switch {
	case c == nil:
	case c.h == nil: // in Accept
		l.refuse(c)
	default:
		c.OnPanic(c.source, err)
	}
}

// gone counts the end of a connection.
func (l *Listener) gone() { l.stats.Open-- }

// Addr implements transport.Listener.
func (l *Listener) Addr() address.Address { return l.set.local }

// Stats implements transport.Listener.
func (l *Listener) Stats() transport.ListenerStats { return l.stats }

// Close implements transport.Listener.
func (l *Listener) Close() error {
	if l.fd < 0 {
		return nil
	}
	l.source.Remove()
	l.retry.Cancel()
	err := os.NewSyscallError("close", unix.Close(l.fd))
	l.fd = -1
	l.giveReserve()
	if l.closed != nil {
		l.closed()
	}
	if err != nil {
		return &transport.OpError{Op: "close", Addr: l.set.local, Err: err}
	}
	return nil
}
