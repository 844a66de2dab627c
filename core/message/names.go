package message

import "strconv"

// class says what a byte may be part of.
type class uint8

const (
	nameByte    class = 1 << iota // A-Z a-z 0-9 _: parameters, services
	commandByte                   // A-Z 0-9 _
	serverByte                    // nameByte, and . - which host names have
	digitByte                     // 0-9
	blankByte                     // SP TAB LF VT FF CR: the white space around a line
)

// classes is the table of classes by byte. It is never written to.
var classes = func() (t [256]class) {
	for c := range t {
		switch {
		case 'A' <= c && c <= 'Z', c == '_':
			t[c] = nameByte | commandByte | serverByte
		case 'a' <= c && c <= 'z':
			t[c] = nameByte | serverByte
		case '0' <= c && c <= '9':
			t[c] = nameByte | commandByte | serverByte | digitByte
		case c == '.', c == '-':
			t[c] = serverByte
		case c == ' ', '\t' <= c && c <= '\r':
			t[c] = blankByte
		}
	}
	return t
}()

// VerifyCommand returns a *NameError unless s is a command: A-Z 0-9 _, not beginning with a digit.
func VerifyCommand(s string) error { return nameError("command", s, command) }

// VerifyName returns a *NameError unless s can name a parameter: A-Z a-z 0-9 _, not beginning with a digit.
func VerifyName(s string) error { return nameError("parameter", s, parameter) }

// VerifyService returns a *NameError unless s can name a service: A-Z a-z 0-9 _, not beginning with a digit.
func VerifyService(s string) error { return nameError("service", s, sender) }

// VerifyServer returns a *NameError unless s can name a server: A-Z a-z 0-9 _ . -, not beginning with . or -.
func VerifyServer(s string) error { return nameError("server", s, senderServer) }

// VerifyToService is VerifyService for a destination: it may also be "." (this node), "?" (the private network), "*" (everyone).
func VerifyToService(s string) error { return nameError("service", s, service) }

// VerifyToServer is VerifyServer for a destination: it may also be ".", "?" or "*".
func VerifyToServer(s string) error { return nameError("server", s, server) }

// nameRule is what is expected of one kind of name.
type nameRule struct {
	bytes    class
	digit    bool // may begin with a digit
	wildcard bool // may be "." "?" "*"
	accept   string
}

var (
	command      = nameRule{bytes: commandByte, accept: "A-Z 0-9 _"}
	parameter    = nameRule{bytes: nameByte, accept: "A-Z a-z 0-9 _"}
	sender       = parameter
	service      = nameRule{bytes: nameByte, wildcard: true, accept: parameter.accept}
	senderServer = nameRule{bytes: serverByte, digit: true, accept: "A-Z a-z 0-9 _ . -"}
	server       = nameRule{bytes: serverByte, digit: true, wildcard: true, accept: senderServer.accept}
)

func nameError(what, s string, r nameRule) error {
	if _, reason := checkName(s, &r); reason != "" {
		return &NameError{What: what, Name: s, Reason: reason}
	}
	return nil
}

// checkName returns the offset of the first byte of s that breaks the rule, and the reason; "" when all is well.
func checkName[T string | []byte](s T, r *nameRule) (int, string) {
	if len(s) == 0 {
		return 0, "it is empty"
	}
	first := s[0]
	if r.wildcard && len(s) == 1 && (first == '.' || first == '?' || first == '*') {
		return 0, ""
	}
	switch {
	case classes[first]&r.bytes == 0:
	case classes[first]&digitByte != 0 && !r.digit:
		return 0, "it begins with a digit"
	case first == '.' || first == '-':
		return 0, "it begins with " + quoteByte(first)
	}
	for i := range len(s) {
		if classes[s[i]]&r.bytes == 0 {
			return i, quoteByte(s[i]) + " is not allowed, only " + r.accept
		}
	}
	return 0, ""
}

func isDigit(c byte) bool { return c-'0' < 10 }

// quoteByte shows one byte in an error message: 'x', TAB as '\t', 0xE9 as '\xe9'.
func quoteByte(c byte) string {
	if c < 0x80 {
		return strconv.QuoteRune(rune(c))
	}
	const hex = "0123456789abcdef"
	return `'\x` + string([]byte{hex[c>>4], hex[c&15]}) + `'`
}
