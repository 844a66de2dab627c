package sockaddr

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Interface is one network interface.
type Interface struct {
	Index int
	Name  string
	Flags uint32 // IFF_UP, IFF_MULTICAST, IFF_LOOPBACK …: netdevice(7)
	Addrs []netip.Prefix
	// Broadcast addresses, IPv4 only.
	Broadcast []netip.Addr
}

// Interfaces asks the kernel for the network interfaces (rtnetlink(7)).
func Interfaces() ([]Interface, error) {
	var list []Interface
	err := dump(unix.RTM_GETLINK, func(m *syscall.NetlinkMessage) error {
		if m.Header.Type != unix.RTM_NEWLINK || len(m.Data) < unix.SizeofIfInfomsg {
			return nil
		}
		i := Interface{Index: int(int32(native32(m.Data[4:]))), Flags: native32(m.Data[8:])}
		return attributes(m, func(kind uint16, v []byte) {
			if kind == unix.IFLA_IFNAME && len(v) > 1 {
				i.Name = string(v[:len(v)-1])
				list = append(list, i)
			}
		})
	})
	if err != nil {
		return nil, err
	}
	err = dump(unix.RTM_GETADDR, func(m *syscall.NetlinkMessage) error {
		if m.Header.Type != unix.RTM_NEWADDR || len(m.Data) < unix.SizeofIfAddrmsg {
			return nil
		}
		bits, index := int(m.Data[1]), int(native32(m.Data[4:]))
		var remote, local netip.Addr
		var broadcast []netip.Addr
		err := attributes(m, func(kind uint16, v []byte) {
			ip, ok := netip.AddrFromSlice(v)
			switch {
			case !ok:
			case kind == unix.IFA_ADDRESS:
				remote = ip
			case kind == unix.IFA_LOCAL:
				local = ip
			case kind == unix.IFA_BROADCAST:
				broadcast = append(broadcast, ip)
			}
		})
		if !local.IsValid() {
			local = remote
		}
		if last, ok := lastOf(netip.PrefixFrom(local, bits)); ok {
			broadcast = append(broadcast, last)
		}
		for k := range list {
			if list[k].Index == index && local.IsValid() {
				list[k].Addrs = append(list[k].Addrs, netip.PrefixFrom(local, bits))
				list[k].Broadcast = append(list[k].Broadcast, broadcast...)
			}
		}
		return err
	})
	return list, err
}

// lastOf is the broadcast address that a network has even if none was configured.
func lastOf(p netip.Prefix) (netip.Addr, bool) {
	if !p.Addr().Is4() || p.Bits() > 30 {
		return netip.Addr{}, false
	}
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b), true
}

func native32(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }

func dump(what int, f func(*syscall.NetlinkMessage) error) error {
	data, err := syscall.NetlinkRIB(what, unix.AF_UNSPEC)
	if err != nil {
		return err
	}
	messages, err := syscall.ParseNetlinkMessage(data)
	if err != nil {
		return err
	}
	for i := range messages {
		if err := f(&messages[i]); err != nil {
			return err
		}
	}
	return nil
}

func attributes(m *syscall.NetlinkMessage, f func(kind uint16, value []byte)) error {
	list, err := syscall.ParseNetlinkRouteAttr(m)
	for i := range list {
		f(list[i].Attr.Type, list[i].Value)
	}
	return err
}

// FindInterface finds an interface by name, number, or an address it has.
func FindInterface(text string) (Interface, error) {
	list, err := Interfaces()
	if err != nil {
		return Interface{}, err
	}
	ip, _ := netip.ParseAddr(text)
	n, _ := strconv.Atoi(text)
	for _, i := range list {
		if i.Name == text || i.Index == n {
			return i, nil
		}
	}
	for _, i := range list {
		for _, p := range i.Addrs {
			if p.Addr() == ip.WithZone("") {
				return i, nil
			}
		}
	}
	return Interface{}, unix.ENODEV
}

// IsBroadcast says that an IPv4 address reaches every host of a network that this
// one is in.
func IsBroadcast(ip netip.Addr) bool {
	if ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return true
	}
	if !ip.Is4() || ip.IsLoopback() && ip.As4()[3] != 255 {
		return false // most programs talk to their own host, and the kernel's lists are long to read
	}
	list, err := Interfaces()
	if err != nil {
		return false
	}
	for _, i := range list {
		if slices.Contains(i.Broadcast, ip) {
			return true
		}
	}
	return false
}
