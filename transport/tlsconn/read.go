package tlsconn

import (
	"errors"
	"io"
	"net"
	"os"

	"github.com/ed-toolbox/ed/transport"
)

// readable says that the handler wants what the peer sends.
func (c *Conn) readable() bool {
	return c.is(isOpen) && !c.is(paused|eof|closing|dead)
}

// Pause implements transport.Conn.
func (c *Conn) Pause() {
	c.state |= paused
	if c.is(isOpen) {
		c.below.Pause()
	}
}

// Resume implements transport.Conn.
func (c *Conn) Resume() {
	c.state &^= paused
	if !c.is(isOpen) {
		return
	}
	c.below.Resume()
	if c.is(unread) {
		c.later()
	}
}

// arrived takes ciphertext, which is borrowed.
func (c *Conn) arrived(p []byte) {
	switch {
	case c.is(shaking):
		if c.half.shake.feed(p) {
			c.below.Pause()
		}
	case c.is(isOpen) && !c.is(eof|closing|dead):
		c.half.feed(p)
		c.read()
		c.half.keep()
		c.limitClose()
	}
}

// cut deals with the end of the connection below.
func (c *Conn) cut() {
	c.half.ended = true
	if c.is(shaking) {
		c.half.shake.fail(io.EOF)
		return
	}
	c.state |= unread
	c.read()
	c.limitClose()
}

// read decrypts and hands over what there is, a large batch at a time. Whatever is left when the handler does not want
// more stays where it is: crypto/tls is asked again by the next read.
func (c *Conn) read() {
	for c.readable() {
		n, err := c.decrypt()
		if n > 0 {
			c.in += uint64(n)
			c.reads++
			c.state |= busy
			c.h.OnData(c, c.loop.plain[:n])
			c.state &^= busy
			c.settle()
		}
		switch {
		case err == nil:
		case !c.readable():
		case err == os.ErrDeadlineExceeded: // there is nothing more
			c.state &^= unread
			return
		case err == io.EOF:
			c.endOfStream()
		default:
			c.broke(err)
		}
	}
	c.state |= unread
}

// decrypt fills the loop's buffer as far as it can.
func (c *Conn) decrypt() (n int, err error) {
	for buf := c.loop.plain; n < len(buf) && err == nil; {
		var k int
		k, err = c.tls.Read(buf[n:])
		n += k
	}
	return n, err
}

// endOfStream deals with the peer's end of stream. The replies still queued go out before anything is closed.
func (c *Conn) endOfStream() {
	c.state |= eof
	e, ok := c.h.(transport.EOFHandler)
	if !ok {
		c.Close()
	} else {
		c.state |= busy
		e.OnEOF(c)
		c.state &^= busy
	}
	c.settle()
}

// broke ends a connection that cannot be read from any more. After a cut the peer may still listen: what is queued for
// it goes out.
func (c *Conn) broke(err error) {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		c.err = c.fault("read", err)
		c.state |= closing
		c.settle()
		return
	}
	// An alert that comes before any data is about the handshake: a server looks at the client's certificate when the
	// client is done already.
	op := "read"
	var alert *net.OpError
	if c.in == 0 && errors.As(err, &alert) && alert.Op == "remote error" {
		op = "handshake"
	}
	c.fail(op, err)
}
