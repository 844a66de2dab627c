package address

import "strconv"

// maxShown is how much of a refused text an error message repeats; the text may come from a peer.
const maxShown = 120

// ParseError says why a text is no address.
type ParseError struct {
	Text   string // what was given, whole
	Reason string // what is wrong with it
	Accept string // what would be right here
}

// Error gives text, reason and what is accepted on one line; control bytes of the text are escaped.
func (e *ParseError) Error() string {
	text := e.Text
	if len(text) > maxShown {
		text = text[:maxShown] + "…"
	}
	s := "parse address " + strconv.Quote(text) + ": " + e.Reason
	if e.Accept != "" {
		s += " (accepted: " + e.Accept + ")"
	}
	return s
}

// accepted lists the forms that fit the defaults.
func accepted(d Defaults) string {
	const uris = "tcp://, tls://, udp://, unix:PATH, unix:@NAME, unixgram:, unixpacket:, fifo:PATH, exec:COMMAND"
	switch {
	case d.Scheme.IsUnix():
		return "/PATH, @NAME, " + uris
	case d.Scheme == FIFO:
		return "/PATH, " + uris
	case d.Scheme == Exec:
		return uris
	}
	port := ":PORT"
	if d.Port != 0 || d.AnyPort {
		port = "[:PORT]"
	}
	s := "IP" + port + ", [IPv6]" + port + ", :PORT, "
	if !d.NoLookup {
		s += "HOST" + port + ", "
	}
	return s + uris
}
