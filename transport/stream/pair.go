package stream

import (
	"bytes"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"golang.org/x/sys/unix"
)

// pipeBuf is what the kernel keeps together when several write to one pipe:
// PIPE_BUF, pipe(7).
const pipeBuf = 4096

// pair is the second descriptor of a connection that reads from one and writes
// to another. Only few connections have one, so it is kept with the settings,
// which such a connection has for itself.
type pair struct {
	fd     int
	source reactor.Source
}

// NewPair makes a connection that reads from one descriptor and writes to
// another, which must not be a socket. The end of stream is sent by closing the one
// written to. OnOpen comes at the end of the turn. With an error the
// descriptors are still the caller's.
func NewPair(l *reactor.Loop, in, out int, cfg Config, h transport.Handler) (*Conn, error) {
	cfg.Plain = true
	set := newSettings(cfg)
	c := newConn(localOf(l), set, h)
	if err := c.attach(in); err != nil {
		return nil, err
	}
	src, err := l.Add(out, c, reactor.SourceOptions{Name: set.Name, Kind: set.kind, Background: set.Background})
	if err != nil {
		c.source.Remove()
		return nil, err
	}
	set.pair = &pair{fd: out, source: src}
	c.later()
	return c, nil
}

// outFD is the descriptor that is written to.
func (c *Conn) outFD() int {
	if c.set.pair != nil {
		return c.set.pair.fd
	}
	return int(c.fd)
}

// setInterest watches each descriptor for its own direction.
func (c *Conn) setInterest(want reactor.Interest) error {
	p := c.set.pair
	if p == nil {
		return c.source.SetInterest(want)
	}
	if p.fd >= 0 {
		if err := p.source.SetInterest(want & reactor.Write); err != nil {
			return err
		}
	}
	return c.source.SetInterest(want & reactor.Read)
}

// releaseOut closes the second descriptor, if there is one.
func (c *Conn) releaseOut() {
	if p := c.set.pair; p != nil && p.fd >= 0 {
		p.source.Remove()
		c.giveBack(p.fd)
		p.fd = -1
	}
}

func (c *Conn) giveBack(fd int) {
	if c.set.release != nil {
		c.set.release(fd)
		return
	}
	_ = unix.Close(fd)
}

// state is what a connection of one direction begins with: the other one is over.
func (w Way) state() state {
	switch w {
	case In:
		return finWanted | finSent
	case Out:
		return eof
	}
	return 0
}

// lookForReader ends a connection that is only written to when nobody reads any
// more. It is an error if that one left something unread.
func (c *Conn) lookForReader() {
	fds := []unix.PollFd{{Fd: c.fd}}
	if _, err := unix.Poll(fds, 0); err != nil || fds[0].Revents&(unix.POLLERR|unix.POLLHUP) == 0 {
		return
	}
	unread, err := unix.IoctlGetInt(int(c.fd), unix.TIOCINQ)
	if c.out == nil && err == nil && unread == 0 {
		c.end(nil)
		return
	}
	c.breakWrite(unix.EPIPE)
}

// hears says that the queue of a closed connection still goes out and what
// comes meanwhile is discarded: a peer that answers as it reads would else stop reading.
func (c *Conn) hears() bool { return c.set.hearOut && c.is(closing) && !c.is(eof|lingering|broken) }

// hearOut discards what comes while the queue goes out.
func (c *Conn) hearOut() {
	switch _, more, over := c.discard(); {
	case over:
		c.state |= eof
	case more:
		c.source.Again()
	}
}

// piece is the part of p to write at once where others write too: at most what
// the kernel keeps together, up to the end of a line, but whole lines: a longer
// one goes by itself, and may be torn.
func piece(p []byte) []byte {
	if len(p) <= pipeBuf {
		return p
	}
	if i := bytes.LastIndexByte(p[:pipeBuf], '\n'); i >= 0 {
		return p[:i+1]
	}
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		return p[:i+1]
	}
	return p
}

// call names the system call in an error.
func (c *Conn) call(socket, plain string) string {
	if c.set.plain {
		return plain
	}
	return socket
}
