package stream

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Unacked implements transport.Acknowledger. Over TCP it is the number of
// bytes whose arrival the peer's kernel has not acknowledged; over a Unix
// socket the peer's process has not read them, and the number is an upper
// bound, because that kernel counts whole buffers. 0 is exact in both cases.
// After the end it is what it was at the end. False: there is no telling.
func (c *Conn) Unacked() (int, bool) {
	switch {
	case c.set.plain:
		return 0, false
	case c.fd >= 0 && !c.is(connecting):
		return c.outq()
	case c.rare != nil:
		return c.rare.unacked, true
	}
	return 0, true
}

// outq asks the kernel: SIOCOUTQ of tcp(7) and unix(7).
func (c *Conn) outq() (int, bool) {
	var n int32
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(c.fd), unix.SIOCOUTQ, uintptr(unsafe.Pointer(&n)))
	if errno != 0 {
		return 0, false
	}
	return int(min(uint64(max(n, 0)), c.to)), true
}

// keepUnacked notes, before the descriptor is closed, what Unacked is to tell.
func (c *Conn) keepUnacked() {
	if c.fd < 0 || c.to == 0 || c.set.plain {
		return
	}
	if n, ok := c.outq(); ok && n > 0 {
		c.lazy().unacked = n
	}
}
