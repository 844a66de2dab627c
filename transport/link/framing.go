package link

import (
	"bytes"

	"github.com/ed-toolbox/ed/core/message"
)

// feed hands on the lines of what arrived. Over a connection of packets the end of a
// packet ends a line, too; usually a packet is one line and goes the short way.
func (l *Link) feed(p []byte) error {
	if !l.packets {
		if l.shared.passer != nil && len(p) > 0 {
			var err error
			if p, err = l.pass(p); err != nil || len(p) == 0 {
				return err
			}
		}
		return l.decoder.Decode(p, &l.shared.m, (*receiver)(l))
	}
	if end := bytes.IndexByte(p, '\n'); l.decoder.Held() == 0 && (end < 0 || end == len(p)-1) {
		return l.single(bytes.TrimRight(p, "\r\n"))
	}
	if err := l.decoder.Feed(p, l.line); err != nil || l.stalled || l.closing {
		return err
	}
	return l.decoder.Finish(l.line)
}

// single handles a packet that is one line.
func (l *Link) single(line []byte) error {
	limit := l.shared.options.Limit
	if limit <= 0 {
		limit = message.DefaultLimit
	}
	switch {
	case len(line) > limit:
		return &message.TooLongError{Limit: limit, Lines: 1}
	case len(line) > 0:
		l.line(line)
	}
	return nil
}
