// Package sockaddr turns addresses into what the kernel takes and back, and
// makes the socket calls that need them without allocating. It is shared by
// the media and the engines, and nobody else's business.
package sockaddr

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"
	"unsafe"

	"github.com/ed-toolbox/ed/core/address"
	"golang.org/x/sys/unix"
)

// pathOffset is where the path begins in a sockaddr_un.
const pathOffset = unsafe.Offsetof(unix.RawSockaddrUnix{}.Path)

// MaxPath is the longest path or abstract name in bytes, without the NUL.
const MaxPath = len(unix.RawSockaddrUnix{}.Path) - 1

// Raw is a socket address as the kernel has it; the zero value is none.
// It is comparable, and no method allocates but Address for named sockets and
// zones.
type Raw struct {
	buf [unix.SizeofSockaddrAny]byte
	len uint32
}

// IsZero says that there is no address.
func (r *Raw) IsZero() bool { return r.len == 0 }

// Bytes are the address as the kernel has it.
func (r *Raw) Bytes() []byte { return r.buf[:min(int(r.len), len(r.buf))] }

// HasZone says that an IPv6 address belongs to one interface.
func (r *Raw) HasZone() bool {
	return r.Family() == unix.AF_INET6 && r.len >= unix.SizeofSockaddrInet6 && binary.NativeEndian.Uint32(r.buf[24:28]) != 0
}

// Family is AF_INET, AF_INET6, AF_UNIX or AF_UNSPEC.
func (r *Raw) Family() int {
	if r.len < 2 {
		return unix.AF_UNSPEC
	}
	return int(binary.NativeEndian.Uint16(r.buf[:2]))
}

// From encodes a. Host names must have been looked up. family AF_INET6 maps an
// IPv4 address into IPv6; 0 takes the natural one.
func From(a address.Address, family int) (r Raw, err error) {
	switch {
	case a.Scheme.IsUnix():
		return r, r.setUnix(a.Path)
	case a.Scheme.IsIP():
		return r, r.setIP(a.AddrPort(), family)
	default:
		return r, unix.EAFNOSUPPORT
	}
}

func (r *Raw) setUnix(path string) error {
	if n := len(strings.TrimPrefix(path, "@")); n > MaxPath {
		return unix.ENAMETOOLONG
	}
	binary.NativeEndian.PutUint16(r.buf[:2], unix.AF_UNIX)
	n := copy(r.buf[pathOffset:], path)
	r.len = uint32(int(pathOffset) + n)
	switch {
	case path == "": // unnamed; to bind it is to ask for an abstract name
	case path[0] == '@': // abstract: a NUL first, and the length counts
		r.buf[pathOffset] = 0
	case strings.IndexByte(path, 0) >= 0:
		return unix.EINVAL
	default:
		r.len++ // the NUL
	}
	return nil
}

// Padded is an abstract name followed by NULs to the end of the address, which makes it
// another name: it is what those send to who give the size of sockaddr_un as the length.
func (r *Raw) Padded() Raw {
	p := *r
	p.len = unix.SizeofSockaddrUnix
	return p
}

func (r *Raw) setIP(ap netip.AddrPort, family int) error {
	ip := ap.Addr()
	switch {
	case !ip.IsValid():
		return unix.EDESTADDRREQ
	case ip.Is4() && family != unix.AF_INET6:
		binary.NativeEndian.PutUint16(r.buf[:2], unix.AF_INET)
		binary.BigEndian.PutUint16(r.buf[2:4], ap.Port())
		b := ip.As4()
		copy(r.buf[4:8], b[:])
		r.len = unix.SizeofSockaddrInet4
	case family == unix.AF_INET:
		return unix.EAFNOSUPPORT
	default:
		binary.NativeEndian.PutUint16(r.buf[:2], unix.AF_INET6)
		binary.BigEndian.PutUint16(r.buf[2:4], ap.Port())
		b := ip.As16()
		copy(r.buf[8:24], b[:])
		if zone := ip.Zone(); zone != "" {
			id, err := zoneID(zone)
			if err != nil {
				return err
			}
			binary.NativeEndian.PutUint32(r.buf[24:28], id)
		}
		r.len = unix.SizeofSockaddrInet6
	}
	return nil
}

// AddrPort decodes an IP address; IPv4 in IPv6 is unmapped.
func (r *Raw) AddrPort() (netip.AddrPort, bool) {
	port := binary.BigEndian.Uint16(r.buf[2:4])
	switch {
	case r.Family() == unix.AF_INET && r.len >= unix.SizeofSockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(r.buf[4:8])), port), true
	case r.Family() == unix.AF_INET6 && r.len >= unix.SizeofSockaddrInet6:
		ip := netip.AddrFrom16([16]byte(r.buf[8:24])).Unmap()
		if id := binary.NativeEndian.Uint32(r.buf[24:28]); id != 0 && ip.Is6() {
			ip = ip.WithZone(zoneName(id))
		}
		return netip.AddrPortFrom(ip, port), true
	}
	return netip.AddrPort{}, false
}

// Path decodes the name of a Unix socket: "" if unnamed, "@name" if abstract.
func (r *Raw) Path() string {
	if r.Family() != unix.AF_UNIX || r.len <= uint32(pathOffset) {
		return ""
	}
	b := r.buf[pathOffset:min(int(r.len), len(r.buf))]
	if b[0] == 0 {
		return "@" + string(b[1:])
	}
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b)
}

// Address decodes what the kernel said as an address of scheme s; zero if
// there is none.
func (r *Raw) Address(s address.Scheme) address.Address {
	if s.IsUnix() {
		if r.Family() != unix.AF_UNIX {
			return address.Address{}
		}
		return address.FromUnix(s, r.Path())
	}
	if ap, ok := r.AddrPort(); ok {
		return address.FromAddrPort(s, ap)
	}
	return address.Address{}
}

// zoneID finds the interface index of a zone: a number or a name.
func zoneID(zone string) (uint32, error) {
	if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
		return uint32(n), nil
	}
	ifr, err := unix.NewIfreq(zone)
	if err != nil {
		return 0, unix.ENODEV
	}
	err = interfaceIoctl(unix.SIOCGIFINDEX, ifr)
	return ifr.Uint32(), err
}

// zoneName finds the interface name of an index; its number if it has none.
func zoneName(id uint32) string {
	ifr, _ := unix.NewIfreq("")
	ifr.SetUint32(id)
	if err := interfaceIoctl(unix.SIOCGIFNAME, ifr); err != nil {
		return strconv.FormatUint(uint64(id), 10)
	}
	return ifr.Name()
}

func interfaceIoctl(request uint, ifr *unix.Ifreq) error {
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.IoctlIfreq(fd, request, ifr)
}

// Equal says that two addresses are the same.
func (r *Raw) Equal(o *Raw) bool {
	return r.len == o.len && string(r.Bytes()) == string(o.Bytes())
}
