package address

import (
	"net/netip"
	"strconv"
	"strings"
)

// Address is one place. Addresses that Parse, FromAddrPort and FromUnix made are comparable with == and usable as map keys.
// The zero value is no address.
type Address struct {
	Scheme Scheme
	Host   string     // a name that has to be looked up, in lower case; "" when IP is valid
	IP     netip.Addr // with its zone, never IPv4-mapped
	Port   uint16     // 0 asks for a free port when listening
	Path   string     // path of a socket or FIFO, "@name" for an abstract socket, command line of Exec; "" for an unnamed socket
}

// FromAddrPort makes an address of an IP scheme from what the system reports. A mapped IPv4 address is unmapped.
func FromAddrPort(s Scheme, ap netip.AddrPort) Address {
	return Address{Scheme: s, IP: ap.Addr().Unmap(), Port: ap.Port()}
}

// FromUnix makes an address of a Unix scheme. An abstract path begins with "@"; "" is an unnamed socket.
// The path is taken as it is.
func FromUnix(s Scheme, path string) Address {
	return Address{Scheme: s, Path: path}
}

// String returns the canonical text, which Parse reads back to the same Address whatever its Defaults are.
// The exceptions are addresses that cannot be written: none ("") and an unnamed Unix socket ("unix:").
func (a Address) String() string {
	switch {
	case a.Scheme == None:
		return ""
	case a.Scheme.IsIP():
		return a.Scheme.String() + "://" + a.HostPort()
	case a.Scheme != Exec && strings.HasPrefix(a.Path, "//"):
		return a.Scheme.String() + "://" + a.Path // two slashes after the colon would be taken for the URI form
	default:
		return a.Scheme.String() + ":" + a.Path
	}
}

// HostPort returns "IP:PORT", "[IPv6]:PORT" or "HOST:PORT": the form used in message parameters. It is "" for other schemes.
func (a Address) HostPort() string {
	if !a.Scheme.IsIP() {
		return ""
	}
	if a.IP.IsValid() {
		return netip.AddrPortFrom(a.IP, a.Port).String()
	}
	return a.Host + ":" + strconv.Itoa(int(a.Port))
}

// AddrPort returns IP and port; it is invalid where NeedsLookup holds and for schemes without IP.
func (a Address) AddrPort() netip.AddrPort { return netip.AddrPortFrom(a.IP, a.Port) }

// IsZero says that there is no address.
func (a Address) IsZero() bool { return a == Address{} }

// IsStream says that bytes flow without packet boundaries, so that messages need a line end.
func (a Address) IsStream() bool {
	switch a.Scheme {
	case TCP, TLS, Unix, FIFO, Exec:
		return true
	default:
		return false
	}
}

// IsDatagram says that packets go without a connection. UnixPacket is neither stream nor datagram: it connects, and keeps
// the boundaries of packets.
func (a Address) IsDatagram() bool {
	return a.Scheme == UDP || a.Scheme == UnixGram
}

// IsLocal says that the place is on this host by its kind: a Unix socket, a FIFO, a command. Loopback IP does not count;
// ask IP.IsLoopback.
func (a Address) IsLocal() bool { return a.Scheme.IsUnix() || a.Scheme == FIFO || a.Scheme == Exec }

// IsAbstract says that the address is a Unix socket in the abstract name space.
func (a Address) IsAbstract() bool { return a.Scheme.IsUnix() && strings.HasPrefix(a.Path, "@") }

// NeedsLookup says that Host must be looked up before the address can be used.
func (a Address) NeedsLookup() bool { return a.Scheme.IsIP() && !a.IP.IsValid() }

// WithIP returns the address with its host name replaced by what the look-up found.
func (a Address) WithIP(ip netip.Addr) Address {
	a.Host, a.IP = "", ip.Unmap()
	return a
}
