package link

import (
	"bytes"

	"github.com/ed-toolbox/ed/core/message"
)

// SendFrom sends m with another sender, for those who pass messages on: it is SetSender and Send in one, and copies a message that
// came as it is to be written once, to where it is queued. Whether m has the sender afterwards is not said. Errors are those of Send.
func (l *Link) SendFrom(s *message.Sender, m *message.Message) error {
	if !l.shared.asJSON(l.json) {
		most := m.TextBound() + s.Len() + 1
		if room := l.room(most); cap(room)-len(room) >= most {
			if line, ok := m.AppendFrom(room, s); ok && l.shared.fill(len(line)) {
				return nil
			}
		}
	}
	m.SetSender(s)
	return l.Send(m)
}

// Passer is an optional part of a Dispatcher, for those who pass most lines on as they came.
type Passer interface {
	// Pass gets bytes of a stream that begin where a line does, before they are decoded. It returns how many of them it has dealt
	// with: whole lines, and how many messages these were. What is left is decoded and dispatched. It may write by Room and
	// Fill, and SendLines, of other links, and do nothing else with any link.
	Pass(from *Link, p []byte) (used, messages int)
}

// Room returns room in the queue of the connection, behind what is there, for at least so many bytes: lines may be appended to it,
// with their ends, within its capacity. It is nil where there is none; then Send is to be used. It is for Passer.Pass.
func (l *Link) Room(bytes int) []byte {
	if l.shared.asJSON(l.json) {
		return nil
	}
	room := l.room(bytes)
	if cap(room)-len(room) < bytes {
		return nil
	}
	return room
}

// Fill hands back what Room returned, with what was appended, and says how many messages that were.
func (l *Link) Fill(room []byte, messages int) {
	l.shared.used = uint32(len(room))
	l.shared.stats.Out += uint64(messages)
}

// pass has the dispatcher pass on what it can, and returns what is left to be decoded.
func (l *Link) pass(p []byte) ([]byte, error) {
	s := l.shared
	if l.flow != nil || l.closing || l.blocked() {
		return p, nil
	}
	if l.decoder.Begun() {
		end := bytes.IndexByte(p, '\n') + 1
		if end == 0 {
			return p, nil
		}
		err := l.decoder.Decode(p[:end], &s.m, (*receiver)(l))
		if p = p[end:]; l.stalled {
			l.decoder.Hold(p)
		}
		if err != nil || l.stalled || l.closing {
			return nil, err
		}
	}
	if !l.decoder.Between() {
		return p, nil
	}
	used, messages := s.passer.Pass(l, p)
	if messages > 0 {
		l.json = false
		s.stats.In += uint64(messages)
	}
	return p[used:], nil
}
