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
	name, eq uint32
	value    span
	form     form
}

// scanParams finds the parameters, from m.body to the end of the line, and notes whether they are written as AppendText
// would write them. It reports a mistake without saying which: explain finds that out.
//
// It goes from mark to mark. Most values have none, so that the mark behind their '=' is their end.
func (m *Message) scanParams() bool {
	line, params, from := m.line, m.room(), int(m.body)
	marks := marksFrom(line, from)
	ordered, tight, last := true, true, uint64(0)
	for {
		if marks.pending == 0 {
			marks = marks.refill(line)
		}
		end := marks.first()
		marks = marks.behind()

		eq, key := nameAt(line, from)
		if eq == from || eq >= len(line) || line[eq] != '=' || classes[line[from]]&digitByte != 0 {
			return false
		}
		if key <= last && len(params) > 0 && ordered {
			ordered = follows(line, from, eq, &params[len(params)-1])
		}
		last = key

		if len(params) == cap(params) {
			params = slices.Grow(params, len(params))
		}
		params = params[:len(params)+1]
		p := &params[len(params)-1]
		p.name, p.eq = uint32(from), uint32(eq)
		p.value.from, p.value.to, p.form = uint32(eq+1), uint32(end), 0
		if end < len(line) && line[end] != ';' {
			if end, marks = p.scanMarked(line, end, marks); end < 0 {
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
	m.params, m.ordered, m.canonical = params, ordered, ordered && tight
	return true
}

// follows says whether the name line[from:eq] is behind that of the parameter before it.
func follows(line []byte, from, eq int, before *param) bool {
	return bytes.Compare(line[before.name:before.eq], line[from:eq]) < 0
}

// room returns an empty list of parameters to be filled.
func (m *Message) room() []param {
	if m.params == nil {
		return m.first[:0]
	}
	return m.params[:0]
}

// scanMarked finds the end of a value in which the mark at is not the ';' behind it. End is -1 for a mistake.
func (p *param) scanMarked(line []byte, at int, marks cursor) (end int, rest cursor) {
	if at == int(p.value.from) && line[at] == '"' {
		return p.scanQuoted(line, marks)
	}
	f := form(0)
	for seen := at; at < len(line) && line[at] != ';'; at, marks = marks.next(line) {
		switch {
		case line[at] == '\\' && at >= seen:
			f |= escaped
			switch {
			case at+1 == len(line) || !isEscape(line[at+1], false):
				f |= loose
			case line[at+1] == '\\':
				seen = at + 2 // the second of a pair
			}
		case line[at] == 0 || line[at] == '\n':
			return -1, marks
		case line[at] == '\r':
			f |= loose
		}
	}
	if at > int(p.value.from) && classes[line[at-1]]&blankByte != 0 {
		f |= loose
	}
	p.value.to, p.form = uint32(at), f
	return at, marks
}

// scanQuoted is scanMarked for a value in quotes.
func (p *param) scanQuoted(line []byte, marks cursor) (end int, rest cursor) {
	f, needed := quoted, false // whether the quotes are
	from := int(p.value.from) + 1
	at, marks := marks.next(line)
	for seen := from; at < len(line); at, marks = marks.next(line) {
		if at < seen {
			continue
		}
		if line[at] == '"' {
			break
		}
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
				seen = at + 2 // the second of a pair
			}
		case 0, '\n':
			return -1, marks
		case '\r':
			f |= loose
		}
	}
	if !needed && (at == from || classes[line[at-1]]&blankByte == 0) {
		f |= loose
	}
	p.value.from, p.value.to, p.form = uint32(from), uint32(at), f
	if at+1 < len(line) && line[at+1] == ';' {
		return marks.next(line)
	}
	if at+1 != len(line) {
		return -1, marks // the quote is not closed, or text follows
	}
	return at + 1, marks
}

// isEscape says whether a backslash before c means something.
func isEscape(c byte, quoted bool) bool {
	return c == '\\' || c == 'n' || c == 'r' || c == '"' && quoted
}
