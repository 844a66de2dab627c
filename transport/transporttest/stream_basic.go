package transporttest

import (
	"runtime"

	"github.com/ed-toolbox/ed/transport"
)

// echo sends back what comes, and fails the test if it cannot.
func (p *Pair) echo(c transport.Conn, data []byte) {
	noError(p.T, "echo", c.Write(data))
}

func testEcho(p *Pair) {
	client, server := p.recorder("client"), p.recorder("server")
	server.On = p.echo
	client.Open = func(c transport.Conn) { noError(p.T, "write", c.Write([]byte("hello\n"))) }
	client.On = func(c transport.Conn, _ []byte) {
		if client.Received == 6 {
			noError(p.T, "close", c.Close())
		}
	}
	p.connect(client, server)
	equal(p.T, "opened inside Dial", client.Opened, 0)
	p.closed(client, server)
	equal(p.T, "echo", string(client.Data), "hello\n")
	equal(p.T, "client's error", client.Err, nil)
	equal(p.T, "server's error", server.Err, nil)
	s := client.Conn.Stats()
	equal(p.T, "bytes in", s.BytesIn, 6)
	equal(p.T, "bytes out", s.BytesOut, 6)
	equal(p.T, "writes", s.Writes, 1)
	equal(p.T, "high water", s.HighWater, 6)
	equal(p.T, "opened", s.Opened.IsZero(), false)
	equal(p.T, "accepted", p.Listener.Stats().Accepted, 1)
}

func testAddresses(p *Pair) {
	client, server := p.pair()
	equal(p.T, "remote of the client", client.Conn.Remote(), p.Listener.Addr())
	equal(p.T, "local of the server", server.Conn.Local(), p.Listener.Addr())
	equal(p.T, "remote of the server", server.Conn.Remote(), client.Conn.Local())
	equal(p.T, "scheme", server.Conn.Remote().Scheme, p.Listener.Addr().Scheme)
	if client.Conn.ID() == 0 || client.Conn.ID() == server.Conn.ID() {
		p.T.Errorf("serial numbers %d and %d", client.Conn.ID(), server.Conn.ID())
	}
	if _, ok := server.Conn.Peer(); ok && !p.Listener.Addr().Scheme.IsUnix() {
		p.T.Error("credentials without a Unix socket")
	}
	client.Conn.Abort(nil)
	p.closed(client)
	equal(p.T, "remote after the end", client.Conn.Remote(), p.Listener.Addr())
}

func testWriteBeforeOpen(p *Pair) {
	client, server := p.recorder("client"), p.recorder("server")
	p.connect(client, server)
	noError(p.T, "write", p.client.Write([]byte("early ")))
	noError(p.T, "write", p.client.Write([]byte("bird")))
	noError(p.T, "half-close", p.client.CloseWrite())
	p.closed(client, server)
	equal(p.T, "data", string(server.Data), "early bird")
	equal(p.T, "client's error", client.Err, nil)
}

func testOneByte(p *Pair) {
	const n = 10_000
	client, server := p.pair()
	server.Discard = true
	sent := make([]byte, n)
	pattern(sent, 0)
	// Some outside of callbacks, some one at a time in turns of their own.
	for _, b := range sent[:n/2] {
		noError(p.T, "write", client.Conn.Write([]byte{b}))
	}
	at := n / 2
	tick := p.Loop.Every(10_000, "writes", func(int) { // 10 µs
		for range 50 {
			if at < n {
				noError(p.T, "write", client.Conn.Write(sent[at:at+1]))
				at++
			}
		}
	})
	p.Until("all bytes arrive", func() bool { return server.Received == n })
	tick.Cancel()
	equal(p.T, "checksum", server.Sum, sum(0, sent))
	if w := client.Conn.Stats().Writes; w > n/10 {
		p.T.Errorf("%d system calls for %d writes", w, n)
	}
}

// sender writes n bytes of the pattern as fast as the connection takes them,
// and then the end of stream.
type sender struct {
	p    *Pair
	n    int
	sent int
	buf  []byte
}

func (s *sender) more(c transport.Conn) {
	for s.sent < s.n {
		b := s.buf[:min(len(s.buf), s.n-s.sent)]
		pattern(b, s.sent)
		if transport.KeepsPackets(c) {
			b = b[:min(len(b), packetPiece)]
		}
		if err := c.Write(b); err == transport.ErrFull {
			return
		} else if err != nil {
			s.p.T.Fatal(err)
		}
		s.sent += len(b)
	}
	noError(s.p.T, "half-close", c.CloseWrite())
}

func testBulk(p *Pair) {
	const n = 10 << 20
	client, server := p.half("client"), p.half("server")
	for i, r := range []*HalfRecorder{client, server} {
		s := &sender{p: p, n: n, buf: make([]byte, 50_000+i*50_000)}
		r.Discard, r.Open, r.Drain = true, s.more, s.more
	}
	p.connect(client, server)
	p.closed(&client.Recorder, &server.Recorder)
	want := patternSum(n)
	for _, r := range []*HalfRecorder{client, server} {
		equal(p.T, r.Name+" received", r.Received, n)
		equal(p.T, r.Name+" checksum", r.Sum, want)
		equal(p.T, r.Name+" error", r.Err, nil)
		equal(p.T, r.Name+" saw the end", r.EOFs, 1)
	}
}

func testSetHandler(p *Pair) {
	client, server := p.pair()
	second := p.recorder("second handler")
	second.Opened = 1
	server.On = func(c transport.Conn, _ []byte) {
		c.SetHandler(second)
		server.inside = false
	}
	noError(p.T, "write", client.Conn.Write([]byte("one")))
	p.Until("the first arrives", func() bool { return server.Received == 3 })
	noError(p.T, "write", client.Conn.Write([]byte("two")))
	noError(p.T, "close", client.Conn.Close())
	p.closed(second)
	equal(p.T, "data", string(second.Data), "two")
	equal(p.T, "closed the first", server.Closed, 0)
}

// testNoAllocation counts the allocations of many round trips in the steady
// state.
func testNoAllocation(p *Pair) {
	if !p.Descriptors || p.Handshake {
		return // only the engine promises it
	}
	const n = 2000
	client, server := p.pair()
	client.Discard, server.Discard = true, true
	server.On = p.echo
	var before, after runtime.MemStats
	trips := 0
	client.On = func(c transport.Conn, data []byte) {
		trips++
		switch trips {
		case n:
			runtime.ReadMemStats(&before)
		case 2 * n:
			runtime.ReadMemStats(&after)
			return
		}
		p.echo(c, data)
	}
	noError(p.T, "write", client.Conn.Write([]byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n")))
	p.Until("the trips are made", func() bool { return trips == 2*n })
	if got := after.Mallocs - before.Mallocs; got > n/50 { // the runtime's own, and Until's
		p.T.Errorf("%d allocations in %d round trips", got, n)
	}
}
