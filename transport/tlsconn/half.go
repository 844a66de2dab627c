package tlsconn

import (
	"io"
	"net"
	"os"
	"time"

	"github.com/ed-toolbox/ed/transport"
)

// half is the net.Conn that crypto/tls has in place of a socket. During the handshake it passes everything to the
// exchange, on the handshake's goroutine. From then on it belongs to the loop: it never blocks, and an empty one says
// that the read deadline has passed, after which a net.Conn, and so a tls.Conn, can be read again.
type half struct {
	shake *exchange // set before the handshake's goroutine begins, nil once it has ended
	c     *Conn
	in    []byte // ciphertext not yet read: borrowed in OnData, else the rest that keep copied
	ended bool   // the connection below has nothing more
	name  peerName
}

// Read implements net.Conn.
func (h *half) Read(p []byte) (int, error) {
	switch {
	case h.shake != nil:
		return h.shake.read(p)
	case len(h.in) > 0:
		n := copy(p, h.in)
		h.in = h.in[n:]
		return n, nil
	case !h.ended:
		return 0, os.ErrDeadlineExceeded
	case h.c.set.config.options.AllowTruncation:
		return 0, io.EOF // crypto/tls takes it for the end unless it is inside a record
	default:
		return 0, errCut
	}
}

// Write implements net.Conn.
func (h *half) Write(p []byte) (int, error) {
	if h.shake != nil {
		return h.shake.write(p)
	}
	if err := h.c.send(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// feed adds p, which stays borrowed unless something is there already.
func (h *half) feed(p []byte) {
	if len(h.in) == 0 {
		h.in = p
		return
	}
	h.in = append(h.in, p...)
}

// keep copies what was borrowed and is not read.
func (h *half) keep() {
	if len(h.in) == 0 {
		h.in = nil
		return
	}
	h.in = append([]byte(nil), h.in...)
}

// Close and the methods below implement net.Conn; crypto/tls calls them, and needs nothing of them. Its handshake is
// ended by the exchange, and the connection by Conn.
func (h *half) Close() error                     { return nil }
func (h *half) SetDeadline(time.Time) error      { return nil }
func (h *half) SetReadDeadline(time.Time) error  { return nil }
func (h *half) SetWriteDeadline(time.Time) error { return nil }
func (h *half) LocalAddr() net.Addr              { return peerName("") }
func (h *half) RemoteAddr() net.Addr             { return h.name }

// peerName is the address under which crypto/tls remembers sessions with servers that it knows no name of.
type peerName string

func (peerName) Network() string  { return "tls" }
func (n peerName) String() string { return string(n) }

// send takes ciphertext from crypto/tls. While a piece is encrypted its records are gathered, so that they go out in one
// write; all else goes to the connection below at once.
func (c *Conn) send(p []byte) error {
	if c.is(sealing) {
		c.loop.cipher = append(c.loop.cipher, p...)
		return nil
	}
	return c.give(p)
}

// give hands ciphertext to the connection below.
func (c *Conn) give(p []byte) error {
	if c.is(broken | dead) {
		return transport.ErrClosed
	}
	if err := c.below.Write(p); err != nil {
		c.state |= broken
		if err != transport.ErrClosed { // else the connection below tells in its own time
			c.below.Abort(c.fault("write", err))
		}
		return err
	}
	c.given += uint64(len(p))
	return nil
}
