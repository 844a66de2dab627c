package message

import "bytes"

// appendUnescaped appends what the raw text of a value means: pairs of a backslash and \ n r (and " inside quotes) stand
// for one byte each, taken once from left to right; any other backslash is itself.
func appendUnescaped(dst, raw []byte, quoted bool) []byte {
	for {
		i := bytes.IndexByte(raw, '\\')
		if i < 0 || i+1 == len(raw) {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:i]...)
		switch c := raw[i+1]; {
		case !isEscape(c, quoted):
			dst = append(dst, '\\')
			raw = raw[i+1:]
			continue
		case c == 'n':
			dst = append(dst, '\n')
		case c == 'r':
			dst = append(dst, '\r')
		default:
			dst = append(dst, c)
		}
		raw = raw[i+2:]
	}
}

// appendEscaped appends a value as it is written in the text form: quoted if it has to be, with as few escapes as can be.
func appendEscaped(dst, value []byte) []byte {
	quotes := needQuotes(value)
	if quotes {
		dst = append(dst, '"')
	}
	for from := 0; ; {
		at := from
		for at < len(value) && !mustEscape(value[at], quotes) {
			at++
		}
		dst = append(dst, value[from:at]...)
		if at == len(value) {
			break
		}
		c := value[at]
		switch c {
		case '\n':
			c = 'n'
		case '\r':
			c = 'r'
		}
		dst = append(dst, '\\', c)
		from = at + 1
	}
	if quotes {
		dst = append(dst, '"')
	}
	return dst
}

// needQuotes says whether a value would be read as something else without quotes. At the end of a value, LF and CR are
// escaped, but other white space would be taken for the space around the line.
func needQuotes(value []byte) bool {
	if len(value) == 0 {
		return false
	}
	last := value[len(value)-1]
	return value[0] == '"' || classes[last]&blankByte != 0 && last != '\n' && last != '\r' || bytes.IndexByte(value, ';') >= 0
}

func mustEscape(c byte, quotes bool) bool {
	return c == '\\' || c == '\n' || c == '\r' || c == '"' && quotes
}
