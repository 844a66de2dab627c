package address

import (
	"net/netip"
	"strconv"
	"strings"
)

// parseHostPort reads HOST[:PORT]; explicit says that the port was written.
func parseHostPort(s Scheme, text string, d Defaults) (a Address, explicit bool, reason string) {
	host, port, explicit, reason := splitHostPort(text)
	if reason != "" {
		return a, explicit, reason
	}
	a.Scheme, a.Port = s, d.Port
	switch {
	case explicit:
		if a.Port, reason = parsePort(port); reason != "" {
			return a, explicit, reason
		}
	case d.Port == 0 && !d.AnyPort:
		return a, explicit, "the port is missing"
	}
	if host == "" {
		if d.Host == "" {
			a.IP = loopback()
			return a, explicit, ""
		}
		host = strings.TrimSuffix(strings.TrimPrefix(d.Host, "["), "]")
	}
	a.Host, a.IP, reason = parseHost(host, d.NoLookup)
	return a, explicit, reason
}

// splitHostPort divides the text at the colon before the port. Brackets stay off the host; what was in them is an IPv6
// address. A text with two colons or more and no brackets is an IPv6 address without port.
func splitHostPort(text string) (host, port string, explicit bool, reason string) {
	if strings.HasPrefix(text, "[") {
		return splitBracket(text)
	}
	host, port, explicit = strings.Cut(text, ":")
	switch _, err := netip.ParseAddr(text); {
	case err == nil:
		return text, "", false, ""
	case text == "":
		return "", "", false, "there is no host"
	case strings.Contains(text, "@"):
		return "", "", false, "an address holds no user and no password"
	case strings.Contains(port, ":"):
		return "", "", false, "it is no IPv6 address, and one with a port is written [IPv6]:PORT"
	default:
		return host, port, explicit, ""
	}
}

func splitBracket(text string) (host, port string, explicit bool, reason string) {
	host, rest, ok := strings.Cut(text[1:], "]")
	if !ok {
		return "", "", false, "the bracket is never closed"
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.Is6() {
		return "", "", false, quote(host) + " in brackets is no IPv6 address"
	}
	if rest == "" {
		return host, "", false, ""
	}
	if port, ok = strings.CutPrefix(rest, ":"); !ok {
		return "", "", false, "only :PORT may follow the bracket"
	}
	return host, port, true, ""
}

func parsePort(text string) (uint16, string) {
	if text == "" {
		return 0, "the port is missing after the colon"
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		if i := strings.IndexByte(text, '/'); i > 0 {
			return 0, "nothing may follow the port"
		}
		return 0, "the port " + quote(text) + " is no number from 0 to 65535"
	}
	return uint16(n), ""
}

// parseHost reads an IP address or, where allowed, a host name.
func parseHost(host string, noLookup bool) (name string, ip netip.Addr, reason string) {
	if ip, err := netip.ParseAddr(host); err == nil {
		if !validZone(ip.Zone()) {
			return "", netip.Addr{}, "the zone after % is no interface name"
		}
		return "", ip.Unmap(), ""
	}
	if reason := checkHost(host); reason != "" {
		return "", netip.Addr{}, reason
	}
	if noLookup {
		return "", netip.Addr{}, "a host name is not allowed here, only an IP address"
	}
	return strings.ToLower(host), netip.Addr{}, ""
}

// validZone keeps a zone from breaking the brackets it is printed in; interface names are freer than that.
func validZone(zone string) bool {
	for i := range len(zone) {
		if c := zone[i]; c <= ' ' || c >= 0x7f || c == '[' || c == ']' || c == '/' || c == '%' {
			return false
		}
	}
	return true
}

// checkHost says what is wrong with a host name. Underscores are met in the wild and allowed.
func checkHost(host string) string {
	if strings.ContainsRune(host, '/') {
		return "a host name holds no slash"
	}
	if len(host) > 253 {
		return "a host name has at most 253 bytes"
	}
	for i := range len(host) {
		if c := host[i]; c >= 0x80 {
			return "a host name is ASCII: write it in its xn-- form"
		} else if !isHostByte(c) {
			return quote(host) + " is neither an IP address nor a host name"
		}
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return quote(host) + " is no host name"
		}
	}
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		if len(labels) == 1 {
			return "a number alone is no host: write :" + host + " for a port"
		}
		return quote(host) + " is no IPv4 address"
	}
	return ""
}

func isHostByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.'
}

// quote shows a part of the text; parts can be as long as the text.
func quote(s string) string {
	if len(s) > maxShown {
		s = s[:maxShown] + "…"
	}
	return strconv.Quote(s)
}
