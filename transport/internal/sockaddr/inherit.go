package sockaddr

import (
	"errors"
	"os"
	"slices"

	"github.com/ed-toolbox/ed/core/address"
	"golang.org/x/sys/unix"
)

var (
	errKind      = errors.New("a socket of a kind that is not known here")
	errListening = errors.New("the socket does not listen")
)

// Inherited tells what is bound to a descriptor that this process was started with. A socket of connections must
// be listening. It changes nothing.
func Inherited(fd int) (address.Address, error) {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return address.Address{}, os.NewSyscallError("getsockopt", err)
	}
	name, err := Local(fd)
	if err != nil {
		return address.Address{}, os.NewSyscallError("getsockname", err)
	}
	scheme := schemeOf(name.Family(), kind)
	if scheme == address.None {
		return address.Address{}, errKind
	}
	if kind != unix.SOCK_DGRAM {
		listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
		if err != nil {
			return address.Address{}, os.NewSyscallError("getsockopt", err)
		}
		if listens == 0 {
			return address.Address{}, errListening
		}
	}
	a := name.Address(scheme)
	if a.IsZero() { // a socket without a name
		a.Scheme = scheme
	}
	return a, nil
}

func schemeOf(family, kind int) address.Scheme {
	ip := family == unix.AF_INET || family == unix.AF_INET6
	switch {
	case ip && kind == unix.SOCK_STREAM:
		return address.TCP
	case ip && kind == unix.SOCK_DGRAM:
		return address.UDP
	case family == unix.AF_UNIX && kind == unix.SOCK_STREAM:
		return address.Unix
	case family == unix.AF_UNIX && kind == unix.SOCK_DGRAM:
		return address.UnixGram
	case family == unix.AF_UNIX && kind == unix.SOCK_SEQPACKET:
		return address.UnixPacket
	}
	return address.None
}

// Take makes an inherited descriptor of one of the schemes as the engines need theirs: non-blocking, and not inherited by
// our own children.
func Take(fd int, schemes ...address.Scheme) (address.Address, error) {
	a, err := Inherited(fd)
	if err != nil {
		return a, err
	}
	if slices.Contains(schemes, a.Scheme) {
		unix.CloseOnExec(fd)
		return a, os.NewSyscallError("fcntl", unix.SetNonblock(fd, true))
	}
	return a, errKind
}

// Detach takes the descriptor out of a file, which is closed: the descriptor is the caller's.
func Detach(f *os.File) (int, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("fcntl", err)
	}
	return fd, f.Close()
}
