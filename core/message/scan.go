package message

import (
	"bytes"
	"math"
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

// decodeText fills m from a trimmed line; offset is where it begins in what the caller was given.
func (m *Message) decodeText(line []byte, offset int) error {
	m.Reset()
	if len(line) == 0 {
		return ErrEmpty
	}
	if len(line) > math.MaxUint32 {
		return &SyntaxError{Offset: offset, Reason: "the line is over 4 GiB"}
	}
	m.line = line
	body, ok := m.scanHead()
	m.body = uint32(body)
	if ok && body < len(line) {
		ok = m.scanParams()
	} else {
		m.ordered, m.canonical = true, true
	}
	if ok {
		return nil
	}
	m.Reset()
	err := explain(line)
	err.Offset += offset
	return err
}

// scanHead finds the names in m.line and returns where the parameters begin: at its end when there are none.
func (m *Message) scanHead() (body int, ok bool) {
	line, from := m.line, 0
	if line[0] == '<' {
		if from, ok = m.scanSender(); !ok {
			return 0, false
		}
	}
	to, all := word(line, from)
	if to < len(line) && line[to] == ':' {
		if !isWildcard(line[from:to]) && (from == to || classes[line[from]]&nameByte == 0) {
			return 0, false
		}
		m.names[toServer] = span{uint32(from), uint32(to)}
		from = to + 1
		to, all = word(line, from)
	}
	if to < len(line) && line[to] == '/' {
		if !isWildcard(line[from:to]) && (from == to || all&nameByte == 0 || classes[line[from]]&digitByte != 0) {
			return 0, false
		}
		m.names[toService] = span{uint32(from), uint32(to)}
		from = to + 1
		to, all = word(line, from)
	}
	if from == to || all&commandByte == 0 || classes[line[from]]&digitByte != 0 {
		return 0, false
	}
	m.names[commandName] = span{uint32(from), uint32(to)}
	if to == len(line) {
		return to, true
	}
	return to + 1, line[to] == ' '
}

// scanSender finds the "<server:service " before the rest of the head, and returns where that begins.
func (m *Message) scanSender() (next int, ok bool) {
	line := m.line
	from, sep := 1, 0
	to, _ := word(line, from)
	if to == len(line) || line[to] != ':' || from < to && classes[line[from]]&nameByte == 0 {
		return 0, false
	}
	m.names[fromServer] = span{uint32(from), uint32(to)}
	from = to + 1
	sep, all := word(line, from)
	if sep == len(line) || line[sep] != ' ' || from < sep && (all&nameByte == 0 || classes[line[from]]&digitByte != 0) {
		return 0, false
	}
	m.names[fromService] = span{uint32(from), uint32(sep)}
	return sep + 1, true
}

// word returns where the name or wildcard at p[i] ends, and the classes that all of its bytes belong to.
func word(p []byte, i int) (end int, all class) {
	all = nameByte | commandByte
	if i < len(p) && (p[i] == '*' || p[i] == '?') {
		return i + 1, 0
	}
	for ; i < len(p); i++ {
		c := classes[p[i]]
		if c&serverByte == 0 {
			break
		}
		all &= c
	}
	return i, all
}

// isWildcard says whether a destination is a broadcast, not a name.
func isWildcard(name []byte) bool {
	return len(name) == 1 && (name[0] == '.' || name[0] == '*' || name[0] == '?')
}

// scanParams finds the parameters, from m.body to the end of the line, and notes whether they are written as AppendText
// would write them. It reports a mistake without saying which: explain finds that out.
func (m *Message) scanParams() bool {
	line, from := m.line, int(m.body)
	params := m.room()
	ordered, all, last := true, form(0), uint64(0)
	marks := marksFrom(line, from)
	for {
		eq, key := nameAt(line, from)
		if eq == from || eq == len(line) || line[eq] != '=' || classes[line[from]]&digitByte != 0 {
			return false
		}
		if key <= last && len(params) > 0 {
			before := &params[len(params)-1]
			ordered = ordered && bytes.Compare(line[before.name:before.eq], line[from:eq]) < 0
		}
		last = key

		end, rest := marks.next(line)
		value, f := span{uint32(eq + 1), uint32(end)}, form(0)
		switch {
		case end < len(line) && line[end] != ';':
			if value, f, end, rest = scanMarked(line, eq+1, end, rest); end < 0 {
				return false
			}
		case end > eq+1 && classes[line[end-1]]&blankByte != 0:
			f = loose // AppendText quotes what ends in white space
		}
		marks, all = rest, all|f
		params = append(params, param{uint32(from), uint32(eq), value, f})
		if end+1 >= len(line) {
			if end < len(line) {
				all |= loose // the last ';' is not needed
			}
			break
		}
		from = end + 1
	}
	m.params, m.ordered, m.canonical = params, ordered, ordered && all&loose == 0
	return true
}

// room returns an empty list of parameters to be filled.
func (m *Message) room() []param {
	if m.params == nil {
		return m.first[:0]
	}
	return m.params[:0]
}

// scanMarked finds the end of a value in which the mark at is not the ';' behind it. End is -1 for a mistake.
func scanMarked(line []byte, from, at int, marks cursor) (value span, f form, end int, rest cursor) {
	if line[from] == '"' {
		return scanQuoted(line, from+1, marks)
	}
	for seen := at; ; at, marks = marks.next(line) {
		if at == len(line) || line[at] == ';' {
			break
		}
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
			return value, f, -1, marks
		case line[at] == '\r':
			f |= loose
		}
	}
	if at > from && classes[line[at-1]]&blankByte != 0 {
		f |= loose
	}
	return span{uint32(from), uint32(at)}, f, at, marks
}

// scanQuoted is scanMarked for the value behind a double quote.
func scanQuoted(line []byte, from int, marks cursor) (value span, f form, end int, rest cursor) {
	f = quoted
	needed := false // the quotes are
	at, seen := 0, from
	for {
		at, marks = marks.next(line)
		if at == len(line) {
			return value, f, -1, marks
		}
		if at < seen {
			continue
		}
		c := line[at]
		if c == '"' {
			break
		}
		switch c {
		case ';':
			needed = true
		case '\\':
			f |= escaped
			switch {
			case at+1 == len(line) || !isEscape(line[at+1], true):
				f |= loose
			case line[at+1] == '\\' || line[at+1] == '"':
				seen = at + 2
				needed = needed || at == from && line[at+1] == '"'
			}
		case 0, '\n':
			return value, f, -1, marks
		case '\r':
			f |= loose
		}
	}
	if !needed && (at == from || classes[line[at-1]]&blankByte == 0) {
		f |= loose
	}
	value, end = span{uint32(from), uint32(at)}, at+1
	if end < len(line) {
		if line[end] != ';' {
			return value, f, -1, marks
		}
		_, marks = marks.next(line) // the ';'
	}
	return value, f, end, marks
}

// isEscape says whether a backslash before c means something.
func isEscape(c byte, quoted bool) bool {
	return c == '\\' || c == 'n' || c == 'r' || c == '"' && quoted
}
