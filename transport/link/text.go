package link

import (
	"errors"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// SpeaksText says whether messages to the peer are written as text, not as JSON.
func (l *Link) SpeaksText() bool { return !l.shared.asJSON(l.json) }

// SendText is Send for a message that is encoded already, so that one for many peers is encoded once: line is its text
// without a line end, and borrowed until SendText returns. It goes as text also to a peer that is otherwise sent JSON.
func (l *Link) SendText(line []byte) error {
	s := l.shared
	if room := l.room(len(line) + 1); cap(room)-len(room) > len(line) && s.fill(len(append(room, line...))) {
		return nil
	}
	packet := line
	if !l.packets {
		s.out = append(append(s.out[:0], line...), '\n')
		packet = s.out
	}
	err := l.write(packet)
	if err == nil && !s.traced() {
		s.stats.Out++
		return nil
	}
	var m message.Message
	if bad := m.Decode(line); bad != nil && err == nil {
		s.stats.Out++ // it went, and is nothing that could be shown
		return nil
	}
	s.sent(l, &m, line, err)
	return l.refused(err, 1)
}

// TakesLines says whether SendLines may be used: messages to the peer are written as text, and not in packets.
func (l *Link) TakesLines() bool { return l.SpeaksText() && !l.packets && !l.shared.traced() }

// SendLines is SendText for several messages, each with its line feed, which are taken together or not at all.
func (l *Link) SendLines(text []byte, messages int) error {
	s := l.shared
	err := l.write(text)
	if err == nil {
		s.stats.Out += uint64(messages)
		return nil
	}
	if errors.Is(err, transport.ErrFull) {
		s.stats.Dropped += uint64(messages)
	}
	return l.refused(err, messages)
}
