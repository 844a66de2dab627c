package link

import (
	"errors"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// Link is one connection that carries messages. It is a dispatch.Sender. All methods belong to the loop's goroutine.
type Link struct {
	conn    transport.Conn
	shared  *shared
	decoder message.Decoder
	owner   owner
	next    *Link // list of the owner
	prev    *Link
	packets bool // each packet is a line
	json    bool // the peer used JSON last
	stalled bool // reading waits until the write queue is short again
	closing bool // Close was called: nothing more is dispatched
	value   any
}

// owner keeps the links of a role.
type owner interface {
	opened(l *Link)
	closed(l *Link, err error)
}

func newLink(c transport.Conn, s *shared, o owner) *Link {
	decoder := *message.NewDecoder(message.DecoderOptions{Limit: s.options.Limit})
	return &Link{conn: c, shared: s, owner: o, decoder: decoder, packets: transport.KeepsPackets(c)}
}

// Send queues m, which may be used again at once. It returns transport.ErrFull if the peer does not read,
// transport.ErrClosed after the end, or what is wrong with a name in m. It does not block.
func (l *Link) Send(m *message.Message) error {
	line, err := l.shared.encode(m, l.shared.asJSON(l.json))
	if err != nil {
		return err
	}
	text := line
	if !l.packets {
		line = append(line, '\n')
		l.shared.out = line
		text = line[:len(line)-1]
	}
	if err = l.conn.Write(line); err == nil && !l.shared.traced() {
		l.shared.stats.Out++
		return nil
	}
	l.shared.sent(l, m, text, err)
	if err != nil && l.shared.options.Slow == SlowClose && errors.Is(err, transport.ErrFull) {
		l.conn.Abort(err)
	}
	return err
}

// Close ends the link in good order: what was sent goes out first, within the transport's close time-out.
func (l *Link) Close() error {
	l.closing = true
	return l.conn.Close()
}

// CloseWrite tells the peer that nothing more will be sent, once the queue went out. Messages still arrive.
func (l *Link) CloseWrite() error { return l.conn.CloseWrite() }

// Abort ends the link at once; OnClose gets err.
func (l *Link) Abort(err error) {
	l.closing = true
	l.conn.Abort(err)
}

// Conn is the connection below, for its addresses, counters and credentials. Do not write to it.
func (l *Link) Conn() transport.Conn { return l.conn }

// ID is the serial number of the link in its loop.
func (l *Link) ID() uint64 { return l.conn.ID() }

// Value and SetValue keep something of the caller's with the link.
func (l *Link) Value() any { return l.value }

// SetValue replaces the caller's value.
func (l *Link) SetValue(v any) { l.value = v }

// Label fills an event with the link's serial and peer.
func (l *Link) Label(ev *dispatch.Event) {
	ev.Link = l.conn.ID()
	ev.Name = l.conn.Local().String()
	ev.Peer = l.conn.Remote().String()
}

// OnOpen is called by the transport.
func (l *Link) OnOpen(c transport.Conn) {
	l.owner.opened(l)
	if f := l.shared.options.OnOpen; f != nil {
		f(l)
	}
}

// OnData is called by the transport.
func (l *Link) OnData(c transport.Conn, p []byte) {
	for !l.packets {
		line, rest, ok := l.decoder.Next(p, &l.shared.m)
		if !ok {
			break
		}
		p = rest
		if !l.decoded(line, nil) {
			l.decoder.Hold(p)
			return
		}
	}
	l.check(l.feed(p))
}

// OnDrain is called by the transport: lines that were left when the queue grew long are taken up again.
func (l *Link) OnDrain(c transport.Conn) {
	if l.stalled {
		l.stalled = false
		l.check(l.feed(nil))
		if !l.stalled {
			l.conn.Resume()
		}
	}
	if f := l.shared.options.OnDrain; f != nil {
		f(l)
	}
}

// OnEOF is called by the transport after the peer's last byte. A last line needs no end.
func (l *Link) OnEOF(c transport.Conn) {
	if !l.closing {
		l.check(l.decoder.Finish(l.line))
	}
	l.Close()
}

// OnClose is called by the transport.
func (l *Link) OnClose(c transport.Conn, err error) {
	l.closing = true
	l.owner.closed(l, err)
	if f := l.shared.options.OnClose; f != nil {
		f(l, err)
	}
}

// check ends the link if a line was over the limit.
func (l *Link) check(err error) {
	if err != nil && !l.closing {
		l.shared.malformed(l, nil, err)
		l.Close()
	}
}

// line handles one line and says whether to go on.
func (l *Link) line(line []byte) bool { return l.decoded(line, l.shared.m.Decode(line)) }

// decoded handles one line that was decoded, or was not.
func (l *Link) decoded(line []byte, err error) bool {
	s := l.shared
	if err == nil {
		l.json = s.m.IsJSON()
		s.dispatch(l)
	} else if !errors.Is(err, message.ErrEmpty) {
		s.malformed(l, line, err)
	}
	if l.closing {
		return false
	}
	if l.conn.Congested() {
		// What is left waits in the decoder and in the kernel until the replies so far went out.
		l.stalled = true
		l.conn.Pause()
		return false
	}
	return true
}
