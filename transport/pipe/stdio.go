package pipe

import (
	"cmp"
	"os"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/inode"
	"golang.org/x/sys/unix"
)

// Stdio makes one connection of standard input and output, which belong to it
// until the process ends: descriptors 0 and 1 become /dev/null. A connected
// socket as both (inetd, systemd, socat) is used as the socket it is.
func Stdio(l *reactor.Loop, o transport.Options, h transport.Handler) (transport.Conn, error) {
	o.Name = cmp.Or(o.Name, "stdio")
	return take(l, 0, 1, Options{Options: o}, h)
}

// take is Stdio for any two descriptors.
func take(l *reactor.Loop, stdin, stdout int, o Options, h transport.Handler) (transport.Conn, error) {
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &transport.OpError{Op: "open", Err: os.NewSyscallError("open "+os.DevNull, err)}
	}
	defer unix.Close(null)
	in, err := borrow(stdin, unix.O_RDONLY)
	if err != nil {
		return nil, &transport.OpError{Op: "open", Err: err}
	}
	out := in
	if !in.socket || !sameFile(stdin, stdout) {
		if out, err = borrow(stdout, unix.O_WRONLY); err != nil {
			in.giveBack()
			return nil, &transport.OpError{Op: "open", Err: err}
		}
	}
	o.Release = func(fd int) {
		if fd == out.fd {
			out.giveBack()
			return
		}
		in.giveBack()
	}
	c, err := New(l, in.fd, out.fd, o, h)
	if err != nil {
		in.giveBack()
		if out != in {
			out.giveBack()
		}
		return nil, err
	}
	for _, fd := range []int{stdin, stdout} {
		_ = unix.Dup3(null, fd, 0) // both are open: borrow has looked at them
	}
	return c, nil
}

// borrowed is a descriptor of our own for an open file that others may use too.
type borrowed struct {
	fd     int
	socket bool
	shared bool // the open file is not ours alone, and was blocking
}

// borrow makes one, of a new open file where there is a way to one that changes nothing but the blocking.
func borrow(fd, way int) (*borrowed, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	kind := st.Mode & unix.S_IFMT
	if kind == unix.S_IFIFO || kind == unix.S_IFCHR && isTerminal(fd) {
		if own, err := unix.Open(inode.Link(fd), way|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0); err == nil {
			return &borrowed{fd: own}, nil
		}
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return &borrowed{fd: own, socket: kind == unix.S_IFSOCK, shared: flags&unix.O_NONBLOCK == 0}, nil
}

// giveBack leaves the open file as it was found.
func (b *borrowed) giveBack() {
	if b.shared {
		_ = unix.SetNonblock(b.fd, false) // cannot fail for a descriptor that took the flag
	}
	_ = unix.Close(b.fd)
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

func sameFile(a, b int) bool {
	var sa, sb unix.Stat_t
	return unix.Fstat(a, &sa) == nil && unix.Fstat(b, &sb) == nil && sa.Dev == sb.Dev && sa.Ino == sb.Ino
}
