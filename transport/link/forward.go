package link

import "github.com/ed-toolbox/ed/core/message"

// SendFrom sends m with another sender, for those who pass messages on: it is SetSender and Send in one, and copies a message that
// came as it is to be written once, to where it is queued. Whether m has the sender afterwards is not said. Errors are those of Send.
func (l *Link) SendFrom(s *message.Sender, m *message.Message) error {
	if room := l.room(); room != nil && !l.shared.asJSON(l.json) {
		if line, ok := m.AppendFrom(room, s); ok && l.shared.fill(line) {
			return nil
		}
	}
	m.SetSender(s)
	return l.Send(m)
}
