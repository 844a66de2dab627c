package stream

import (
	"os"
	"unsafe"

	"github.com/ed-toolbox/ed/transport"
	"golang.org/x/sys/unix"
)

// packetCost is what a packet counts beside its bytes in a read budget, so that
// empty ones do not keep the loop.
const packetCost = 512

// KeepsPackets implements transport.Framed.
func (c *Conn) KeepsPackets() bool { return c.set.packets }

// readPackets hands over packet by packet.
func (c *Conn) readPackets() {
	buf := c.loop.Buffer()
	buf = buf[:min(len(buf), c.set.MaxPacketIn)]
	for budget := c.set.ReadBudget; c.readable(); {
		n, errno := c.recvPacket(buf)
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			c.giveUp()
			return
		case errno == unix.ECONNRESET && !c.is(broken): // told before the packets that came before it
			c.breakRead(errno)
			continue
		case errno != 0:
			c.end(c.fault("read", os.NewSyscallError("recv", errno)))
			return
		case n == 0:
			if c.over() {
				c.endOfStream()
				return
			}
		case n > len(buf):
			c.lazy().truncated++
		default:
			c.in += uint64(n)
			c.reads++
			c.state |= busy
			c.h.OnData(c, buf[:n])
			c.state &^= busy
			c.settle()
		}
		if budget -= n + packetCost; budget <= 0 && c.readable() {
			c.source.Again()
			return
		}
	}
}

// recvPacket tells the whole length of a packet, which is more than len(p) if it
// was cut.
func (c *Conn) recvPacket(p []byte) (int, unix.Errno) {
	n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		unix.MSG_DONTWAIT|unix.MSG_TRUNC, 0, 0)
	return int(n), e
}

// over tells the end of the peer's packets from an empty one, which reads the same.
func (c *Conn) over() bool {
	p := []unix.PollFd{{Fd: c.fd, Events: unix.POLLRDHUP}}
	if n, err := unix.Poll(p, 0); err != nil || n == 0 {
		return false // level-triggered: if it is the end, it comes again
	}
	waiting, err := unix.IoctlGetInt(int(c.fd), unix.TIOCINQ)
	return err != nil || waiting == 0
}

// breakRead notes that the peer is gone; the packets that it sent before are
// still read.
func (c *Conn) breakRead(errno unix.Errno) {
	err := c.fault("read", os.NewSyscallError("recv", errno))
	c.discardQueue()
	c.state = c.state&^blocked | broken
	c.lazy().err = err
}

// flushPackets sends what is queued, many packets by one call.
func (c *Conn) flushPackets() {
	for c.out != nil && !c.is(blocked|connecting|dead) {
		b, batch := c.out, &c.loop.batch
		batch.Reset()
		at := b.off
		for _, n := range b.sizes[b.sent:] {
			if batch.Full() {
				break
			}
			batch.Add(b.b[at:at+int(n)], nil)
			at += int(n)
		}
		if n, errno := batch.Send(int(c.fd)); errno != 0 {
			c.notSent(errno)
		} else {
			c.tookPackets(n)
		}
	}
}

// tookPackets removes n packets from the queue.
func (c *Conn) tookPackets(n int) {
	b := c.out
	c.writes++
	for _, size := range b.sizes[b.sent : b.sent+n] {
		c.to += uint64(size)
		b.off += int(size)
	}
	if b.sent += n; b.sent == len(b.sizes) {
		c.hint = nextHint(b, len(b.b))
		c.drop()
	}
}

// checkPacket says why p cannot be one packet.
func (c *Conn) checkPacket(p []byte) error {
	if c.set.packets && len(p) > c.set.MaxPacket {
		return transport.ErrTooBig
	}
	return nil
}
