package message

import (
	"bytes"
	"slices"
)

// form says how the value of a parameter is written.
type form uint32

const (
	quoted    form = 1 << iota // in double quotes, which are not part of the span
	escaped                    // has backslashes: unescape tells what is meant
	loose                      // not written as AppendText would
	unescaped                  // the span is one of Message.scratch
)

// param is one parameter of a decoded line: its name is line[name:eq], its value the span of the line.
type param struct {
	key      uint64 // nameKey of the name
	name, eq uint32
	value    span
	form     form
}

// scanParams finds the parameters, from m.body to the end of the line, and notes whether they are written as AppendText
// would write them. It reports a mistake without saying which: explain finds that out.
//
// It goes from stop to stop. Most values have none, so that the one behind their '=' is their end.
func (m *Message) scanParams() bool {
	line, params, from := m.line, m.params[:0], int(m.body)
	s := stops{base: from - 64}
	ordered, tight, last := true, true, uint64(0)
	for {
		eq, end := nameAt(line, from), 0
		if eq == from || eq >= len(line) || line[eq] != '=' || isDigit(line[from]) {
			return false
		}
		key := nameKey(line, from, eq)
		if key <= last && len(params) > 0 && ordered {
			ordered = follows(line, from, eq, &params[len(params)-1])
		}
		last = key

		end, s = s.next(line, eq+1)
		if len(params) == cap(params) {
			params = slices.Grow(params, max(4, len(params)))
		}
		params = params[:len(params)+1]
		p := &params[len(params)-1]
		p.key, p.name, p.eq = key, uint32(from), uint32(eq)
		p.value.from, p.value.to, p.form = uint32(eq+1), uint32(end), 0
		if end < len(line) && line[end] != ';' {
			if end, s = p.scanMarked(line, end, s); end < 0 {
				return false
			}
			tight = tight && p.form&loose == 0
		} else if line[end-1] == ' ' {
			tight = false // AppendText quotes what ends in white space
		}
		if from = end + 1; from >= len(line) {
			tight = tight && end == len(line) // the last ';' is not needed
			break
		}
	}
	m.params, m.scratch = params, m.scratch[:0]
	m.ordered, m.canonical, m.unscanned = ordered, ordered && tight, false
	return true
}

// follows says whether the name line[from:eq] is behind that of the parameter before it.
func follows(line []byte, from, eq int, before *param) bool {
	return bytes.Compare(line[before.name:before.eq], line[from:eq]) < 0
}

// scanMarked finds the end of a value in which the special byte at is not the ';' behind it. End is -1 for a mistake.
func (p *param) scanMarked(line []byte, at int, s stops) (end int, rest stops) {
	if at == int(p.value.from) && line[at] == '"' {
		return p.scanQuoted(line, s)
	}
	f := form(0)
	for at < len(line) && line[at] != ';' {
		switch line[at] {
		case '\\':
			f |= escaped
			switch {
			case at+1 == len(line) || !isEscape(line[at+1], false):
				f |= loose
			case line[at+1] == '\\':
				at++ // the second of a pair
			}
		case 0, '\n':
			return -1, s
		case '\r':
			f |= loose
		}
		at, s = s.next(line, at+1)
	}
	if at > int(p.value.from) && classes[line[at-1]]&blankByte != 0 {
		f |= loose
	}
	p.value.to, p.form = uint32(at), f
	return at, s
}

// scanQuoted is scanMarked for a value in quotes.
func (p *param) scanQuoted(line []byte, s stops) (end int, rest stops) {
	f, needed := quoted, false // whether the quotes are
	from := int(p.value.from) + 1
	at, s := s.next(line, from)
	for at < len(line) && line[at] != '"' {
		switch line[at] {
		case ';':
			needed = true
		case '\\':
			f |= escaped
			switch {
			case at+1 == len(line) || !isEscape(line[at+1], true):
				f |= loose
			case line[at+1] == '\\' || line[at+1] == '"':
				needed = needed || at == from && line[at+1] == '"'
				at++ // the second of a pair
			}
		case 0, '\n':
			return -1, s
		case '\r':
			f |= loose
		}
		at, s = s.next(line, at+1)
	}
	if !needed && (at == from || classes[line[at-1]]&blankByte == 0) {
		f |= loose
	}
	p.value.from, p.value.to, p.form = uint32(from), uint32(at), f
	if at == len(line) || at+1 < len(line) && line[at+1] != ';' {
		return -1, s // the quote is not closed, or text follows
	}
	return at + 1, s
}

// isEscape says whether a backslash before c means something.
func isEscape(c byte, quoted bool) bool {
	return c == '\\' || c == 'n' || c == 'r' || c == '"' && quoted
}
