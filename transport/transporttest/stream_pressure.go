package transporttest

import (
	"time"

	"github.com/ed-toolbox/ed/transport"
)

func testBackPressure(p *Pair) {
	const high, low, piece, total = 256 << 10, 64 << 10, 10_000, 16_000_000
	p.Options.HighMark, p.Options.LowMark = high, low
	client, server := p.pair()
	client.Conn.Pause()
	client.Discard = true
	s := &sender{p: p, n: total, buf: make([]byte, piece)}
	s.more(server.Conn)
	server.Drain = s.more
	p.For(20 * time.Millisecond) // until the kernel is full
	s.more(server.Conn)          // what it took after the first refusal
	before := server.Conn.Queued()
	if before > high || before < high-piece {
		p.T.Errorf("%d bytes are queued with a high mark of %d", before, high)
	}
	equal(p.T, "write to a full queue", server.Conn.Write(make([]byte, piece)), transport.ErrFull)
	equal(p.T, "queued after a refused write", server.Conn.Queued(), before)
	drained := server.Drained
	server.Drain = func(c transport.Conn) {
		if q := c.Queued(); q > low {
			p.T.Errorf("OnDrain with %d bytes queued", q)
		}
		s.more(c)
	}
	client.Conn.Resume()
	p.Until("everything arrives", func() bool { return client.Received == total })
	equal(p.T, "checksum", client.Sum, patternSum(total))
	if server.Drained <= drained {
		p.T.Error("OnDrain never came")
	}
	if hw := server.Conn.Stats().HighWater; hw > high {
		p.T.Errorf("the queue once held %d bytes", hw)
	}
}

func testTooBig(p *Pair) {
	const high = 50_000
	p.Options.HighMark = high
	client, server := p.pair()
	equal(p.T, "larger than the high mark", server.Conn.Write(make([]byte, high+1)), transport.ErrTooBig)
	noError(p.T, "as large as the high mark", server.Conn.Write(make([]byte, high)))
	p.Until("it arrives", func() bool { return client.Received == high })
}

func testPause(p *Pair) {
	client, server := p.pair()
	server.On = func(c transport.Conn, _ []byte) { c.Pause() }
	noError(p.T, "write", client.Conn.Write([]byte("one")))
	p.Until("the first arrives", func() bool { return server.Received == 3 })
	noError(p.T, "write", client.Conn.Write([]byte("two")))
	noError(p.T, "half-close", client.Conn.CloseWrite())
	p.For(5 * time.Millisecond)
	equal(p.T, "data while paused", string(server.Data), "one")
	equal(p.T, "closed while paused", server.Closed, 0)
	server.On = nil
	server.Conn.Resume()
	p.closed(server)
	equal(p.T, "data", string(server.Data), "onetwo")
	equal(p.T, "error", server.Err, nil)
}
