package message

// name returns the bytes of one of the names.
func (m *Message) name(i int) []byte {
	s := m.names[i]
	if m.ownHead {
		return m.own[s.from:s.to:s.to]
	}
	return m.line[s.from:s.to:s.to]
}

// bare says whether the line begins with the command, as there is no other name, and the command was not changed.
func (m *Message) bare() bool {
	command := m.names[commandName]
	return command.from == 0 && command.to > 0 && !m.ownHead
}

// setName changes one of the names, which from then on all live in m.own. The new name must not be a part of m.own.
func setName[T string | []byte](m *Message, i int, name T) {
	if !m.ownHead {
		m.moveHead(m.own[:0])
	}
	if len(m.own)+len(name) > cap(m.own) {
		// What was replaced is left behind in the buffer, so the names are copied to a new one instead of growing it:
		// a message whose names change for ever stays small.
		m.moveHead(make([]byte, 0, 2*(m.headLen()+len(name))+32))
	}
	from := uint32(len(m.own))
	m.printed = false
	m.own = append(m.own, name...)
	m.names[i] = span{from, uint32(len(m.own))}
}

// moveHead moves the names into buf, which is empty and no part of where they are now.
func (m *Message) moveHead(buf []byte) {
	for i := range m.names {
		name, from := m.name(i), uint32(len(buf))
		buf = append(buf, name...)
		m.names[i] = span{from, uint32(len(buf))}
	}
	m.own, m.ownHead, m.printed, m.verbatim = buf, true, false, false
}

// headLen is how many bytes the names have.
func (m *Message) headLen() int {
	n := 0
	for _, s := range m.names {
		n += int(s.to - s.from)
	}
	return n
}

// Command returns the command, "" when the message is empty.
func (m *Message) Command() string { return string(m.name(commandName)) }

// CommandBytes is Command without a copy.
func (m *Message) CommandBytes() []byte {
	if m.verbatim { // what follows from that need not be asked for again
		to := m.names[commandName].to
		return m.line[:to:to]
	}
	return m.name(commandName)
}

// Server returns the server the message goes to: "" when it is not said, "." this node, "*" all, "?" the private network.
func (m *Message) Server() string { return string(m.name(toServer)) }

// ServerBytes is Server without a copy.
func (m *Message) ServerBytes() []byte { return m.name(toServer) }

// Service returns the service the message goes to: "" when it is not said, "." "?" "*" for the broadcasts.
func (m *Message) Service() string { return string(m.name(toService)) }

// ServiceBytes is Service without a copy.
func (m *Message) ServiceBytes() []byte { return m.name(toService) }

// SentFromServer returns the server of the sender, "" when it is not said.
func (m *Message) SentFromServer() string { return string(m.name(fromServer)) }

// SentFromServerBytes is SentFromServer without a copy.
func (m *Message) SentFromServerBytes() []byte { return m.name(fromServer) }

// SentFromService returns the service that sent the message, "" when it is not said.
func (m *Message) SentFromService() string { return string(m.name(fromService)) }

// SentFromServiceBytes is SentFromService without a copy.
func (m *Message) SentFromServiceBytes() []byte { return m.name(fromService) }

// SetCommand replaces the command. Like all setters it never fails: Check and the encoders verify what was set.
func (m *Message) SetCommand(command string) { m.set(commandName, command) }

// SetServer replaces the server the message goes to; "" is none.
func (m *Message) SetServer(server string) { m.set(toServer, server) }

// SetService replaces the service the message goes to; "" is none.
func (m *Message) SetService(service string) { m.set(toService, service) }

// SetSentFrom replaces the sender; each part may be "".
func (m *Message) SetSentFrom(server, service string) {
	m.set(fromServer, server)
	m.set(fromService, service)
}

func (m *Message) set(i int, name string) {
	setName(m, i, name)
	m.unchecked |= 1 << i
}

// Check verifies what the setters were given. It returns a *NameError for a name that may not stand in a message, for a
// missing command and for a server without a service (which can be received but not sent), and a *ParamError for a value
// with a NUL byte.
func (m *Message) Check() error {
	if !m.has(commandName) {
		return &NameError{What: "command", Reason: "it is empty"}
	}
	if m.has(toServer) && !m.has(toService) {
		return &NameError{What: "service", Reason: "it is empty, but a server is given: to address a node's router use service communicatord"}
	}
	if m.unchecked == 0 {
		return nil
	}
	return m.check()
}

func (m *Message) check() error {
	for i := range m.names {
		if name := m.name(i); m.unchecked&(1<<i) != 0 && len(name) > 0 {
			if _, reason := checkName(name, &headRules[i].nameRule); reason != "" {
				return &NameError{What: headRules[i].what, Name: string(name), Reason: reason}
			}
		}
	}
	if m.unchecked&paramsBit != 0 {
		if err := m.checkFields(); err != nil {
			return err
		}
	}
	m.unchecked = 0
	return nil
}

// headRules is what is expected of each of the names. It is never written to.
var headRules = [nameCount]struct {
	nameRule
	what string
}{
	fromServer:  {senderServer, "sent-from server"},
	fromService: {sender, "sent-from service"},
	toServer:    {server, "server"},
	toService:   {service, "service"},
	commandName: {command, "command"},
}
