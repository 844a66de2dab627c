package message

// Sender is a sender whose names were verified once, to be given to many messages.
type Sender struct {
	text            []byte // as it stands at the beginning of a line: "<server:service "
	server, service span
}

// NewSender returns the sender of that name. The error is a *NameError; both names must be there.
func NewSender(server, service string) (*Sender, error) {
	if err := VerifyServer(server); err != nil {
		return nil, err
	}
	if err := VerifyService(service); err != nil {
		return nil, err
	}
	s := &Sender{text: []byte("<" + server + ":" + service + " ")}
	s.server = span{1, uint32(1 + len(server))}
	s.service = span{s.server.to + 1, uint32(len(s.text) - 1)}
	return s, nil
}

// SetSender is SetSentFrom for a router, which stamps all that passes: it costs one copy of the head, and AppendText another.
func (m *Message) SetSender(s *Sender) {
	if m.ownHead || !m.has(toService) {
		setName(m, fromServer, s.text[s.server.from:s.server.to])
		setName(m, fromService, s.text[s.service.from:s.service.to])
		m.unchecked &^= 1<<fromServer | 1<<fromService
		return
	}
	first := m.names[toService].from
	if m.has(toServer) {
		first = m.names[toServer].from
	}
	own := append(m.own[:0], s.text...)
	own = append(own, m.line[first:m.names[commandName].to]...)
	shift := uint32(len(s.text)) - first
	for i := toServer; i < nameCount; i++ {
		if m.has(i) {
			m.names[i] = span{m.names[i].from + shift, m.names[i].to + shift}
		}
	}
	m.names[fromServer], m.names[fromService] = s.server, s.service
	m.own, m.ownHead, m.printed = own, true, true
}
