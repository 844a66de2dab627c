package unixsock

import (
	"cmp"
	"errors"
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/dgram"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// OpenGram makes a datagram socket. A zero local address gets an abstract name
// from the kernel, so that it can be answered. With a remote address, that is
// where WriteTo sends by default, and if it is there by now the only place packets are
// taken from; it need not be: sending tells. A socket with an abstract name also gets what is
// sent to the same name with NULs behind it, as C++ senders do. The connection is a
// transport.PacketSender.
func OpenGram(l *reactor.Loop, local, remote address.Address, o transport.Options, h transport.PacketHandler) (transport.PacketConn, error) {
	for _, a := range []address.Address{local, remote} {
		if !a.IsZero() && a.Scheme != address.UnixGram {
			return nil, &transport.OpError{Op: "bind", Addr: a, Err: transport.ErrUnsupported}
		}
	}
	local.Scheme = address.UnixGram
	o.MaxPacket = cmp.Or(max(o.MaxPacket, 0), transport.DefaultMaxPacketUnix)
	o = o.WithDefaults()
	fd, file, err := bind(local, unix.SOCK_DGRAM, o)
	if err != nil {
		return nil, &transport.OpError{Op: "bind", Addr: local, Err: err}
	}
	c, err := openGram(l, fd, dgram.Config{Options: o, Scheme: address.UnixGram, Remote: remote, Senders: true, Closed: file.Remove}, h)
	if err != nil {
		_ = unix.Close(fd)
		file.Remove()
		if _, known := errors.AsType[*transport.OpError](err); known {
			return nil, err // it names the other side
		}
		return nil, &transport.OpError{Op: "bind", Addr: local, Err: err}
	}
	if local.IsAbstract() {
		if err := bindPadded(c, local); err != nil {
			c.SetHandler(deaf{})
			c.Abort(nil)
			return nil, &transport.OpError{Op: "bind", Addr: local, Err: err}
		}
	}
	return c, nil
}

// bindPadded gives c a second name for an abstract one, with NULs up to the end: C++
// senders say that the name is as long as a sockaddr_un, and would reach nobody.
func bindPadded(c *dgram.Conn, local address.Address) error {
	fd, raw, err := socket(local, unix.SOCK_DGRAM)
	if err != nil {
		return err
	}
	padded := raw.Padded()
	if padded.Equal(&raw) {
		return unix.Close(fd)
	}
	if err = inUse(local, os.NewSyscallError("bind", sockaddr.Bind(fd, &padded))); err == nil {
		err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1))
	}
	if err == nil {
		err = c.ReceiveBy(fd)
	}
	if err != nil {
		_ = unix.Close(fd)
	}
	return err
}

// deaf takes the end of a socket that nobody was told of.
type deaf struct{}

func (deaf) OnPacket(transport.PacketConn, []byte, address.Address) {}
func (deaf) OnDrain(transport.PacketConn)                           {}
func (deaf) OnClose(transport.PacketConn, error)                    {}

func openGram(l *reactor.Loop, fd int, cfg dgram.Config, h transport.PacketHandler) (*dgram.Conn, error) {
	name, err := sockaddr.Local(fd)
	if err != nil {
		return nil, os.NewSyscallError("getsockname", err)
	}
	cfg.Local = name.Address(address.UnixGram)
	// Each packet then comes with its sender's credentials.
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	if !cfg.Remote.IsZero() {
		to, err := sockaddr.From(cfg.Remote, 0)
		if err != nil {
			return nil, &transport.OpError{Op: "connect", Addr: cfg.Remote, Err: err}
		}
		switch err := sockaddr.Connect(fd, &to); err {
		case nil:
			cfg.Connected = true
		case unix.ECONNREFUSED, unix.ENOENT: // nobody there yet
		default:
			return nil, &transport.OpError{Op: "connect", Addr: cfg.Remote, Err: os.NewSyscallError("connect", err)}
		}
	}
	return dgram.New(l, fd, cfg, h)
}
