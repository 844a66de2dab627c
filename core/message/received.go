package message

// AppendReceived appends the message as text like AppendText, also one that can be received and not be sent: with a server
// and no service, "server:COMMAND". Nothing is verified: a message that was built is to be checked first.
func (m *Message) AppendReceived(dst []byte) []byte {
	if m.verbatim {
		return append(dst, m.line...)
	}
	if m.has(toServer) && !m.has(toService) {
		if m.has(fromServer) || m.has(fromService) {
			dst = append(append(append(append(append(dst, '<'), m.name(fromServer)...), ':'), m.name(fromService)...), ' ')
		}
		dst = append(append(append(dst, m.name(toServer)...), ':'), m.name(commandName)...)
	} else {
		dst = m.appendHead(dst)
	}
	return m.appendParams(dst)
}

// AppendValue appends the value of a parameter as it is written in the text form: quoted and escaped as far as it has to
// be. It must hold no NUL, which no message can carry.
func AppendValue(dst, value []byte) []byte { return appendEscaped(dst, value) }
