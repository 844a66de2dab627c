package address

// Scheme says what kind of place an Address is. The zero value is no place at all.
type Scheme uint8

// The schemes. The cd: family of spellings has none of its own: it parses to TCP, TLS, UDP or Unix.
const (
	None       Scheme = iota
	TCP               // a byte stream over IP
	TLS               // the same, encrypted
	UDP               // datagrams over IP
	Unix              // a stream socket of this host
	UnixGram          // a datagram socket of this host
	UnixPacket        // a connected socket of this host that keeps packets apart
	FIFO              // a named pipe
	Exec              // a command whose standard input and output are the connection
)

// String returns the name as it is written before the colon, "" for None.
func (s Scheme) String() string {
	switch s {
	case TCP:
		return "tcp"
	case TLS:
		return "tls"
	case UDP:
		return "udp"
	case Unix:
		return "unix"
	case UnixGram:
		return "unixgram"
	case UnixPacket:
		return "unixpacket"
	case FIFO:
		return "fifo"
	case Exec:
		return "exec"
	default:
		return ""
	}
}

// ParseScheme is the reverse of Scheme.String; upper and lower case are the same.
func ParseScheme(name string) (Scheme, bool) {
	for s := TCP; s.String() != ""; s++ {
		if equalFold(s.String(), name) {
			return s, true
		}
	}
	return None, false
}

// IsIP says that addresses of the scheme have a host and a port.
func (s Scheme) IsIP() bool { return s == TCP || s == TLS || s == UDP }

// IsUnix says that addresses of the scheme are Unix sockets.
func (s Scheme) IsUnix() bool { return s == Unix || s == UnixGram || s == UnixPacket }

// equalFold is strings.EqualFold for ASCII only: the Kelvin sign is no k in a scheme.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
