package on

import (
	"errors"
	"io"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

const (
	maxQueued  = 1000                   // messages that wait for a connection
	firstPause = 200 * time.Millisecond // after the first attempt that failed
	longPause  = 5 * time.Second
	closeTime  = time.Second            // for the peer to close its side in the end
	refuseTime = 100 * time.Millisecond // how long the refusal of a packet is waited for
	drainLook  = 20 * time.Millisecond
)

// messenger sends one message for each event.
type messenger struct {
	run     *run
	message *messageTemplate
	to      *sender
}

func (g *messenger) act(e *event) {
	m, err := g.message.render(e)
	if err == nil {
		err = m.Check()
	}
	if err != nil {
		g.run.notSent(g.message.text, g.to.where, err)
		return
	}
	g.to.send(m)
}

// sender is the way to one address, opened when the first message wants it and kept. It belongs to the goroutine of the loop.
type sender struct {
	run   *run
	where address.Address

	link    *link.Permanent // over streams; nil: nothing was sent yet
	packets *link.Datagram
	socket  transport.PacketConn
	failed  error         // what the socket was told of the packet before
	last    time.Time     // when the last packet was sent
	text    string        // and what was in it
	look    reactor.Timer // at the end: is the queue empty?
}

func (s *sender) send(m *message.Message) {
	var err error
	if s.where.IsDatagram() {
		err = s.sendPacket(m)
	} else {
		err = s.sendLine(m)
	}
	if err != nil {
		s.run.notSent(textOf(m), s.where, err)
		return
	}
	s.run.sum.sent++
	s.run.out.Detail(1, "for %s: %s", s.where, toolkit.Escape(textOf(m)))
}

func textOf(m *message.Message) string {
	text, err := m.AppendText(nil)
	if err != nil {
		return m.Command()
	}
	return string(text)
}

// sendLine hands m to a link that connects as often as needed, and waits for sendTimeout at most.
func (s *sender) sendLine(m *message.Message) error {
	if s.link == nil {
		if err := s.connect(); err != nil {
			return err
		}
	}
	return s.link.Send(m)
}

func (s *sender) connect() (err error) {
	dial := func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return s.run.env.Open().Dial(l, s.where, transport.Options{CloseTimeout: closeTime}, h)
	}
	o := link.PermanentOptions{
		Options:  link.Options{Dispatcher: (*answers)(s), Mute: true},
		MinPause: firstPause, MaxPause: longPause, CloseTimeout: closeTime,
		Queue:         link.Queue{Messages: maxQueued, TTL: s.run.sendTimeout},
		OnUndelivered: s.undelivered, OnState: s.state,
	}
	s.link, err = link.NewPermanent(s.run.loop, dial, o)
	return err
}

// undelivered takes back a message that was counted as sent. A peer that closed its side in good order has read it: to close
// with something unread would have reset the connection.
func (s *sender) undelivered(m *message.Message, why error) {
	if errors.Is(why, link.ErrUncertain) && errors.Is(why, io.EOF) {
		return
	}
	s.run.sum.sent--
	if s.link != nil && s.link.Status().Err != nil && !errors.Is(why, link.ErrUncertain) {
		why = s.link.Status().Err // why there was no connection says more than that there was none
	}
	s.run.notSent(textOf(m), s.where, why)
}

func (s *sender) state(st link.Status) {
	switch st.State {
	case link.Waiting:
		if s.link != nil && s.link.Status().Counts.Queued == 0 && !s.run.over {
			s.run.out.Detail(1, "%s: the peer has gone: %s", s.where, toolkit.Escape(st.Err.Error()))
			s.link.Close() // the next message connects again
			s.link = nil
			return
		}
		s.run.out.Detail(1, "%s: %s; next attempt in %s", s.where, toolkit.Escape(st.Err.Error()), toolkit.Short(st.Next.Sub(s.run.loop.Now())))
	case link.Up:
		s.run.out.Detail(1, "%s: connected", s.where)
	}
}

// sendPacket sends m at once. A receiver that was begun anew is another one: after a failure the socket is opened again.
func (s *sender) sendPacket(m *message.Message) (err error) {
	if s.socket != nil && s.failed != nil {
		_ = s.socket.Close()
		s.socket = nil
	}
	for range 2 {
		fresh := s.socket == nil
		if fresh {
			if err = s.open(); err != nil {
				return err
			}
		}
		if err = s.packets.SendTo(s.socket, m, address.Address{}); err == nil || fresh || errors.Is(err, transport.ErrTooBig) {
			break
		}
		_ = s.socket.Close()
		s.socket = nil
	}
	s.last, s.text = s.run.loop.Now(), textOf(m)
	return err
}

func (s *sender) open() (err error) {
	s.failed = nil
	s.packets = link.NewDatagram(link.Options{Dispatcher: (*answers)(s), Mute: true}, s.refused)
	o := transport.Options{MaxPacket: s.run.maxDatagram}
	s.run.group.Set(&o)
	s.socket, err = s.run.env.Open().Packet(s.run.loop, address.Address{}, s.where, o, s.packets)
	return err
}

// refused is told later, by the network: of one of the packets before, most likely the last.
func (s *sender) refused(err error) {
	if s.failed != nil {
		return // one packet, one complaint
	}
	s.failed = err
	s.run.sum.sent--
	s.run.notSent(s.text, s.where, err)
}

// waits says whether messages wait for a connection.
func (s *sender) waits() bool {
	return s.link != nil && s.link.Status().Counts.Queued > 0 && s.link.Status().State != link.Closed
}

// close ends it when all that waits was sent, or was given up because its time was over.
func (s *sender) close() {
	defer s.run.settle()
	switch {
	case s.waits():
		s.look = s.run.loop.After(drainLook, "messages", s.close)
	case s.link != nil:
		s.link.Close()
	case s.socket != nil:
		if left := refuseTime - s.run.loop.Now().Sub(s.last); left > 0 {
			s.look = s.run.loop.After(left, "refusal", s.close)
			return
		}
		_ = s.socket.Close()
	}
}

// abort ends it soon.
func (s *sender) abort() {
	s.look.Cancel()
	if s.link != nil {
		s.link.Close()
	}
	if s.socket != nil {
		_ = s.socket.Close()
	}
}

// answers is a sender as its link sees it: what comes back is not asked for, but a complaint is told.
type answers sender

var _ link.Dispatcher = (*answers)(nil)

// Traced says no.
func (a *answers) Traced() bool { return false }

// Trace does nothing.
func (a *answers) Trace(*dispatch.Event) {}

// Dispatch takes a message of the peer.
func (a *answers) Dispatch(_ dispatch.Sender, m *message.Message) dispatch.Outcome {
	text := toolkit.Escape(textOf(m))
	switch m.Command() {
	case "INVALID", "UNKNOWN", "SERVICE_UNAVAILABLE":
		a.run.out.Warn("%s answers: %s", a.where, text)
	default:
		a.run.out.Detail(1, "%s answers: %s", a.where, text)
	}
	return dispatch.Handled
}
