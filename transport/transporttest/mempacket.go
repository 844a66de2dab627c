package transporttest

import (
	"cmp"
	"slices"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// memPacket is a packet socket in memory. A receiver whose inbox holds
// Options.QueuePackets loses what comes then, as with UDP.
type memPacket struct {
	net                        *Network
	loop                       *reactor.Loop
	options                    transport.Options
	h                          transport.PacketHandler
	local, remote              address.Address
	transit, inbox             []parcel // on their way, and arrived
	held                       *parcel  // to be overtaken
	stats                      transport.PacketStats
	err                        error
	id                         uint64
	paused, queued, dead, told bool
}

// parcel is a packet on its way.
type parcel struct {
	data []byte
	from address.Address
	due  time.Time
	late bool // the next one is to overtake it
}

// Packet opens a packet socket; a zero local address takes a free one.
func (n *Network) Packet(l *reactor.Loop, local, remote address.Address, o transport.Options, h transport.PacketHandler) (transport.PacketConn, error) {
	c := &memPacket{net: n, loop: l, options: o.WithDefaults(), h: h, remote: remote, id: n.next()}
	c.options.MaxPacket = cmp.Or(c.options.MaxPacket, transport.DefaultMaxPacketUnix)
	c.stats.Opened = l.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	c.local = n.name(local, cmp.Or(local.Scheme, remote.Scheme))
	if _, taken := n.sockets[c.local]; taken {
		return nil, &transport.OpError{Op: "bind", Addr: c.local, Err: syscall.EADDRINUSE}
	}
	n.sockets[c.local] = c
	l.Hold()
	c.later()
	return c, nil
}

// WriteTo implements transport.PacketConn.
func (c *memPacket) WriteTo(p []byte, to address.Address) error {
	to = cmp.Or(to, c.remote)
	switch {
	case c.dead:
		return transport.ErrClosed
	case to.IsZero():
		return transport.ErrNoRemote
	case len(p) > c.options.MaxPacket:
		return transport.ErrTooBig
	}
	c.net.mu.Lock()
	peer := c.net.sockets[to]
	c.net.mu.Unlock()
	if peer == nil {
		c.stats.Errors++
		c.stats.LastError = &transport.OpError{Op: "send", Addr: to, Err: syscall.ECONNREFUSED}
		return c.stats.LastError
	}
	c.stats.PacketsOut++
	c.stats.BytesOut += uint64(len(p))
	if c.net.happens(c.net.faults.Drop) {
		return nil
	}
	k := parcel{append([]byte{}, p...), c.local, c.net.due(), c.net.happens(c.net.faults.Reorder)}
	post(peer.loop, func() { peer.travel(k) })
	return nil
}

// travel keeps a packet until it is due. Those that are due at different times
// arrive in that order, whatever the timers do.
func (c *memPacket) travel(k parcel) {
	at := len(c.transit)
	for at > 0 && c.transit[at-1].due.After(k.due) {
		at--
	}
	c.transit = slices.Insert(c.transit, at, k)
	if wait := time.Until(k.due); wait > 0 {
		c.loop.After(wait, "delay", c.land)
	} else {
		c.land()
	}
}

// land takes the packets that are due.
func (c *memPacket) land() {
	for len(c.transit) > 0 && time.Until(c.transit[0].due) <= 0 {
		k := c.transit[0]
		c.transit = c.transit[1:]
		if k.late && c.held == nil {
			c.held = &k
			c.loop.After(time.Millisecond, "overtaken", c.release)
			continue
		}
		c.arrive(k)
		c.release()
	}
}

// release lets the packet in that the last one overtook.
func (c *memPacket) release() {
	if k := c.held; k != nil {
		c.held = nil
		c.arrive(*k)
	}
}

func (c *memPacket) arrive(k parcel) {
	switch {
	case c.dead:
	case len(k.data) > c.options.MaxPacketIn:
		c.stats.Truncated++
	case len(c.inbox) < c.options.QueuePackets:
		c.inbox = append(c.inbox, k)
		c.process()
	}
}

func (c *memPacket) process() {
	c.open()
	for len(c.inbox) > 0 && !c.paused && !c.dead {
		k := c.inbox[0]
		c.inbox = c.inbox[1:]
		c.stats.PacketsIn++
		c.stats.BytesIn += uint64(len(k.data))
		c.hand(k)
	}
}

// hand gives one packet to the handler, whose panic costs only that.
func (c *memPacket) hand(k parcel) {
	returned := false
	defer func() {
		if !returned && len(c.inbox) > 0 {
			c.loop.After(0, "what came behind a panic", c.process)
		}
	}()
	c.h.OnPacket(c, k.data, k.from)
	returned = true
}

// OnTurnEnd implements reactor.Ender.
func (c *memPacket) OnTurnEnd() {
	c.queued = false
	if c.dead {
		c.h.OnClose(c, c.err)
		return
	}
	c.open()
}

// open tells the handler, before it gets the first packet.
func (c *memPacket) open() {
	if h, ok := c.h.(transport.PacketOpenHandler); ok && !c.told && !c.dead {
		c.told = true
		h.OnOpen(c)
	}
}

func (c *memPacket) later() {
	if !c.queued {
		c.queued = true
		c.loop.Later(c)
	}
}

// Close implements transport.PacketConn.
func (c *memPacket) Close() error {
	c.Abort(nil)
	return nil
}

// Abort implements transport.PacketConn.
func (c *memPacket) Abort(err error) {
	if c.dead {
		return
	}
	c.dead, c.err = true, err
	c.net.mu.Lock()
	delete(c.net.sockets, c.local)
	c.net.mu.Unlock()
	c.loop.Release()
	c.later()
}

// Pause implements transport.PacketConn.
func (c *memPacket) Pause() { c.paused = true }

// Resume implements transport.PacketConn.
func (c *memPacket) Resume() {
	if c.paused {
		c.paused = false
		post(c.loop, c.process)
	}
}

// SetHandler and the methods below implement transport.PacketConn.
func (c *memPacket) SetHandler(h transport.PacketHandler) { c.h = h }
func (c *memPacket) Local() address.Address               { return c.local }
func (c *memPacket) Remote() address.Address              { return c.remote }
func (c *memPacket) Queued() int                          { return 0 }
func (c *memPacket) Stats() transport.PacketStats         { return c.stats }
func (c *memPacket) ID() uint64                           { return c.id }
