package pipe

import (
	"errors"
	"os"
	"strconv"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/inode"
	"github.com/ed-toolbox/ed/transport/stream"
	"golang.org/x/sys/unix"
)

// NotFIFOError says that the path is something else than a FIFO.
type NotFIFOError struct{ Path string }

func (e *NotFIFOError) Error() string {
	return strconv.Quote(e.Path) + " exists and is not a FIFO; it was left alone"
}

// NoReaderError says that nobody has the FIFO open for reading.
type NoReaderError struct{ Path string }

func (e *NoReaderError) Error() string { return "nobody reads the FIFO" }

// Is makes errors.Is hold for ENXIO, which is what the system said, and for
// ECONNREFUSED, which is what it says of sockets.
func (e *NoReaderError) Is(target error) bool {
	return target == unix.ENXIO || target == unix.ECONNREFUSED
}

// InUseError says that another listener reads the FIFO.
type InUseError struct{ Path string }

func (e *InUseError) Error() string { return "another listener reads the FIFO" }

// Unwrap makes errors.Is(err, syscall.EADDRINUSE) hold.
func (e *InUseError) Unwrap() error { return unix.EADDRINUSE }

// Dial opens a FIFO for writing. OnOpen or OnClose tells how it went, never from
// inside Dial.
func Dial(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
	if a.Scheme != address.FIFO {
		return nil, &transport.OpError{Op: "connect", Addr: a, Err: transport.ErrUnsupported}
	}
	return stream.Dial(l, Config(a, o), h, Target(a, o)), nil
}

// Config is what the engine needs to know of a FIFO that is written to.
func Config(a address.Address, o transport.Options) stream.Config {
	return stream.Config{Options: o, Scheme: address.FIFO, Remote: a, Plain: true, Way: stream.Out, Lines: true}
}

// Target is the recipe of opening a FIFO for writing.
func Target(a address.Address, o transport.Options) stream.Target {
	return stream.Target{Addr: a, Open: func() (int, error) {
		fd, err := openFIFO(a.Path, unix.O_WRONLY)
		missing, unread := errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENXIO)
		switch {
		case o.WaitReader && (missing || unread):
			return -1, unix.EAGAIN // the engine tries again soon
		case unread:
			return -1, &NoReaderError{a.Path}
		}
		return fd, err
	}}
}

// Read opens a FIFO, which it makes if there is none, as one connection that
// never sees an end: writers come and go unseen. It needs the right to write to the FIFO
// as well, because what it does is to be a writer, too. Closing it removes a FIFO that was made.
func Read(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
	file, err := create(a, o)
	if err == nil {
		var fd int
		if fd, err = openFIFO(a.Path, unix.O_RDWR); err == nil {
			return startRead(l, fd, a, o, file, h)
		}
	}
	file.Remove()
	return nil, &transport.OpError{Op: "listen", Addr: a, Err: err}
}

func startRead(l *reactor.Loop, fd int, a address.Address, o transport.Options, file *inode.File, h transport.Handler) (transport.Conn, error) {
	cfg := stream.Config{Options: o, Scheme: address.FIFO, Local: a, Remote: a, Plain: true, Way: stream.In}
	cfg.Release = func(fd int) {
		_ = unix.Close(fd)
		file.Remove()
	}
	c, err := stream.New(l, fd, cfg, h)
	if err != nil {
		cfg.Release(fd)
		return nil, &transport.OpError{Op: "listen", Addr: a, Err: err}
	}
	return c, nil
}

// openFIFO opens a FIFO and nothing else: what the path is, is known before it is opened, because
// to open a device may do something. It never waits.
func openFIFO(path string, way int) (int, error) {
	at, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("open", err)
	}
	defer unix.Close(at)
	var st unix.Stat_t
	if err := unix.Fstat(at, &st); err != nil {
		return -1, os.NewSyscallError("fstat", err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return -1, &NotFIFOError{path}
	}
	return reopen(at, way)
}

// reopen makes a new open file of a FIFO.
func reopen(fd, way int) (int, error) {
	own, err := unix.Open(inode.Link(fd), way|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("open", err)
	}
	return own, nil
}

// create makes the FIFO if the path is free. The file returned is nil if not.
func create(a address.Address, o transport.Options) (*inode.File, error) {
	if a.Scheme != address.FIFO {
		return nil, transport.ErrUnsupported
	}
	o = o.WithDefaults()
	uid, gid, err := inode.IDs(o.Owner, o.Group)
	if err != nil {
		return nil, err
	}
	switch err := unix.Mkfifo(a.Path, 0o600); err {
	case nil:
	case unix.EEXIST:
		return nil, nil
	default:
		return nil, os.NewSyscallError("mkfifo", err)
	}
	file, err := inode.Publish(a.Path, unix.S_IFIFO, o.Mode, uid, gid)
	if errors.Is(err, inode.ErrKind) {
		err = &NotFIFOError{a.Path}
	}
	if err != nil {
		file.Remove()
		return nil, err
	}
	return file, nil
}
