package message

// What follows is for those who pass messages on as they came, but for the sender.

// AppendFrom is SetSender and AppendText in one, without a change to m. It copies the line once. False: m did not come as AppendText
// writes it, or was changed, or has no service that it goes to; dst is returned as it was.
func (m *Message) AppendFrom(dst []byte, s *Sender) ([]byte, bool) {
	command := m.names[commandName]
	if !m.canonical || m.ownHead || !m.has(toService) || int(command.to) != len(m.line) && command.to+1 != m.body {
		return dst, false
	}
	return append(append(dst, s.text...), m.line[m.Destination():]...), true
}

// Len is how many bytes AppendFrom puts before a message at most.
func (s *Sender) Len() int { return len(s.text) }

// HasEither says whether there is a parameter of one of two names.
func (m *Message) HasEither(a, b string) bool {
	if m.marked == nil {
		return (m.built || int(m.body) < len(m.line)) && (m.Has(a) || m.Has(b))
	}
	first, second := markKey(a), markKey(b)
	for _, k := range m.marked.keys[m.first:m.last] {
		if k == first && m.Has(a) || k == second && m.Has(b) {
			return true
		}
	}
	return false
}
