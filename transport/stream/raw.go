package stream

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls below are raw: the descriptor is non-blocking, so they return at
// once, and telling the scheduler costs more than it saves. Regular files know
// no such thing, and a disk may be slow.

func (c *Conn) recv(p []byte) (int, unix.Errno) {
	switch {
	case c.set.file:
		n, _, e := unix.Syscall(unix.SYS_READ, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		return int(n), e
	case c.set.plain:
		n, _, e := syscall.RawSyscall(unix.SYS_READ, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		return int(n), e
	}
	n, _, e := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
	return int(n), e
}

func (c *Conn) send(p []byte) (int, unix.Errno) {
	switch {
	case c.set.file:
		n, _, e := unix.Syscall(unix.SYS_WRITE, uintptr(c.outFD()), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		return int(n), e
	case c.set.plain:
		n, _, e := syscall.RawSyscall(unix.SYS_WRITE, uintptr(c.outFD()), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		return int(n), e
	}
	n, _, e := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, 0, 0)
	return int(n), e
}
