package link

import "github.com/ed-toolbox/ed/transport"

// While a link reads, what is sent is not printed and then copied to the connection's queue but printed there. One link at a time has
// room lent by its connection; it is given back before anything else is done with that connection, and when reading ends. So the
// connection is asked once for many messages.

// room returns where a message may be printed, or nil if there is no such room.
func (l *Link) room() []byte {
	s := l.shared
	if s.traced() {
		return nil // hooks are shown what is in the scratch space
	}
	if s.filler != l && (!s.reading || l.flow != nil || !s.lend(l)) {
		return nil
	}
	return s.room
}

// lend borrows room of the connection of l.
func (s *shared) lend(l *Link) bool {
	s.giveBack()
	lender, ok := l.conn.(transport.Lender)
	if !ok {
		return false
	}
	room := lender.Lend()
	if room == nil {
		return false
	}
	s.filler, s.lender, s.room = l, lender, room
	return true
}

// fill takes what was appended to the room. It returns false when that did not fit: the room is given back without it then.
func (l *Link) fill(line []byte) bool {
	s := l.shared
	if len(line) >= cap(s.room) {
		s.giveBack()
		return false
	}
	s.room = append(line, '\n')
	s.stats.Out++
	return true
}

// settle gives the room of this link back, before something else is done with its connection.
func (l *Link) settle() {
	if s := l.shared; s.filler == l {
		s.giveBack()
	}
}

// settle is for the end of reading.
func (s *shared) settle() {
	s.reading = false
	s.giveBack()
}

// giveBack queues what is in the room.
func (s *shared) giveBack() {
	if s.filler != nil {
		s.lender.Commit(s.room)
		s.filler, s.lender, s.room = nil, nil, nil
	}
}
