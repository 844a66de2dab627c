package message

import "math"

// decodeText fills m from a trimmed line; offset is where it begins in what the caller was given.
func (m *Message) decodeText(line []byte, offset int) error {
	m.Reset()
	if len(line) == 0 {
		return ErrEmpty
	}
	if int64(len(line)) > math.MaxUint32 {
		return &SyntaxError{Offset: offset, Reason: "the line is over 4 GiB"}
	}
	m.line = line[:len(line):len(line)] // what is behind is nothing that was given to read: see Verbatim
	body, ok := m.scanHead()
	m.body = uint32(body)
	if ok && body < len(line) {
		ok = m.scanParams()
	}
	if ok {
		m.verbatim = m.canonical && m.bare()
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
	if to := commandAt(line, 0); to > 0 && to < len(line) && line[to] == ' ' && classes[line[0]]&digitByte == 0 {
		m.names[commandName] = span{0, uint32(to)} // a command without an address
		return to + 1, true
	}
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
