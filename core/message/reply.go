package message

import "unsafe"

// Reply returns a new message to the sender of m, as ReplyTo does; it borrows nothing. It has no parameters: also the serial by
// which senders tell answers apart is for the caller to give back.
func (m *Message) Reply(command string) *Message {
	r := &Message{}
	r.ReplyTo(m, command)
	if !r.ownHead {
		r.moveHead(nil)
		r.line, r.body = nil, 0
	}
	return r
}

// ReplyTo makes r a message without parameters to the sender of m; if command is "" it has that of m. A sender that gave a
// server but no service cannot be addressed: the reply then says neither. Nothing is allocated once r has been used
// before. With a command r borrows nothing from m; with "" it may borrow the line of m, which must then stay as it is for as
// long as r is in use. They must not be the same message.
func (r *Message) ReplyTo(m *Message, command string) {
	if command == "" && m.bare() {
		to := m.names[commandName].to
		r.reset(m.line[:to], to, to, nil)
		return
	}
	r.Reset()
	own := r.own[:0]
	if command == "" {
		own = r.copyName(own, commandName, m, commandName)
	} else {
		own = append(own, command...)
		r.names[commandName].to = uint32(len(own))
		r.unchecked = 1 << commandName
	}
	if m.has(fromService) {
		own = r.copyName(own, toServer, m, fromServer)
		own = r.copyName(own, toService, m, fromService)
	}
	r.own, r.ownHead = own, true
}

// Repeat makes r what ReplyTo with "" and CopyParams make it: the command and the parameters of m, to its sender. That is what a
// service answers that says what it did.
func (r *Message) Repeat(m *Message) {
	if !m.verbatim {
		r.ReplyTo(m, "")
		r.CopyParams(m)
		return
	}
	r.reset(m.line, m.names[commandName].to, m.body, nil)
}

// copyName appends one of the names of m to own, which is to be r.own, as that name of r.
func (r *Message) copyName(own []byte, to int, m *Message, from int) []byte {
	start := uint32(len(own))
	own = append(own, m.name(from)...)
	r.names[to] = span{start, uint32(len(own))}
	r.unchecked |= m.unchecked >> from & 1 << to
	return own
}

// CopyParams gives r the parameters of m instead of its own. If they came in the canonical form r borrows the line of m,
// which must then stay as it is for as long as r is in use, and else they are copied. Nothing is allocated once r
// has been used before.
func (r *Message) CopyParams(m *Message) {
	if r.canonical && r.unscanned && r.sharesHead(m) && len(m.line) <= cap(r.line) {
		r.marked, r.line, r.body = nil, r.line[:len(m.line)], m.body // as ReplyTo left it
		return
	}
	if r != m {
		r.copyParams(m)
	}
}

// copyParams is CopyParams for all cases.
func (r *Message) copyParams(m *Message) {
	if !r.sharesHead(m) && !r.ownHead {
		r.moveHead(r.own[:0]) // r.line is about to change
	}
	r.unchecked = r.unchecked&^paramsBit | m.unchecked&paramsBit
	r.marked, r.built, r.unscanned, r.canonical, r.ordered = nil, !m.canonical, true, m.canonical, true
	if m.canonical {
		r.line, r.body = m.line, m.body
		return
	}
	r.line, r.body, r.fields = nil, 0, r.fields[:0]
	for i := range m.Len() {
		name, value := m.at(i)
		r.push(name, value)
	}
}

// sharesHead says whether r has its head, a command alone, from where the line of m has the same, and that line is canonical.
func (r *Message) sharesHead(m *Message) bool {
	command := r.names[commandName].to
	return command > 0 && command == m.names[commandName].to && r.names[commandName].from|m.names[commandName].from == 0 &&
		m.canonical && !r.ownHead && !m.ownHead && unsafe.SliceData(r.line) == unsafe.SliceData(m.line)
}
