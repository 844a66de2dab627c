package sockaddr

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Bind names a socket. It may touch the file system.
func Bind(fd int, r *Raw) error {
	_, _, e := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(unsafe.Pointer(&r.buf)), uintptr(r.len))
	return errnoErr(e)
}

// Connect begins to connect a non-blocking socket; EINPROGRESS is usual for TCP.
func Connect(fd int, r *Raw) error {
	_, _, e := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&r.buf)), uintptr(r.len))
	return errnoErr(e)
}

// Local asks for the own name of a socket.
func Local(fd int) (r Raw, err error) {
	r.len = uint32(len(r.buf))
	_, _, e := unix.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&r.buf)), uintptr(unsafe.Pointer(&r.len)))
	if e != 0 {
		return Raw{}, e
	}
	return r, nil
}

// Accept takes a connection from a non-blocking listener; the new descriptor
// is non-blocking and close-on-exec. It never blocks.
func Accept(fd int, r *Raw) (int, error) {
	r.len = uint32(len(r.buf))
	n, _, e := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&r.buf)),
		uintptr(unsafe.Pointer(&r.len)), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if e != 0 {
		return -1, e
	}
	return int(n), nil
}

// SendTo writes one packet; a nil r sends to the connected peer. The socket
// must be non-blocking: it never blocks.
func SendTo(fd int, p []byte, r *Raw) unix.Errno {
	var to unsafe.Pointer
	var n uintptr
	if r != nil {
		to, n = unsafe.Pointer(&r.buf), uintptr(r.len)
	}
	_, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)),
		unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, uintptr(to), n)
	return e
}

// Pending takes the error waiting on a socket (SO_ERROR); nil if none.
func Pending(fd int) error {
	v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err != nil {
		return err
	}
	return errnoErr(unix.Errno(v))
}

func errnoErr(e unix.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}

// Remote asks for the name of a socket's peer; ENOTCONN if it has none yet.
func Remote(fd int) (r Raw, err error) {
	r.len = uint32(len(r.buf))
	_, _, e := unix.RawSyscall(unix.SYS_GETPEERNAME, uintptr(fd), uintptr(unsafe.Pointer(&r.buf)), uintptr(unsafe.Pointer(&r.len)))
	if e != 0 {
		return Raw{}, e
	}
	return r, nil
}
