package stream_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/stream"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// mob is connections on one loop whose callbacks do to one another whatever a program may do. Each direction of each has bytes of its
// own, so that one that is lost, doubled, late or another's is seen.
type mob struct {
	t       *testing.T
	w       *transporttest.World
	rnd     *rand.Rand
	members []*member
	living  []*member
	left    int // things to do
	scratch [128 << 10]byte
}

type member struct {
	mob  *mob
	conn *stream.Conn
	id   int
	peer int // -1: closed

	sent, got   int // bytes of the peer
	wrote, came int // and to it
	most        int // bytes to come at a time
	paused      bool
	stopped     bool // no more OnData: Close, Abort or a panic of ours
	cut         bool // what was written may be lost
	hushed      bool // the peer sends no more
	opened      int
	closed      int
}

const mobSize = 24

func fill(p []byte, id, from int) []byte {
	for i := range p {
		p[i] = mobByte(id, from+i)
	}
	return p
}

func mobByte(id, at int) byte { return byte(id*37 + at*7 + at>>8*13) }

func (m *mob) verify(p []byte, id, from int) {
	for i, b := range p {
		if b != mobByte(id, from+i) {
			m.t.Fatalf("connection %d: byte %d is wrong, of %d bytes from %d", id, from+i, len(p), from)
		}
	}
}

func (m *mob) spawn() {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(m.t, err)
	k := &member{mob: m, id: len(m.members), peer: fds[1], most: len(m.scratch)}
	budgets := []int{0, 1, 7, 500, 4096, 1 << 20}
	o := transport.Options{LowMark: 1000, ReadBudget: budgets[m.rnd.IntN(len(budgets))]}
	if o.ReadBudget > 0 {
		k.most = min(k.most, 20*o.ReadBudget) // or it takes very many turns
	}
	var h transport.Handler = k
	if k.id%2 == 0 {
		h = halfMember{k}
	}
	k.conn, err = stream.New(m.w.Loop, fds[0], stream.Config{Options: o, Scheme: address.Unix}, h)
	require.NoError(m.t, err)
	m.members, m.living = append(m.members, k), append(m.living, k)
}

// peerSends has something come for k.
func (m *mob) peerSends(k *member, most int) {
	if k.peer < 0 || k.hushed {
		return
	}
	n, err := unix.Write(k.peer, fill(m.scratch[:1+m.rnd.IntN(min(most, k.most))], k.id, k.sent))
	if err == nil {
		k.sent += n
	}
}

// peerReads takes what k wrote, and closes behind the end of it.
func (m *mob) peerReads(k *member) {
	for k.peer >= 0 {
		n, err := unix.Read(k.peer, m.scratch[:])
		if n == 0 && err == nil {
			m.shut(k)
		}
		if n <= 0 {
			return
		}
		m.verify(m.scratch[:n], -1-k.id, k.came)
		k.came += n
		require.LessOrEqual(m.t, k.came, k.wrote)
	}
}

func (m *mob) peerCloses(k *member) {
	if k.peer >= 0 {
		k.cut = true
		m.shut(k)
	}
}

func (m *mob) shut(k *member) {
	require.NoError(m.t, unix.Close(k.peer))
	k.peer = -1
}

func (k *member) write(n int) {
	p := fill(k.mob.scratch[:n], -1-k.id, k.wrote)
	if k.conn.Write(p) == nil {
		k.wrote += n
	}
}

// lend writes where the queue is.
func (k *member) lend(n int) {
	if room := k.conn.Lend(); room != nil {
		room = fill(room[:min(n, cap(room))], -1-k.id, k.wrote)
		k.conn.Commit(room)
		k.wrote += len(room)
	}
}

func (k *member) pause()  { k.paused = true; k.conn.Pause() }
func (k *member) resume() { k.paused = false; k.conn.Resume() }

func (k *member) close() {
	k.stopped = true
	require.NoError(k.mob.t, k.conn.Close())
}

func (k *member) abort() {
	k.stopped, k.cut = true, true
	k.conn.Abort(nil)
}

// act does something to somebody.
func (m *mob) act(self *member) {
	if m.left == 0 {
		return
	}
	m.left--
	k := m.living[m.rnd.IntN(len(m.living))]
	switch n := m.rnd.IntN(100); {
	case n < 15:
		k.pause()
	case n < 33:
		k.resume()
	case n < 45:
		k.write(1 + m.rnd.IntN(300))
	case n < 52:
		k.lend(1 + m.rnd.IntN(300))
	case n < 56:
		k.write(1 + m.rnd.IntN(len(m.scratch)))
	case n < 68:
		m.peerSends(k, 400)
	case n < 71:
		m.peerSends(k, len(m.scratch))
	case n < 76:
		m.peerReads(k)
	case n < 78:
		k.close()
	case n < 80:
		k.abort()
		m.spawn() // with the same descriptor
		m.peerSends(m.living[len(m.living)-1], 300)
	case n < 82:
		require.NoError(m.t, k.conn.CloseWrite())
	case n < 83:
		m.peerCloses(k)
	case n < 84:
		if k.peer >= 0 {
			require.NoError(m.t, unix.Shutdown(k.peer, unix.SHUT_WR))
			k.hushed = true
		}
	case n < 85 && self != nil:
		self.stopped, self.cut = true, true
		panic("oops")
	}
}

func (k *member) OnOpen(transport.Conn) { k.opened++ }

func (k *member) OnData(_ transport.Conn, p []byte) {
	m := k.mob
	if k.paused || k.stopped || k.closed > 0 || k.opened != 1 {
		m.t.Fatalf("connection %d: OnData with %+v", k.id, *k)
	}
	m.verify(p, k.id, k.got)
	k.got += len(p)
	require.LessOrEqual(m.t, k.got, k.sent)
	_ = append(p, "something else than what comes there"...)
	for range m.rnd.IntN(3) {
		m.act(k)
	}
}

func (k *member) OnDrain(transport.Conn) {
	if k.mob.rnd.IntN(2) == 0 {
		k.resume()
	}
	k.mob.act(nil)
}

func (k *member) OnClose(_ transport.Conn, err error) {
	m := k.mob
	if k.closed++; k.closed > 1 {
		m.t.Fatalf("connection %d: OnClose came twice", k.id)
	}
	for i, other := range m.living {
		if other == k {
			m.living = append(m.living[:i], m.living[i+1:]...)
			break
		}
	}
	for m.left > 0 && len(m.living) < mobSize {
		m.spawn()
	}
	m.act(nil)
	k.cut = k.cut || err != nil
}

// halfMember goes on after the peer's end of stream.
type halfMember struct{ *member }

func (k halfMember) OnEOF(transport.Conn) {
	k.mob.act(nil)
	if k.mob.left == 0 {
		k.close()
	}
}

// turn is what the peers do between the turns.
func (m *mob) turn() {
	for _, k := range m.living {
		switch {
		case m.left == 0:
			k.resume()
			m.peerReads(k)
			if !k.hushed && k.peer >= 0 && k.got == k.sent {
				_ = unix.Shutdown(k.peer, unix.SHUT_WR)
				k.hushed = true
			}
			if (k.hushed || k.peer < 0) && k.got == k.sent {
				k.close() // if it had its end before and stayed
			}
		case m.rnd.IntN(3) > 0:
			m.peerSends(k, 1+m.rnd.IntN(8000))
		case m.rnd.IntN(2) > 0:
			m.peerReads(k)
		}
	}
}

// TestMob holds what many connections get and send against what was sent and written.
func TestMob(t *testing.T) {
	for seed := range uint64(3) {
		m := &mob{t: t, w: transporttest.NewWorld(t), rnd: rand.New(rand.NewPCG(seed, 0)), left: 3000}
		for range mobSize {
			m.spawn()
		}
		remove := m.w.Loop.BeforeWait(m.turn)
		m.w.Loop.Every(100*time.Microsecond, "act", func(int) { m.act(nil) })
		m.w.Until("all have ended", func() bool { return len(m.living) == 0 })
		remove()
		for _, k := range m.members {
			m.peerReads(k)
			require.Equal(t, 1, k.closed)
			require.True(t, k.stopped || k.got == k.sent, "seed %d, connection %d got %d of %d", seed, k.id, k.got, k.sent)
			require.True(t, k.cut || k.came == k.wrote, "seed %d, connection %d: %d of %d came", seed, k.id, k.came, k.wrote)
			stats := k.conn.Stats()
			require.True(t, k.cut || stats.BytesOut == uint64(k.came))
			require.GreaterOrEqual(t, stats.BytesIn, uint64(k.got))
			m.peerCloses(k)
		}
	}
}
