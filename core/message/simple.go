package message

import "math/bits"

// simple is single (line_amd64.s) where there is no AVX2, for lines of any length: it decodes a line of the usual kind, with a command alone at
// its head. If it says no, m is to be reset or decoded into.
//
// Where a parameter ends is known from the stops, so that the processor can begin with the next while it looks at the name of this.
func (m *Message) simple(line []byte) bool {
	command := commandAt(line, 0)
	if uint(len(line)-1) >= longest || line[0] < 'A' || command < len(line) && line[command] != ' ' {
		return false
	}
	var s stops
	if value := command + len(" n="); value <= len(line) { // the first value does not begin before
		s = stops{value, special64(line, value)}
	}
	n, last := uint32(0), uint64(0)
	for end := command; end < len(line); {
		from := end + 1 // behind the blank or semicolon
		w := load(line, from)
		other := noName8(w)
		eq := from + bits.TrailingZeros64(other)>>3
		if other == 0 {
			eq = nameAt(line, from+8)
		}
		if uint(eq) >= uint(len(line)) || line[eq] != '=' || byte(w) < 'A' || n >= nearNames { // 'A': above digits, and '='
			return false
		}
		name := w & ((other - 1) &^ other >> 7) // or its first eight bytes
		key := bits.ReverseBytes64(name) >> 8
		m.nearStarts[n], m.nearKeys[n] = uint32(from), key
		if n++; key <= last && !behind(line, m.nearStarts[n-2:]) {
			return false
		}
		last = key

		if s.left == 0 {
			s = s.more(line)
		}
		end, s = s.first()
		if uint(end) < uint(len(line)) && line[end] != ';' {
			if end > eq+1 || line[end] != '"' {
				return false
			}
			if end, s = s.quotedAt(line, end); end < 0 {
				return false
			}
		} else if line[end-1] == ' ' {
			return false
		}
	}
	m.take(line[:len(line):len(line)], 0, 0, n, m.nearby())
	return true
}

// quotedAt returns where the value ends that begins with the quote at, and the stops behind it. The end is -1 if AppendText would not write it so.
func (s stops) quotedAt(line []byte, at int) (end int, rest stops) {
	for needed := false; ; needed = true {
		switch at, s = s.more(line).first(); {
		case at == len(line):
			return -1, s
		case line[at] == ';':
		case line[at] != '"', !needed && line[at-1] != ' ':
			return -1, s
		default:
			if end, s = s.more(line).first(); end > at+1 || end < len(line) && line[end] != ';' {
				return -1, s
			}
			return end, s
		}
	}
}
