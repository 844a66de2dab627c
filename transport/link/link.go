package link

import (
	"errors"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// Link is one connection that carries messages. It is a dispatch.Sender. All methods belong to the loop's goroutine. There
// may be very many, mostly idle: what is the same for all links of a role is in shared.
type Link struct {
	conn    transport.Conn
	shared  *shared
	decoder message.Decoder
	flow    *flow // nil without limits
	next    *Link // list of the owner
	prev    *Link
	value   any
	label   *label // nil before the first event
	packets bool   // each packet is a line
	json    bool   // the peer used JSON last
	stalled bool   // reading waits: see blocked
	closing bool   // Close was called: nothing more is dispatched
	over    bool   // the connection has ended: nothing is worth waiting for
}

// owner keeps the links of a role.
type owner interface {
	opened(l *Link)
	closed(l *Link, err error)
}

// keeper is an owner that takes part in what its link does.
type keeper interface {
	// received sees each message first. True: it was for the keeper, and is not dispatched.
	received(l *Link, m *message.Message) bool
	// drained comes when Send may go on.
	drained(l *Link)
	// ended comes at the peer's end of stream instead of Close.
	ended(l *Link)
}

func newLink(c transport.Conn, s *shared) *Link {
	decoder := *message.NewDecoder(message.DecoderOptions{Limit: s.options.Limit})
	l := &Link{conn: c, shared: s, decoder: decoder, packets: transport.KeepsPackets(c)}
	if s.limited {
		l.flow = newFlow(l, &s.options)
	}
	return l
}

// send is Send for all cases.
func (l *Link) send(m *message.Message) error {
	if l.print(m) {
		return nil
	}
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
	if err = l.write(line); err == nil && !l.shared.traced() {
		l.shared.stats.Out++
		return nil
	}
	l.shared.sent(l, m, text, err)
	return l.refused(err, 1)
}

// write gives the connection one line, if the limits allow it.
func (l *Link) write(line []byte) error {
	if l.flow != nil && !l.closing && !l.flow.maySend() {
		return transport.ErrFull
	}
	l.settle()
	err := l.conn.Write(line)
	if l.flow != nil && err == nil {
		l.flow.sent(len(line))
	}
	return err
}

// Close ends the link in good order: what was sent goes out first, within the transport's close time-out.
func (l *Link) Close() error {
	l.settle()
	l.closing = true
	return l.conn.Close()
}

// CloseWrite tells the peer that nothing more will be sent, once the queue went out. Messages still arrive.
func (l *Link) CloseWrite() error {
	l.settle()
	return l.conn.CloseWrite()
}

// Abort ends the link at once; OnClose gets err.
func (l *Link) Abort(err error) {
	l.settle()
	l.closing = true
	l.conn.Abort(err)
}

// Conn is the connection below, for its addresses, counters and credentials. Do not write to it.
func (l *Link) Conn() transport.Conn {
	l.settle()
	return l.conn
}

// ID is the serial number of the link in its loop.
func (l *Link) ID() uint64 { return l.conn.ID() }

// Value and SetValue keep something of the caller's with the link.
func (l *Link) Value() any { return l.value }

// SetValue replaces the caller's value.
func (l *Link) SetValue(v any) { l.value = v }

// OnOpen is called by the transport.
func (l *Link) OnOpen(c transport.Conn) {
	l.shared.owner.opened(l)
	if l.flow != nil {
		l.flow.open()
	}
	if f := l.shared.options.OnOpen; f != nil && !l.closing {
		f(l)
	}
}

// OnData is called by the transport.
func (l *Link) OnData(c transport.Conn, p []byte) {
	if l.flow != nil {
		l.flow.touch()
	}
	s := l.shared
	s.reading = true
	defer s.settle()
	l.check(l.feed(p))
}

// OnDrain is called by the transport: lines that were left when the queue grew long are taken up again.
func (l *Link) OnDrain(c transport.Conn) {
	if l.flow != nil {
		l.flow.touch()
	}
	l.goOn()
	l.drained()
}

// goOn takes up reading again, unless there is a reason not to.
func (l *Link) goOn() {
	if !l.stalled || l.closing || l.blocked() {
		return
	}
	l.stalled = false
	l.check(l.feed(nil))
	if !l.stalled {
		l.conn.Resume()
	}
}

// drained tells that Send may go on.
func (l *Link) drained() {
	if k := l.shared.keeper; k != nil {
		k.drained(l)
	}
	if f := l.shared.options.OnDrain; f != nil && !l.closing {
		f(l)
	}
}

// blocked says that nothing more is to be read for now: the replies so far do not go out, or the limits are reached.
func (l *Link) blocked() bool {
	return !l.over && (l.conn.Congested() || l.flow != nil && l.flow.blocked())
}

// OnEOF is called by the transport after the peer's last byte. A last line needs no end.
func (l *Link) OnEOF(c transport.Conn) {
	if !l.closing {
		l.check(l.decoder.Finish(l.line))
	}
	if k := l.shared.keeper; k != nil {
		k.ended(l)
		return
	}
	l.Close()
}

// OnClose is called by the transport. Lines that were read, and waited, are handled first.
func (l *Link) OnClose(c transport.Conn, err error) {
	if l.over = true; l.stalled && !l.closing {
		l.check(l.feed(nil))
	}
	l.closing = true
	if l.flow != nil {
		err = l.flow.close(err)
	}
	l.tellLoss(err)
	l.shared.owner.closed(l, err)
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
func (l *Link) line(line []byte) bool {
	return (*receiver)(l).OnLine(line, l.shared.m.Decode(line))
}

// receiver is a link as its decoder sees it.
type receiver Link

// OnMessages handles lines that were decoded together.
func (r *receiver) OnMessages(b *message.Batch) bool {
	l := (*Link)(r)
	s := l.shared
	if l.flow != nil || s.keeper != nil || s.usual == nil {
		for b.Next() {
			if l.handle(b.Line(), nil); !l.goesOn() {
				return false
			}
		}
		return true
	}
	for b.Next() { // what handle does here
		l.json = false
		s.stats.In++
		if s.usual.Dispatch(l, &s.m); !l.goesOn() {
			return false
		}
	}
	return true
}

// OnLine handles one line that was decoded, or was not.
func (r *receiver) OnLine(line []byte, err error) bool {
	l := (*Link)(r)
	l.handle(line, err)
	return l.goesOn()
}

// handle deals with one line, whatever the link is.
func (l *Link) handle(line []byte, err error) {
	s := l.shared
	if l.flow != nil {
		l.flow.received(len(line) + 1)
	}
	switch {
	case err == nil:
		l.json = s.m.IsJSON()
		if l.flow != nil {
			l.flow.heard = true
		}
		if s.keeper == nil || !s.keeper.received(l, &s.m) {
			s.dispatch(l)
		}
	case !errors.Is(err, message.ErrEmpty):
		s.malformed(l, line, err)
	}
}

// goesOn says whether the next line may be handled. If not, what is left waits in the decoder and in the kernel, until the
// replies so far went out.
func (l *Link) goesOn() bool { return l.shared.filler == l && !l.closing || l.unfilled() }

// unfilled is goesOn for a link that no room is lent to, or that is closing.
func (l *Link) unfilled() bool {
	if l.closing {
		return false
	}
	if l.blocked() {
		l.stalled = true
		l.conn.Pause()
		return false
	}
	return true
}
