package message

import "unsafe"

// AppendText appends the message as a line, without a line end, in its canonical form: parameters sorted by name, as few
// quotes and escapes as can be. Parameters that came that way and were not touched are copied as they are. On error
// (that of Check) dst is returned as it was.
func (m *Message) AppendText(dst []byte) ([]byte, error) {
	if line, _ := m.Verbatim(); line != nil {
		return append(dst, line...), nil
	}
	if m.printed && m.unchecked == 0 {
		dst = append(dst, m.own...)
	} else {
		if err := m.Check(); err != nil {
			return dst, err
		}
		dst = m.appendHead(dst)
	}
	if m.canonical {
		if int(m.body) < len(m.line) {
			dst = append(dst, ' ')
			dst = append(dst, m.line[m.body:]...)
		}
		return dst, nil
	}
	return m.appendParams(dst), nil
}

// Verbatim returns the line that AppendText would print, borrowed, if the message has it as it came, and else nil. It saves who prints
// many messages a way through all that a message may be. The text is the line and what came behind it, which may be read, so that
// lines can be copied by CopyStep.
func (m *Message) Verbatim() (line, text []byte) {
	if m.verbatim {
		return m.line[:len(m.line):len(m.line)], m.line[:cap(m.line):cap(m.line)]
	}
	return nil, nil
}

// Step is how many bytes CopyStep copies.
const Step = 112

// CopyStep copies bytes between arrays that do not overlap. It is no call, as the copy of an array would be, which might.
func CopyStep(to, from *[Step]byte) {
	type step struct{ _ [Step]byte }
	*(*step)(unsafe.Pointer(to)) = *(*step)(unsafe.Pointer(from))
}

// Append appends the text or the JSON form.
func (m *Message) Append(dst []byte, json bool) ([]byte, error) {
	if json {
		return m.AppendJSON(dst)
	}
	return m.AppendText(dst)
}

// String returns the canonical text for people to read; where there is none, the reason in brackets.
func (m *Message) String() string {
	text, err := m.AppendText(nil)
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return string(text)
}

func (m *Message) appendHead(dst []byte) []byte {
	if m.has(fromServer) || m.has(fromService) {
		dst = append(dst, '<')
		dst = append(dst, m.name(fromServer)...)
		dst = append(dst, ':')
		dst = append(dst, m.name(fromService)...)
		dst = append(dst, ' ')
	}
	if m.has(toService) {
		if m.has(toServer) {
			dst = append(dst, m.name(toServer)...)
			dst = append(dst, ':')
		}
		dst = append(dst, m.name(toService)...)
		dst = append(dst, '/')
	}
	return append(dst, m.name(commandName)...)
}

// has says whether a name is set.
func (m *Message) has(i int) bool { return m.names[i].from != m.names[i].to }

// appendParams appends the parameters, each with the separator before it.
func (m *Message) appendParams(dst []byte) []byte {
	separator := byte(' ')
	for i := range m.Len() {
		name, value := m.at(i)
		dst = append(dst, separator)
		dst = append(dst, name...)
		dst = append(dst, '=')
		dst = appendEscaped(dst, value)
		separator = ';'
	}
	return dst
}

// TextBound returns a number of bytes that AppendText does not exceed. It costs next to nothing and is exact, or nearly, for
// messages that came as AppendText writes them; others may be a few times shorter.
func (m *Message) TextBound() int {
	if m.canonical && !m.ownHead {
		return len(m.line)
	}
	if m.printed && m.canonical {
		return len(m.own) + 1 + len(m.line) - int(m.body)
	}
	n := 8
	for _, s := range m.names {
		n += int(s.to - s.from)
	}
	if !m.built {
		params := len(m.line) - int(m.body)
		if !m.canonical {
			params *= 4
		}
		return n + params
	}
	for i := range m.fields {
		n += len(m.fields[i].name) + 2*len(m.fields[i].value) + 4
	}
	return n
}
