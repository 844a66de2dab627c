package link

import (
	"math"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// While a link reads, what is sent is not printed and then copied to the connection's queue but printed there. One link at a time has
// room lent by its connection; it is given back before anything else is done with that connection, and when reading ends. So the
// connection is asked once for many messages.

// step is how much is copied of a line that is shorter, which costs less than to find out how long it is: what comes behind is
// written over by the next.
const step = message.Step

// Send queues m, which may be used again at once. It returns transport.ErrFull if the peer does not read or
// Options.Send allows no more for now (OnDrain follows), transport.ErrClosed after the end, or what is wrong with a
// name in m. It does not block.
func (l *Link) Send(m *message.Message) error {
	// Most replies of most services are lines that are there already, to a link that has room: they go the short way.
	s := l.shared
	if s.direct != l { // apart: together with what follows it would be a value that is made first and then asked for
		if s.filler == l || !s.lend(l) || s.direct != l {
			return l.send(m)
		}
	}
	if l.json || s.usual.Traced() {
		return l.send(m)
	}
	line, text := m.Verbatim()
	at := s.used
	if len(line) >= step || len(text) < step || int(at) > len(s.lent)-step {
		return l.sendLine(m, line)
	}
	room := s.lent[at:]
	message.CopyStep((*[step]byte)(room), (*[step]byte)(text))
	room[len(line)] = '\n'
	s.used = at + uint32(len(line)) + 1
	s.stats.Out++
	return nil
}

// sendLine is Send for a line of any length, that of m, or for m if that has none.
func (l *Link) sendLine(m *message.Message, line []byte) error {
	s := l.shared
	if room := s.lent[s.used:]; line != nil && len(line) < len(room) {
		copy(room, line)
		s.fill(int(s.used) + len(line))
		return nil
	}
	return l.send(m)
}

// print is Send where there is room for what is printed. It returns false if there is not, or nothing to be printed.
func (l *Link) print(m *message.Message) bool {
	room := l.room(m.TextBound() + 1)
	if line, _ := m.Verbatim(); room == nil || len(line) >= cap(room)-len(room) {
		return false
	}
	line, err := m.Append(room[len(room):], l.shared.asJSON(l.json)) // if it does not fit nothing else is copied with it
	return err == nil && l.shared.fill(len(room)+len(line))
}

// room returns what was printed in the room of l so far, for so many bytes more to be appended. There is less where the connection lends
// less, and nil where it lends nothing.
func (l *Link) room(more int) []byte {
	s := l.shared
	if s.filler != l && !s.lend(l) || s.traced() {
		return nil // hooks are shown what is in the scratch space
	}
	if len(s.lent)-int(s.used) < more && s.used > 0 && !s.lend(l) {
		return nil
	}
	return s.printed()
}

// printed is what was printed in the room so far.
func (s *shared) printed() []byte { return s.lent[:s.used] }

// fill takes the line that was appended to the room, which ends there now. It returns false when that did not fit: the room is given back
// without it then.
func (s *shared) fill(end int) bool {
	if end >= len(s.lent) {
		s.giveBack()
		return false
	}
	s.lent[end] = '\n'
	s.used = uint32(end + 1)
	s.stats.Out++
	return true
}

// lend borrows room of the connection of l, unless there is a reason not to.
func (s *shared) lend(l *Link) bool {
	if !s.reading || l.flow != nil {
		return false
	}
	s.giveBack()
	lender, ok := l.conn.(transport.Lender)
	if !ok {
		return false
	}
	room := lender.Lend()
	if room == nil {
		return false
	}
	size := min(cap(room), math.MaxInt32)
	s.filler, s.lender, s.lent, s.used = l, lender, room[:size:size], 0
	if s.usual != nil && s.options.Form != FormJSON {
		s.direct = l
	}
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
		s.lender.Commit(s.printed())
		s.filler, s.direct, s.lender, s.lent, s.used = nil, nil, nil, nil, 0
	}
}
