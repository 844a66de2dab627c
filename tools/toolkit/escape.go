package toolkit

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Escape returns s with everything that could steer a terminal written as \xNN or \u{NNNN}: control characters, bytes that
// are not UTF-8 and the marks that turn the direction of text. Tabs stay. What a peer sent goes through it
// before it is shown on a terminal.
func Escape(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 && c != '\t' || c >= 0x7f {
			return string(AppendEscaped(nil, []byte(s)))
		}
	}
	return s
}

// AppendEscaped is Escape for bytes.
func AppendEscaped(dst, p []byte) []byte {
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		switch {
		case r == utf8.RuneError && size == 1, r < 0x80 && steers(r):
			dst = fmt.Appendf(dst, `\x%02X`, p[0])
		case steers(r):
			dst = fmt.Appendf(dst, `\u{%04X}`, r)
		default:
			dst = append(dst, p[:size]...)
		}
		p = p[size:]
	}
	return dst
}

// steers reports whether r may do more to a terminal than take up a cell. unicode.Bidi_Control are the direction marks.
func steers(r rune) bool {
	return r != '\t' && unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// EscapeJSON does for finished JSON what Escape does for text: json.Marshal escapes the C0 range only, and terminals
// obey C1 controls too. Such runes occur in JSON inside strings only. It returns p itself where there is nothing to do.
func EscapeJSON(p []byte) []byte {
	if !bytes.ContainsFunc(p, func(r rune) bool { return r >= 0x7f }) {
		return p
	}
	var dst []byte
	for len(p) > 0 {
		r, size := utf8.DecodeRune(p)
		if r >= 0x7f && steers(r) {
			dst = fmt.Appendf(dst, `\u%04x`, r)
		} else {
			dst = append(dst, p[:size]...)
		}
		p = p[size:]
	}
	return dst
}
