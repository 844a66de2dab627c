package transporttest

import (
	"errors"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// PacketMedium is what RunPacket needs to know of a medium of packets.
type PacketMedium struct {
	Open func(l *reactor.Loop, local, remote address.Address, o transport.Options, h transport.PacketHandler) (transport.PacketConn, error)
	// Local returns an address to bind that no other test uses.
	Local func() address.Address

	Refused     address.Address // where nobody listens
	RefusedLate bool            // a refusal comes by OnError, not from WriteTo
	Reliable    bool            // nothing is lost: a full receiver makes the sender wait
	Descriptors bool
}

// RunPacket checks that a medium keeps the contract of transport.PacketConn.
// make is called for each test.
func RunPacket(t *testing.T, make func(t *testing.T) PacketMedium) {
	tests := []struct {
		name string
		run  func(*packets)
	}{
		{"echo", testPacketEcho},
		{"sizes", testPacketSizes},
		{"many senders", testPacketSenders},
		{"no destination", testPacketNoRemote},
		{"refused", testPacketRefused},
		{"truncated", testPacketTruncated},
		{"full queue", testPacketFull},
		{"pause and resume", testPacketPause},
		{"close inside callbacks", testPacketCloseInside},
		{"close sends the queue", testPacketCloseSends},
		{"write after the end", testPacketAfterEnd},
		{"panic", testPacketPanic},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("ED_VERIFY", "1")
			p := &packets{World: NewWorld(t), PacketMedium: make(t)}
			tt.run(p)
			for _, c := range p.conns {
				c.Abort(nil)
			}
			p.Idle()
		})
	}
}

// packets is a world of packet sockets.
type packets struct {
	*World
	PacketMedium
	conns []transport.PacketConn
}

func (p *packets) open(local, remote address.Address, o transport.Options, r *PacketRecorder) transport.PacketConn {
	p.T.Helper()
	c, err := p.Open(p.Loop, local, remote, o, r)
	if err != nil {
		p.T.Fatal(err)
	}
	p.conns = append(p.conns, c)
	return c
}

// pair opens a bound socket and one that sends to it by default.
func (p *packets) pair(o transport.Options) (client, server transport.PacketConn, rc, rs *PacketRecorder) {
	p.T.Helper()
	rc, rs = &PacketRecorder{T: p.T, Name: "client"}, &PacketRecorder{T: p.T, Name: "server"}
	server = p.open(p.Local(), address.Address{}, o, rs)
	client = p.open(address.Address{}, server.Local(), o, rc)
	return client, server, rc, rs
}

func (p *packets) write(c transport.PacketConn, text string) {
	p.T.Helper()
	noError(p.T, "write", c.WriteTo([]byte(text), address.Address{}))
}

func testPacketEcho(p *packets) {
	client, server, rc, rs := p.pair(transport.Options{})
	rs.On = func(c transport.PacketConn, data []byte, from address.Address) {
		noError(p.T, "reply", c.WriteTo(data, from))
	}
	for i := range 5 {
		p.write(client, strconv.Itoa(i))
	}
	p.Until("the replies come", func() bool { return len(rc.Packets) == 5 })
	for i, b := range rc.Packets {
		equal(p.T, "reply", string(b), strconv.Itoa(i))
		equal(p.T, "sender", rc.From[i], server.Local())
		equal(p.T, "client", rs.From[i], client.Local())
	}
	equal(p.T, "opened", rc.Opened, 1)
	equal(p.T, "remote", client.Remote(), server.Local())
	s := client.Stats()
	equal(p.T, "packets out", s.PacketsOut, 5)
	equal(p.T, "packets in", s.PacketsIn, 5)
	equal(p.T, "bytes in", s.BytesIn, 5)
	equal(p.T, "bytes out", s.BytesOut, 5)
	equal(p.T, "drained", rc.Drained+rs.Drained, 0)
	if client.ID() == 0 || client.ID() == server.ID() {
		p.T.Errorf("serial numbers %d and %d", client.ID(), server.ID())
	}
	noError(p.T, "close", client.Close())
	p.Until("the client closes", func() bool { return rc.Closed == 1 })
	equal(p.T, "error", rc.Err, nil)
}

func testPacketSizes(p *packets) {
	client, _, _, rs := p.pair(transport.Options{MaxPacket: 60_000})
	for i, n := range []int{0, 1, 1024, 1500, 60_000} {
		b := make([]byte, n)
		pattern(b, n)
		noError(p.T, "write", client.WriteTo(b, address.Address{}))
		p.Until("it arrives", func() bool { return len(rs.Packets) == i+1 })
		equal(p.T, "packet of "+strconv.Itoa(n), string(rs.Packets[i]), string(b))
	}
	equal(p.T, "over the limit", client.WriteTo(make([]byte, 60_001), address.Address{}), transport.ErrTooBig)
}

func testPacketSenders(p *packets) {
	server := p.open(p.Local(), address.Address{}, transport.Options{}, &PacketRecorder{T: p.T, On: func(c transport.PacketConn, data []byte, from address.Address) {
		noError(p.T, "reply", c.WriteTo(append(data, '!'), from))
	}})
	var rs []*PacketRecorder
	for i := range 20 {
		r := &PacketRecorder{T: p.T, Name: "client"}
		c := p.open(address.Address{}, server.Local(), transport.Options{}, r)
		p.write(c, strconv.Itoa(i))
		rs = append(rs, r)
	}
	for i, r := range rs {
		p.Until("each gets its reply", func() bool { return len(r.Packets) == 1 })
		equal(p.T, "reply", string(r.Packets[0]), strconv.Itoa(i)+"!")
	}
}

func testPacketNoRemote(p *packets) {
	c := p.open(p.Local(), address.Address{}, transport.Options{}, &PacketRecorder{T: p.T})
	equal(p.T, "write to nowhere", c.WriteTo([]byte("x"), address.Address{}), transport.ErrNoRemote)
}

func testPacketRefused(p *packets) {
	r := &PacketRecorder{T: p.T, Name: "client"}
	c := p.open(address.Address{}, p.Refused, transport.Options{}, r)
	err := c.WriteTo([]byte("anybody?"), address.Address{})
	if p.RefusedLate {
		noError(p.T, "write", err)
		p.Until("the refusal comes", func() bool { return len(r.Errors) > 0 })
		err = r.Errors[0]
	}
	var op *transport.OpError
	if !errors.As(err, &op) || op.Addr != p.Refused || !errors.Is(err, syscall.ECONNREFUSED) {
		p.T.Errorf("error: %v", err)
	}
	p.For(2 * time.Millisecond)
	equal(p.T, "refusals told later", len(r.Errors) == 1, p.RefusedLate)
	equal(p.T, "closed by it", r.Closed, 0)
	equal(p.T, "errors counted", c.Stats().Errors, 1)
	equal(p.T, "last error", c.Stats().LastError, err)
	equal(p.T, "counted as sent", c.Stats().PacketsOut <= 1, true)
}

func testPacketTruncated(p *packets) {
	client, server, _, rs := p.pair(transport.Options{MaxPacketIn: 100})
	noError(p.T, "write", client.WriteTo(make([]byte, 101), address.Address{}))
	noError(p.T, "write", client.WriteTo(make([]byte, 100), address.Address{}))
	p.Until("the whole one arrives", func() bool { return len(rs.Packets) == 1 })
	equal(p.T, "size", len(rs.Packets[0]), 100)
	equal(p.T, "truncated", server.Stats().Truncated, 1)
}

// testPacketFull: the queue is bounded, what is in it arrives whole and in
// order, and OnDrain tells when to go on.
func testPacketFull(p *packets) {
	if !p.Reliable {
		return
	}
	const n = 5000
	client, server, rc, rs := p.pair(transport.Options{QueuePackets: 100})
	server.Pause()
	sent := 0
	more := func(c transport.PacketConn) {
		for ; sent < n; sent++ {
			if err := c.WriteTo([]byte(strconv.Itoa(sent)), address.Address{}); err == transport.ErrFull {
				return
			} else if err != nil {
				p.T.Fatal(err)
			}
		}
	}
	more(client)
	equal(p.T, "queued", client.Queued(), 100)
	equal(p.T, "refused", client.Stats().Full, 1)
	rc.Drain = more
	server.Resume()
	p.Until("all arrive", func() bool { return len(rs.Packets) == n })
	for i, b := range rs.Packets {
		if string(b) != strconv.Itoa(i) {
			p.T.Fatalf("packet %d is %s", i, b)
		}
	}
	equal(p.T, "high water", client.Stats().HighWater, 100)
	equal(p.T, "drained as often as refused", rc.Drained, int(client.Stats().Full))
}

func testPacketPause(p *packets) {
	client, server, _, rs := p.pair(transport.Options{})
	rs.On = func(c transport.PacketConn, _ []byte, _ address.Address) { c.Pause() }
	p.write(client, "one")
	p.write(client, "two")
	p.Until("the first arrives", func() bool { return len(rs.Packets) == 1 })
	p.For(5 * time.Millisecond)
	equal(p.T, "packets while paused", len(rs.Packets), 1)
	server.Resume()
	p.Until("the second arrives", func() bool { return len(rs.Packets) == 2 })
}

func testPacketCloseInside(p *packets) {
	for name, end := range map[string]func(transport.PacketConn){
		"Close": func(c transport.PacketConn) { c.Close(); c.Close() },
		"Abort": func(c transport.PacketConn) { c.Abort(errAborted); c.Close() },
	} {
		client, _, _, rs := p.pair(transport.Options{})
		rs.On = func(c transport.PacketConn, _ []byte, _ address.Address) {
			end(c)
			equal(p.T, "closed from inside "+name, rs.Closed, 0)
			equal(p.T, "write after the end", c.WriteTo([]byte("x"), client.Local()), transport.ErrClosed)
		}
		p.write(client, "one")
		p.write(client, "two")
		p.Until("it closes", func() bool { return rs.Closed == 1 })
		equal(p.T, "packets", len(rs.Packets), 1)
	}
}

func testPacketCloseSends(p *packets) {
	if !p.Reliable {
		return
	}
	const n = 80
	client, server, rc, rs := p.pair(transport.Options{QueuePackets: n})
	server.Pause()
	for i := range n {
		p.write(client, strconv.Itoa(i))
	}
	noError(p.T, "close", client.Close())
	p.For(5 * time.Millisecond)
	equal(p.T, "closed before the queue went out", rc.Closed, 0)
	server.Resume()
	p.Until("all arrive", func() bool { return len(rs.Packets) == n && rc.Closed == 1 })
	equal(p.T, "error", rc.Err, nil)
}

func testPacketAfterEnd(p *packets) {
	client, _, rc, _ := p.pair(transport.Options{})
	noError(p.T, "close", client.Close())
	equal(p.T, "write", client.WriteTo([]byte("x"), address.Address{}), transport.ErrClosed)
	p.Until("it closes", func() bool { return rc.Closed == 1 })
	equal(p.T, "write", client.WriteTo([]byte("x"), address.Address{}), transport.ErrClosed)
	client.Pause()
	client.Resume()
	noError(p.T, "close", client.Close())
}

// testPacketPanic: a packet that the handler panics at is lost, and no other, also of those that came with it.
func testPacketPanic(p *packets) {
	client, server, rc, rs := p.pair(transport.Options{})
	rs.On = func(c transport.PacketConn, data []byte, from address.Address) {
		if string(data) == "bad" {
			panic("provoked")
		}
		noError(p.T, "reply", c.WriteTo(data, from))
	}
	for _, text := range []string{"a", "bad", "b", "bad", "bad", "c", "bad"} {
		p.write(client, text)
	}
	p.Until("what is not bad is answered", func() bool { return len(rc.Packets) == 3 })
	for i, want := range []string{"a", "b", "c"} {
		equal(p.T, "reply", string(rc.Packets[i]), want)
	}
	equal(p.T, "packets in", server.Stats().PacketsIn, 7)
	equal(p.T, "closed", rs.Closed, 0)
}
