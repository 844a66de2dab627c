package pipe

import (
	"cmp"
	"os"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/inode"
	"github.com/ed-toolbox/ed/transport/stream"
	"golang.org/x/sys/unix"
)

// retryAfter is how long a listener waits that could not open its FIFO anew.
const retryAfter = 100 * time.Millisecond

// Listener reads a FIFO. What it accepts is not one writer, but all from the
// first byte to the end of the last.
//
// An open FIFO whose writers have gone is ready for ever (EPOLLHUP), and only
// opening it again ends that. So each connection has an open file of its own; anchor
// stays open meanwhile, so that there always is a reader and nothing is lost between.
type Listener struct {
	loop   *reactor.Loop
	addr   address.Address
	opts   transport.Options
	accept transport.Accept
	file   *inode.File // nil: the FIFO was there
	anchor int         // -1: closed
	fd     int         // watched while nobody writes; -1: a connection has it
	source reactor.Source
	conn   *stream.Conn
	retry  reactor.Timer
	stats  transport.ListenerStats
}

// Listen reads a FIFO, which it makes if there is none. accept gets a
// connection whenever somebody begins to write. If it refuses one, what that
// one brings is read and dropped.
func Listen(l *reactor.Loop, a address.Address, o transport.Options, accept transport.Accept) (transport.Listener, error) {
	o = o.WithDefaults()
	ln := &Listener{loop: l, addr: a, opts: o, accept: accept, anchor: -1, fd: -1}
	ln.stats.Opened = l.Now()
	err := ln.open()
	if err == nil {
		err = ln.arm()
	}
	if err != nil {
		_ = ln.Close()
		return nil, &transport.OpError{Op: "listen", Addr: a, Err: err}
	}
	return ln, nil
}

// open makes the anchor.
func (l *Listener) open() (err error) {
	if l.file, err = create(l.addr, l.opts); err != nil {
		return err
	}
	if l.anchor, err = openFIFO(l.addr.Path, unix.O_RDONLY); err != nil {
		return err
	}
	// Two readers would each get some of the lines. The lock is only among us; file systems without locks are left alone.
	if unix.Flock(l.anchor, unix.LOCK_EX|unix.LOCK_NB) == unix.EWOULDBLOCK {
		return &InUseError{l.addr.Path}
	}
	return nil
}

// arm waits for the next writer.
func (l *Listener) arm() (err error) {
	if l.fd, err = reopen(l.anchor, unix.O_RDONLY); err != nil {
		return err
	}
	l.source, err = l.loop.Add(l.fd, l, reactor.SourceOptions{Name: l.name(), Kind: "fifo listener", Interest: reactor.Read,
		Background: l.opts.Background})
	if err != nil {
		_ = unix.Close(l.fd)
		l.fd = -1
	}
	return err
}

func (l *Listener) name() string { return cmp.Or(l.opts.Name, l.addr.String()) }

// again arms the listener after a connection, and keeps trying.
func (l *Listener) again() {
	if l.anchor < 0 {
		return
	}
	if err := l.arm(); err != nil {
		l.stats.Failed++
		l.stats.LastError = err
		l.opts.Logger.Warn("cannot open the FIFO again", "listener", l.name(), "error", err)
		l.retry = l.loop.After(retryAfter, l.name(), l.again)
	}
}

// disarm gives back the open file of the wait.
func (l *Listener) disarm() {
	if l.fd >= 0 {
		l.source.Remove()
		_ = unix.Close(l.fd)
		l.fd = -1
	}
}

// OnReady implements reactor.Handler: somebody wrote, or came and went.
func (l *Listener) OnReady(reactor.Source, reactor.Interest) {
	if n, err := unix.IoctlGetInt(l.fd, unix.TIOCINQ); err == nil && n == 0 {
		l.disarm()
		l.again()
		return
	}
	fd := l.fd
	l.source.Remove()
	l.fd = -1
	cfg := stream.Config{Options: l.opts, Scheme: address.FIFO, Local: l.addr, Remote: l.addr, Plain: true, Way: stream.In, ToEnd: true, Release: l.release}
	c, err := stream.New(l.loop, fd, cfg, refused{})
	if err != nil {
		_ = unix.Close(fd)
		l.stats.Failed++
		l.stats.LastError = err
		l.retry = l.loop.After(retryAfter, l.name(), l.again)
		return
	}
	l.conn = c
	l.stats.Open++
	l.stats.Refused++ // also if accept panics
	if h := l.accept(c); h != nil {
		l.stats.Refused--
		l.stats.Accepted++
		c.SetHandler(h)
	}
}

// release is called with the descriptor of a connection that ends.
func (l *Listener) release(fd int) {
	if l.conn.Stats().BytesIn == 0 {
		// Closed unread: what came would at once be the next connection's, and so on.
		_, _ = unix.Read(fd, make([]byte, 64<<10))
	}
	_ = unix.Close(fd)
	l.conn = nil
	l.stats.Open--
	l.again()
}

// Addr implements transport.Listener.
func (l *Listener) Addr() address.Address { return l.addr }

// Stats implements transport.Listener.
func (l *Listener) Stats() transport.ListenerStats { return l.stats }

// Close implements transport.Listener. A connection that is open goes on to its end.
func (l *Listener) Close() error {
	l.retry.Cancel()
	l.disarm()
	var err error
	if l.anchor >= 0 {
		err = os.NewSyscallError("close", unix.Close(l.anchor))
		l.anchor = -1
	}
	l.file.Remove()
	l.file = nil
	if err != nil {
		return &transport.OpError{Op: "close", Addr: l.addr, Err: err}
	}
	return nil
}

// refused drops what comes, to the end.
type refused struct{}

func (refused) OnOpen(transport.Conn)         {}
func (refused) OnData(transport.Conn, []byte) {}
func (refused) OnDrain(transport.Conn)        {}
func (refused) OnClose(transport.Conn, error) {}
