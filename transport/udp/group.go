package udp

import (
	"errors"
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// AllInterfaces as Options.Interface joins a group wherever it can be joined.
const AllInterfaces = "all"

// InterfaceError says that Options.Interface, or the zone of an address, names no
// interface that this can be done on.
type InterfaceError struct {
	Name string
	Err  error
}

func (e *InterfaceError) Error() string { return "interface " + e.Name + ": " + e.Err.Error() }

// Unwrap gives the system's error, such as ENODEV.
func (e *InterfaceError) Unwrap() error { return e.Err }

// isGroup says that many may receive what is sent to a, or share it.
func isGroup(a address.Address) bool { return a.IP.IsMulticast() }

func isBroadcast(a address.Address) bool { return a.IP.Is4() && sockaddr.IsBroadcast(a.IP) }

// via finds the interface that the options or the zone of a name; index 0 is the
// system's choice.
func via(a address.Address, o transport.Options) (index int, err error) {
	name := o.Interface
	if zone := a.IP.Zone(); zone != "" {
		if name != "" && name != zone {
			return 0, &InterfaceError{Name: name, Err: errors.New("the address says %" + zone)}
		}
		name = zone
	}
	if name == "" || name == AllInterfaces {
		return 0, nil
	}
	i, err := sockaddr.FindInterface(name)
	if err != nil {
		return 0, &InterfaceError{Name: name, Err: os.NewSyscallError("find", err)}
	}
	return i.Index, nil
}

// join makes fd, which is bound to group, a member of it.
func join(fd int, group address.Address, o transport.Options) error {
	// Without this a socket also gets what comes for groups that others joined: ip(7).
	if err := memberOnly(fd, group.IP.Is4()); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if o.Interface == AllInterfaces && group.IP.Zone() == "" {
		return joinAll(fd, group)
	}
	index, err := via(group, o)
	if err != nil {
		return err
	}
	return os.NewSyscallError("setsockopt", add(fd, group, index))
}

func memberOnly(fd int, v4 bool) error {
	if v4 {
		return unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0)
	}
	return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0)
}

func joinAll(fd int, group address.Address) error {
	list, err := sockaddr.Interfaces()
	if err != nil {
		return os.NewSyscallError("netlink", err)
	}
	joined := 0
	var last error = unix.ENODEV
	for _, i := range list {
		if i.Flags&unix.IFF_UP == 0 || i.Flags&(unix.IFF_MULTICAST|unix.IFF_LOOPBACK) == 0 {
			continue
		}
		if err := add(fd, group, i.Index); err == nil {
			joined++
		} else {
			last = &InterfaceError{Name: i.Name, Err: os.NewSyscallError("setsockopt", err)}
		}
	}
	if joined == 0 {
		return last
	}
	return nil
}

func add(fd int, group address.Address, index int) error {
	if group.IP.Is4() {
		return unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP, &unix.IPMreqn{Multiaddr: group.IP.As4(), Ifindex: int32(index)})
	}
	return unix.SetsockoptIPv6Mreq(fd, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP, &unix.IPv6Mreq{Multiaddr: group.IP.As16(), Interface: uint32(index)})
}

// sending sets how packets to groups leave fd.
func sending(fd int, v4 bool, to address.Address, o transport.Options) error {
	index, err := via(to, o)
	if err != nil {
		return err
	}
	if v4 {
		return os.NewSyscallError("setsockopt", sending4(fd, index, o))
	}
	return os.NewSyscallError("setsockopt", sending6(fd, index, o))
}

func sending4(fd, index int, o transport.Options) (err error) {
	if index != 0 {
		err = unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, &unix.IPMreqn{Ifindex: int32(index)})
	}
	if err == nil && o.Hops > 0 {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, o.Hops)
	}
	if err == nil && o.NoLoop {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, 0)
	}
	return err
}

func sending6(fd, index int, o transport.Options) (err error) {
	if index != 0 {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, index)
	}
	if err == nil && o.Hops > 0 {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, o.Hops)
	}
	if err == nil && o.NoLoop {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, 0)
	}
	return err
}

// permit allows broadcasts on fd once one was refused, if to is a broadcast address
// now: interfaces come and go.
func permit(fd int, to address.Address) bool {
	return isBroadcast(to) && allowBroadcast(fd) == nil
}

func allowBroadcast(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
}
