package address

import (
	"net/netip"
	"strings"
)

// Ports and limits. The ports are those of the C++ router.
const (
	portLocal  = 4040 // cd: on loopback
	portUDP    = 4041 // cdu:
	portRemote = 4042 // cd: elsewhere
	portSecure = 4043 // cds:

	maxUnix = 107  // sun_path has 108 bytes, one of which is a NUL: the last of a path, the first of an abstract name; unix(7)
	maxPath = 4095 // PATH_MAX without its NUL
)

// Defaults fills in what a text leaves out. The zero value means TCP, host 127.0.0.1, a port that must be written, and
// that host names are allowed.
type Defaults struct {
	Scheme   Scheme // of a text without one; None is TCP
	Host     string // of ":PORT": an IP or a name; "" is 127.0.0.1
	Port     uint16 // of a text without one; 0: it is an error to leave it out
	AnyPort  bool   // a text without port has port 0 where Port is 0
	NoLookup bool   // refuse host names: only IP addresses
}

// Parse reads one address; the package comment lists the forms. The text is taken as it is, white space included.
func Parse(s string, d Defaults) (Address, error) {
	if d.Scheme == None {
		d.Scheme = TCP
	}
	a, reason := parse(s, d)
	if reason != "" {
		return Address{}, &ParseError{Text: s, Reason: reason, Accept: accepted(d)}
	}
	return a, nil
}

// parse returns the address or the reason why there is none. Reasons are built by the functions below, so that Parse
// alone makes errors.
func parse(s string, d Defaults) (Address, string) {
	if s == "" {
		return Address{}, "it is empty"
	}
	if strings.IndexByte(s, 0) >= 0 {
		return Address{}, "it holds a NUL byte"
	}
	head, rest, ok := strings.Cut(s, ":")
	if !ok {
		return parseBare(s, d)
	}
	if scheme, known := ParseScheme(head); known && !scheme.IsIP() {
		return parseURIPath(scheme, rest)
	}
	if equalFold(head, "cd") && strings.HasPrefix(rest, "/") && (!strings.HasPrefix(rest, "//") || strings.HasPrefix(rest, "///")) {
		return parseURIPath(Unix, rest)
	}
	host, ok := strings.CutPrefix(rest, "//")
	if !ok || strings.ContainsAny(head, "/[@") {
		a, reason := parseBare(s, d)
		if _, scheme := ParseScheme(head); reason != "" && scheme { // "tcp:4040" is a host of that name
			reason = "two slashes are missing: write " + strings.ToLower(head) + "://HOST:PORT"
		}
		return a, reason
	}
	if family, known := parseFamily(head); known {
		return parseCD(family, host, d)
	}
	scheme, known := ParseScheme(head)
	switch {
	case known:
		return parseIP(scheme, host, d)
	case equalFold(head, "cdb"):
		return Address{}, "cdb:// is reserved and has no meaning yet"
	default:
		return Address{}, "the scheme " + quote(head) + " is unknown"
	}
}

// parseBare reads a text without scheme.
func parseBare(s string, d Defaults) (Address, string) {
	isPath := strings.HasPrefix(s, "/")
	switch {
	case d.Scheme.IsUnix() && (isPath || strings.HasPrefix(s, "@")), d.Scheme == FIFO && isPath:
		return parsePath(d.Scheme, s)
	case isPath:
		return Address{}, "a path needs its kind before it, as in unix:" + s
	case !d.Scheme.IsIP():
		return Address{}, "without a scheme only " + bareForms(d.Scheme) + " is an address here"
	default:
		return parseIP(d.Scheme, s, d)
	}
}

func bareForms(s Scheme) string {
	switch {
	case s.IsUnix():
		return "/PATH or @NAME"
	case s == FIFO:
		return "/PATH"
	default:
		return "nothing"
	}
}

// parseURIPath reads what follows the colon: PATH, or //PATH where PATH shows by its first byte that no host was meant.
func parseURIPath(s Scheme, rest string) (Address, string) {
	path, uri := strings.CutPrefix(rest, "//")
	switch {
	case s == Exec || !uri:
		return parsePath(s, rest)
	case strings.HasPrefix(path, "/") || s.IsUnix() && strings.HasPrefix(path, "@"):
		return parsePath(s, path)
	default:
		return Address{}, "a path after // must begin with a slash; a relative one is written " + s.String() + ":PATH"
	}
}

func parsePath(s Scheme, path string) (Address, string) {
	a := Address{Scheme: s, Path: path}
	switch {
	case path == "" && s == Exec:
		return a, "there is no command after exec:"
	case path == "":
		return a, "there is no path: write " + s.String() + ":PATH or " + s.String() + ":///PATH"
	case s == Exec:
		return a, checkCommand(path)
	case s == FIFO && len(path) > maxPath:
		return a, "the path has more than 4095 bytes"
	case s == FIFO:
		return a, ""
	case path == "@":
		return a, "there is no name after @"
	case path[0] == '@' && len(path) > maxUnix+1:
		return a, "an abstract name has at most 107 bytes after the @"
	case path[0] != '@' && len(path) > maxUnix:
		return a, "the path of a Unix socket has at most 107 bytes"
	default:
		return a, ""
	}
}

// parseFamily knows the spellings of the C++ router's clients.
func parseFamily(head string) (s Scheme, ok bool) {
	switch {
	case equalFold(head, "cd"):
		return TCP, true
	case equalFold(head, "cds"):
		return TLS, true
	case equalFold(head, "cdu"):
		return UDP, true
	default:
		return None, false
	}
}

// parseCD reads what follows cd://, cds:// or cdu://. The port of cd: depends on the host: a router listens for its own
// host's services and for other routers on two ports.
func parseCD(s Scheme, host string, d Defaults) (Address, string) {
	d.Port, d.AnyPort = portRemote, false
	switch s {
	case TLS:
		d.Port = portSecure
	case UDP:
		d.Port = portUDP
	}
	a, explicit, reason := parseHostPort(s, host, d)
	if reason == "" && s == TCP && !explicit && (a.Host == "localhost" || a.IP.IsLoopback()) {
		a.Port = portLocal
	}
	return a, reason
}

func parseIP(s Scheme, text string, d Defaults) (Address, string) {
	a, _, reason := parseHostPort(s, text, d)
	return a, reason
}

// loopback is the host of ":PORT".
func loopback() netip.Addr { return netip.AddrFrom4([4]byte{127, 0, 0, 1}) }
