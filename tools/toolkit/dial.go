package toolkit

import (
	"cmp"
	"context"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// dial is the real Env.Dial: a link of the role Blocking, on a loop of its own, over any medium.
func (e *Env) dial(ctx context.Context, a address.Address, o DialOptions) (Session, error) {
	medium := transport.Options{ConnectTimeout: o.ConnectTimeout, MaxPacket: o.MaxPacket}
	o.Group.Set(&medium)
	role := link.BlockingOptions{SendTimeout: o.SendTimeout, MaxLine: cmp.Or(o.MaxLine, MaxLine), Limit: max(o.MaxLine, MaxLine)}
	if o.JSON {
		role.Form = link.FormJSON
	}
	var b *link.Blocking
	var err error
	if a.IsDatagram() {
		b, err = link.DialPackets(ctx, func(l *reactor.Loop, h transport.PacketHandler) (transport.PacketConn, error) {
			return e.Open().Packet(l, address.Address{}, a, medium, h)
		}, role)
	} else {
		b, err = link.Dial(ctx, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
			return e.Open().Dial(l, a, medium, h)
		}, role)
	}
	if err != nil {
		return nil, err
	}
	return b, nil
}
