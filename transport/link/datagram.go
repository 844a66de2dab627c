package link

import (
	"bytes"
	"cmp"
	"crypto/subtle"
	"errors"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// errSecret is what the trace shows for a packet that was dropped because of its secret_code.
var errSecret = errors.New("secret_code is wrong or missing")

const secretParameter = "secret_code"

// Datagram is the role for packets: each packet is one message. It is the transport.PacketHandler to give to
// open.Packet. The sender of a packet is answered at its address, or where its parameter reply_to says if its sender could
// have sent there itself: any port of its own host, an abstract Unix name, a socket file of its own user.
type Datagram struct {
	shared *shared
	from   Peer
	onErr  func(err error)
}

// NewDatagram returns a role without a socket. onError may be nil; it gets refusals that the network reports later.
func NewDatagram(o Options, onError func(err error)) *Datagram {
	return &Datagram{shared: newShared(o), onErr: onError}
}

// Stats is a copy of the counters.
func (d *Datagram) Stats() Stats { return d.shared.stats }

// SendTo sends m to an address; the zero address is the one that the socket was opened with.
func (d *Datagram) SendTo(c transport.PacketConn, m *message.Message, to address.Address) error {
	p := Peer{datagram: d, conn: c, address: to}
	return p.Send(m)
}

// OnPacket is called by the transport.
func (d *Datagram) OnPacket(c transport.PacketConn, p []byte, from address.Address) {
	s := d.shared
	d.from = Peer{datagram: d, conn: c, address: from}
	line := bytes.TrimRight(p, "\r\n")
	switch err := s.m.Decode(line); {
	case errors.Is(err, message.ErrEmpty):
		return
	case err != nil && s.options.Secret != "":
		s.report(&d.from, withoutSecret(line), err) // it proves nothing: whoever sent it gets no answer
		return
	case err != nil:
		s.malformed(&d.from, withoutSecret(line), err)
		return
	}
	d.from.json = s.m.IsJSON()
	if !d.admit(&s.m) {
		s.stats.Refused++
		s.trace(&d.from, dispatch.Event{Direction: dispatch.In, Message: &s.m, Outcome: dispatch.Dropped, Err: errSecret})
		return
	}
	if text, ok := s.m.Lookup(replyParameter); ok {
		d.redirect(&s.m, string(text))
	}
	s.dispatch(&d.from)
}

// withoutSecret is what may be shown of a packet that is no message, in which the end of a secret cannot be told.
func withoutSecret(line []byte) []byte {
	if at := bytes.Index(line, []byte(secretParameter)); at >= 0 {
		return line[:at+len(secretParameter)]
	}
	return line
}

// admit checks the secret and takes it out, so that it is never dispatched, shown or sent on.
func (d *Datagram) admit(m *message.Message) bool {
	secret, given := m.Lookup(secretParameter)
	want := d.shared.options.Secret
	ok := want == "" || subtle.ConstantTimeCompare(secret, []byte(want)) == 1
	if given {
		m.Delete(secretParameter)
	}
	return ok
}

// OnDrain is called by the transport.
func (d *Datagram) OnDrain(c transport.PacketConn) {}

// OnError is called by the transport.
func (d *Datagram) OnError(c transport.PacketConn, err error) {
	if d.onErr != nil {
		d.onErr(err)
	}
}

// OnClose is called by the transport.
func (d *Datagram) OnClose(c transport.PacketConn, err error) {
	if err != nil && d.onErr != nil {
		d.onErr(err)
	}
}

// Peer is the sender of a packet. The one that a handler gets is borrowed with the message; Clone keeps it.
type Peer struct {
	datagram *Datagram
	conn     transport.PacketConn
	address  address.Address
	reply    address.Address // where its reply_to says to answer; zero: to address
	json     bool
}

// Address is where the packet came from; zero for a sender without a name.
func (p *Peer) Address() address.Address { return p.address }

// ReplyTo is where Send sends: the address, or what the packet's reply_to asked for.
func (p *Peer) ReplyTo() address.Address { return cmp.Or(p.reply, p.address) }

// Conn is the socket that the packet came to.
func (p *Peer) Conn() transport.PacketConn { return p.conn }

// Clone returns a peer that may be kept.
func (p *Peer) Clone() *Peer { c := *p; return &c }

// Send sends m as one packet. It returns transport.ErrTooBig over the packet limit, transport.ErrNoRemote to a sender
// without a name, and what is wrong with a name in m.
func (p *Peer) Send(m *message.Message) error {
	s := p.datagram.shared
	packet, err := s.encode(m, s.asJSON(p.json))
	if err != nil {
		return err
	}
	err = p.conn.WriteTo(packet, cmp.Or(p.reply, p.address))
	s.sent(p, m, packet, err)
	if err != nil {
		return p.unsent(err)
	}
	return nil
}

// unsent deals with a message that was not taken. A sender without a name, or that has gone, does not wait for an answer: it is counted.
func (p *Peer) unsent(err error) error {
	op, ok := errors.AsType[*transport.OpError](err)
	if !errors.Is(err, transport.ErrNoRemote) && !(ok && op.Refused()) {
		return err
	}
	p.datagram.shared.stats.Lost++
	return countedError{err}
}

// Label fills an event with the socket and the peer.
func (p *Peer) Label(ev *dispatch.Event) {
	ev.Link = p.conn.ID()
	ev.Name = p.conn.Local().String()
	ev.Peer = p.address.String()
	if p.address.IsZero() {
		ev.Peer = p.conn.Remote().String()
	}
}

var _ transport.PacketHandler = (*Datagram)(nil)
