package router

import (
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// packets hands what comes in datagrams to the rules.
type packets struct{ d *daemon }

// Dispatch implements link.Dispatcher.
func (p packets) Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome {
	peer := from.(*link.Peer)
	o := rules.Origin{Kind: rules.Datagram, Remote: peer.Address()}
	if s, ok := peer.Conn().(transport.PacketSender); ok {
		if who, known := s.Peer(); known {
			o.HasCred, o.UID, o.GID, o.PID = true, who.UID, who.GID, int32(who.PID)
		}
	}
	to := packetConn{peer.Clone()}
	if p.d.hooks.Any() {
		p.d.watched(from, m, func() rules.Fate { return p.d.rules.ObservePacket(to, o, m) })
	} else {
		p.d.rules.Packet(to, o, m)
	}
	return dispatch.Handled
}

// Traced implements link.Dispatcher.
func (p packets) Traced() bool { return p.d.hooks.Any() }

// Trace implements link.Dispatcher.
func (p packets) Trace(ev *dispatch.Event) { p.d.trace(ev) }

// packetConn is where answers to one datagram go.
type packetConn struct{ *link.Peer }

// Close implements rules.Conn: there is nothing to close.
func (packetConn) Close() error { return nil }

// Abort implements rules.Conn.
func (packetConn) Abort(error) {}

// newDatagram makes the role for datagram sockets.
func (d *daemon) newDatagram() *link.Datagram {
	return link.NewDatagram(link.Options{
		Dispatcher: packets{d}, Secret: d.setup.secret, OnMalformed: d.malformed,
	}, func(err error) {
		d.log.Debug("answer to a datagram was refused", "error", err)
	})
}
