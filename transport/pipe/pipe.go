package pipe

import (
	"errors"
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/stream"
	"golang.org/x/sys/unix"
)

// Options of New. The zero value is useful.
type Options struct {
	transport.Options

	Local, Remote address.Address // what to call the two ends: pipes have no names

	// HearOut has Close discard what still comes: while the queue goes out, and
	// after the end of stream until the peer's own, but for a second at most. So a
	// peer that is still talking does not meet a broken pipe.
	HearOut bool
	// Release gives a descriptor back, once for each; default close(2).
	Release func(fd int)
}

// New makes one connection of a descriptor to read and one to write. They may be
// the same (a socket, a terminal), and one of them may be -1. They are made
// non-blocking and close-on-exec and belong to the connection; with an error
// they are still the caller's. OnOpen comes at the end of the turn.
func New(l *reactor.Loop, in, out int, o Options, h transport.Handler) (transport.Conn, error) {
	c, err := newConn(l, in, out, o, h)
	if err != nil {
		return nil, &transport.OpError{Op: "open", Addr: o.Remote, Err: err}
	}
	return c, nil
}

func newConn(l *reactor.Loop, in, out int, o Options, h transport.Handler) (*stream.Conn, error) {
	cfg := stream.Config{Options: o.Options, Local: o.Local, Remote: o.Remote, Plain: true, HearOut: o.HearOut, Release: o.Release}
	var types [2]uint32
	for i, fd := range []int{in, out} {
		if fd < 0 {
			continue
		}
		t, err := prepare(fd)
		if err != nil {
			return nil, err
		}
		types[i] = t
		cfg.File = cfg.File || t != unix.S_IFIFO && t != unix.S_IFSOCK
	}
	switch {
	case in < 0 && out < 0:
		return nil, errors.New("neither a descriptor to read nor one to write")
	case in == out && types[0] == unix.S_IFSOCK:
		cfg.Plain, cfg.Scheme = false, family(in)
		return stream.New(l, in, cfg, h)
	case in == out:
		return stream.New(l, in, cfg, h)
	case out < 0:
		cfg.Way, cfg.ToEnd = stream.In, true
		return stream.New(l, in, cfg, h)
	case in < 0:
		cfg.Way = stream.Out
		return stream.New(l, out, cfg, h)
	}
	cfg.ToEnd = types[0] == unix.S_IFIFO && isNamed(in)
	if types[1] == unix.S_IFSOCK {
		cfg.Release = shutFirst(out, o.Release)
	}
	return stream.NewPair(l, in, out, cfg, h)
}

// prepare readies a descriptor for the engine and tells what it is (S_IFMT).
func prepare(fd int) (uint32, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, os.NewSyscallError("fstat", err)
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return 0, os.NewSyscallError("read", unix.EISDIR)
	}
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		return 0, os.NewSyscallError("fcntl", err)
	}
	return st.Mode & unix.S_IFMT, nil
}

// family is the scheme of a socket, which lets the engine ask for names and credentials.
func family(fd int) address.Scheme {
	switch domain, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN); domain {
	case unix.AF_UNIX:
		return address.Unix
	case unix.AF_INET, unix.AF_INET6:
		return address.TCP
	}
	return address.None
}

// isNamed says that a pipe is a FIFO: the kernel's unnamed pipes are on a file system of their own.
func isNamed(fd int) bool {
	var fs unix.Statfs_t
	return unix.Fstatfs(fd, &fs) == nil && fs.Type != unix.PIPEFS_MAGIC
}

// shutFirst is a Release for a socket that others hold open too: the peer sees
// the end of stream all the same.
func shutFirst(out int, release func(int)) func(int) {
	return func(fd int) {
		if fd == out {
			_ = unix.Shutdown(fd, unix.SHUT_WR) // fails only if the peer is gone
		}
		if release != nil {
			release(fd)
			return
		}
		_ = unix.Close(fd)
	}
}

// Failed is a connection that could not be made: OnClose tells that op failed
// with err, never from inside Failed.
func Failed(l *reactor.Loop, o Options, h transport.Handler, op string, err error) transport.Conn {
	c := stream.Prepare(l, stream.Config{Options: o.Options, Local: o.Local, Remote: o.Remote, Plain: true}, h, nil)
	c.Fail(op, err)
	return c
}

// Ends are what one side of a conversation over two pipes holds.
type Ends struct{ In, Out int }

// Close closes both.
func (e Ends) Close() error {
	return errors.Join(unix.Close(e.In), unix.Close(e.Out))
}

// Pipes makes two pipes, one each way: what a writes, b reads. The descriptors
// are blocking and close-on-exec, and the caller's.
func Pipes() (a, b Ends, err error) {
	var to, from [2]int
	if err := unix.Pipe2(to[:], unix.O_CLOEXEC); err != nil {
		return a, b, os.NewSyscallError("pipe2", err)
	}
	if err := unix.Pipe2(from[:], unix.O_CLOEXEC); err != nil {
		return a, b, errors.Join(os.NewSyscallError("pipe2", err), Ends{to[0], to[1]}.Close())
	}
	return Ends{In: from[0], Out: to[1]}, Ends{In: to[0], Out: from[1]}, nil
}

// Socketpair makes two connected Unix stream sockets, for a parent and its
// child. They are blocking and close-on-exec, and the caller's.
func Socketpair() (a, b int, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, os.NewSyscallError("socketpair", err)
	}
	return fds[0], fds[1], nil
}
