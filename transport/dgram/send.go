package dgram

import (
	"os"

	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// send sends one packet now.
func (c *Conn) send(p []byte, raw *sockaddr.Raw) unix.Errno {
	raw = c.target(raw)
	again := false
	for {
		switch errno := sockaddr.SendTo(c.fd, p, raw); {
		case errno == unix.EINTR:
		case (errno == unix.ECONNREFUSED || errno == unix.ENOTCONN) && raw == nil && !again:
			// A Unix receiver that restarted has a new socket. The system forgets the old one when it says so: from the next packet
			// on we are not connected.
			again = true
			if err := sockaddr.Connect(c.fd, &c.to); err != nil {
				return unix.ECONNREFUSED
			}
		default:
			if errno == 0 {
				c.stats.PacketsOut++
				c.stats.BytesOut += uint64(len(p))
			}
			return errno
		}
	}
}

// flushBatches sends as many packets as there are by each call.
func (c *Conn) flushBatches() {
	var doubt unix.Errno // an error that may belong to an earlier packet: the first one was tried again
	for c.queue.len() > 0 {
		n, errno := c.sendBatch()
		if n > 0 {
			for i := range c.queue.waiting()[:n] {
				c.stats.BytesOut += uint64(c.queue.waiting()[i].n)
			}
			c.stats.PacketsOut += uint64(n)
			c.queue.pop(n)
			doubt = 0
			continue
		}
		k := &c.queue.waiting()[0]
		switch {
		case errno == unix.EINTR:
		case errno == unix.EAGAIN:
			c.block()
			return
		case errno == unix.ECONNREFUSED && doubt != errno:
			doubt = errno
			c.report(c.opError("send", os.NewSyscallError("sendmmsg", errno)))
		case errno == unix.EACCES && doubt != errno && c.cfg.Permit != nil && c.cfg.Permit(c.fd, c.address(&k.to)):
			doubt = errno
		default:
			c.report(c.sendError(&k.to, errno))
			c.queue.pop(1)
			doubt = 0
		}
	}
}

// sendBatch makes one call for the packets at the head of the queue. One alone goes
// by sendto, which costs less.
func (c *Conn) sendBatch() (int, unix.Errno) {
	list := c.queue.waiting()
	if len(list) == 1 {
		if errno := sockaddr.SendTo(c.fd, c.queue.data(&list[0]), c.target(&list[0].to)); errno != 0 {
			return 0, errno
		}
		return 1, 0
	}
	out := &c.shared.out
	out.Reset()
	for i := range list {
		if out.Full() {
			break
		}
		out.Add(c.queue.data(&list[i]), c.target(&list[i].to))
	}
	return out.Send(c.fd)
}

// target is where a packet goes; nil: to the connected peer.
func (c *Conn) target(raw *sockaddr.Raw) *sockaddr.Raw {
	switch {
	case !raw.IsZero():
		return raw
	case c.cfg.Connected:
		return nil
	default:
		return &c.to
	}
}
