package transporttest

import (
	"math/rand/v2"
	"time"

	"github.com/ed-toolbox/ed/transport"
)

// life is one end of a connection to which anything may happen, by chance.
type life struct {
	HalfRecorder
	p       *Pair
	chance  *rand.Rand
	rough   bool // it may also end, at any time
	wrote   int
	ended   bool // it has ended its side
	aborted bool
	steps   int // to come
}

// randomLives: whatever the two ends do, in whatever order, what arrives is what was sent, in order; each end hears of the end once;
// and if neither breaks the connection, everything arrives.
func testRandomLives(p *Pair) {
	p.Options = transport.Options{HighMark: 60_000, CloseTimeout: 300 * time.Millisecond}
	var server *life
	p.listen(func(transport.Conn) transport.Handler { return server })
	for round := range 24 {
		chance := rand.New(rand.NewPCG(uint64(round), 1))
		client := newLife(p, "client", chance, round%2 == 1)
		server = newLife(p, "server", chance, round%2 == 1)
		p.dial(p.Listener.Addr(), p.Options, client)
		p.opened(&client.Recorder, &server.Recorder)
		client.next()
		server.next()
		p.closed(&client.Recorder, &server.Recorder)
		client.check(server)
		server.check(client)
		if p.T.Failed() {
			p.T.Fatalf("in round %d", round)
		}
	}
}

func newLife(p *Pair, name string, chance *rand.Rand, rough bool) *life {
	l := &life{p: p, chance: chance, rough: rough, steps: 5 + chance.IntN(40)}
	l.HalfRecorder = HalfRecorder{Recorder: Recorder{T: p.T, Name: name, Discard: true, On: l.take}}
	l.EOF = func(transport.Conn) {
		if l.ended {
			l.close()
		}
	}
	return l
}

// take checks what came: byte n of a stream is n*7.
func (l *life) take(c transport.Conn, b []byte) {
	at := l.Received - len(b)
	for i := range b {
		if b[i] != byte((at+i)*7) {
			l.T.Fatalf("%s: byte %d is wrong", l.Name, at+i)
		}
	}
	if l.chance.IntN(3) == 0 && !l.ended {
		l.act(c)
	}
}

// next has the next step come after a while.
func (l *life) next() {
	l.p.Loop.After(time.Duration(l.chance.IntN(400))*time.Microsecond, l.Name, func() {
		if l.Closed > 0 {
			return
		}
		if l.steps--; l.steps > 0 {
			l.act(l.Conn)
			l.next()
			return
		}
		l.finish()
	})
}

// finish ends it in good order: its own side at once, the connection when the peer has ended, too.
func (l *life) finish() {
	l.Conn.Resume()
	l.ended = true
	noErrorBut(l, l.Conn.CloseWrite())
	if l.EOFs > 0 {
		l.close()
		return
	}
	// A peer that is gone without a word is not waited for; nor is one that broke us while we had paused.
	l.p.Loop.After(2*time.Second, l.Name, l.close)
}

func (l *life) close() {
	if l.Closed == 0 {
		noErrorBut(l, l.Conn.Close())
	}
}

// act does anything.
func (l *life) act(c transport.Conn) {
	switch n := l.chance.IntN(40); {
	case n < 22:
		l.write(c)
	case n < 27:
		c.Pause()
		l.p.Loop.After(time.Duration(l.chance.IntN(2000))*time.Microsecond, l.Name, c.Resume)
	case n < 32:
		c.Resume()
	case n < 34:
		c.Pause()
		c.Resume()
	case n < 36 && l.rough:
		noErrorBut(l, c.CloseWrite())
	case n < 37 && l.rough:
		l.aborted = true
		noErrorBut(l, c.Close())
	case n < 38 && l.rough:
		l.aborted = true
		c.Abort(nil)
	}
}

func (l *life) write(c transport.Conn) {
	most := []int{1, 100, 5000, packetPiece}[l.chance.IntN(4)]
	b := make([]byte, 1+l.chance.IntN(most))
	for i := range b {
		b[i] = byte((l.wrote + i) * 7)
	}
	switch err := c.Write(b); err {
	case nil:
		l.wrote += len(b)
	case transport.ErrFull:
		if !c.Congested() {
			l.T.Errorf("%s: ErrFull, and no OnDrain to come", l.Name)
		}
	default:
		noErrorBut(l, err)
	}
}

// noErrorBut takes ErrClosed, which a rough life may meet anywhere.
func noErrorBut(l *life, err error) {
	if err != nil && (err != transport.ErrClosed || !l.rough) {
		l.T.Errorf("%s: %v", l.Name, err)
	}
}

// check compares what arrived with what the peer did.
func (l *life) check(peer *life) {
	if l.Received > peer.wrote {
		l.T.Errorf("%s received %d bytes of %d", l.Name, l.Received, peer.wrote)
	}
	if _, ok := peer.Conn.(transport.Acknowledger); ok && uint64(l.Received) > peer.Conn.Stats().BytesOut {
		l.T.Errorf("%s received %d bytes, and only %d are said to be out", l.Name, l.Received, peer.Conn.Stats().BytesOut)
	}
	if l.aborted || peer.aborted || l.rough {
		return
	}
	noError(l.T, l.Name, l.Err)
	equal(l.T, l.Name+": bytes", l.Received, peer.wrote)
	equal(l.T, l.Name+": ends of stream", l.EOFs, 1)
}
