package message

import "math/bits"

// simple is single (line_amd64.s) where there is no AVX2, for lines of any length: it decodes a line of the usual kind, with a command alone at
// its head. If it says no, m is to be reset or decoded into.
//
// It looks at eight bytes at once, from where a name or a value begins: most of them need one look, or two.
func (m *Message) simple(line []byte) bool {
	from, n, last := commandAt(line, 0), 0, uint64(0)
	if len(line) > longest || from == 0 || isDigit(line[0]) || from < len(line) && line[from] != ' ' {
		return false
	}
	for from < len(line) {
		from++ // behind the blank or semicolon
		w := load(line, from)
		other := ^name8(w) & highs
		at := from + bits.TrailingZeros64(other)>>3
		if other == 0 {
			at = nameAt(line, at)
		}
		if at == from || at == len(line) || line[at] != '=' || isDigit(byte(w)) || n == nearNames {
			return false
		}
		name := other&-other>>7 - 1 // the bytes of w before it, or all
		key := bits.ReverseBytes64(w&name) >> 8
		m.nearStarts[n], m.nearKeys[n] = uint32(from), key
		if n++; key <= last && !behind(line, m.nearStarts[n-2:]) {
			return false
		}
		last = key

		at++
		value := at
		w = special8(load(line, at))
		for w == 0 {
			at += 8
			w = special8(load(line, at))
		}
		from = at + bits.TrailingZeros64(w)>>3
		if from < len(line) && line[from] != ';' {
			if from > value || line[from] != '"' {
				return false
			}
			if from = quotedAt(line, from); from < 0 {
				return false
			}
		} else if line[from-1] == ' ' {
			return false
		}
	}
	m.take(line[:len(line):len(line)], 0, 0, uint32(n), m.nearby())
	return true
}

// nameAt returns where the name ends that is at p[i].
func nameAt(p []byte, i int) int {
	for {
		if other := ^name8(load(p, i)) & highs; other != 0 {
			return i + bits.TrailingZeros64(other)>>3
		}
		i += 8
	}
}

// quotedAt returns where the value ends that begins with the quote at. It returns -1 if AppendText would not write it so.
func quotedAt(line []byte, at int) (end int) {
	for needed := false; ; needed = true {
		switch at = specialAt(line, at+1); {
		case at == len(line):
			return -1
		case line[at] == ';':
		case line[at] != '"', !needed && line[at-1] != ' ':
			return -1
		default:
			if at++; at < len(line) && line[at] != ';' {
				return -1
			}
			return at
		}
	}
}

// specialAt returns where the first byte is, at or behind i, that ends or complicates a value: the end of p if there is none.
func specialAt(p []byte, i int) int {
	for {
		if s := special8(load(p, i)); s != 0 {
			return i + bits.TrailingZeros64(s)>>3
		}
		i += 8
	}
}
