package transporttest

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// Faults are what a Network does to what travels on it. The zero value does
// nothing.
type Faults struct {
	Seed     uint64        // of all chance
	Delay    time.Duration // of everything
	Jitter   time.Duration // more delay, by chance up to this; streams keep their order
	Chunk    int           // streams arrive in pieces of at most this many bytes
	Window   int           // bytes in flight in each direction of a stream; default 64 KiB
	CutAfter int           // a stream is reset once one side has sent this many bytes
	Drop     float64       // share of packets that are lost
	Reorder  float64       // share of packets that later ones overtake
}

// Network connects loops in memory. It may be used from several goroutines.
type Network struct {
	faults Faults

	mu        sync.Mutex
	chance    *rand.Rand
	port      uint16
	serial    uint64
	listeners map[address.Address]*memListener
	sockets   map[address.Address]*memPacket
}

// NewNetwork makes a network without anybody on it.
func NewNetwork(f Faults) *Network {
	if f.Window <= 0 {
		f.Window = 64 << 10
	}
	return &Network{
		faults: f, chance: rand.New(rand.NewPCG(f.Seed, f.Seed)), port: 40000,
		listeners: map[address.Address]*memListener{}, sockets: map[address.Address]*memPacket{},
	}
}

// Silence makes a an address that never answers.
func (n *Network) Silence(a address.Address) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listeners[a] = nil
}

// name replaces port 0 by a free one; a zero address becomes one of the scheme.
func (n *Network) name(a address.Address, s address.Scheme) address.Address {
	if a.IsZero() {
		a = address.FromUnix(s, "")
		if s.IsIP() {
			a = address.FromAddrPort(s, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0))
		}
	}
	if a.Scheme.IsIP() && a.Port == 0 {
		n.port++
		a.Port = n.port
	}
	return a
}

func (n *Network) next() uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.serial++
	return n.serial
}

// due is when what is sent now arrives.
func (n *Network) due() time.Time {
	if n.faults.Delay == 0 && n.faults.Jitter == 0 {
		return time.Time{}
	}
	d := n.faults.Delay
	if n.faults.Jitter > 0 {
		n.mu.Lock()
		d += time.Duration(n.chance.Int64N(int64(n.faults.Jitter)))
		n.mu.Unlock()
	}
	return time.Now().Add(d)
}

// happens decides by chance.
func (n *Network) happens(share float64) bool {
	if share <= 0 {
		return false
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.chance.Float64() < share
}

// Listen listens on a; port 0 takes a free one.
func (n *Network) Listen(l *reactor.Loop, a address.Address, o transport.Options, accept transport.Accept) (transport.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	a = n.name(a, a.Scheme)
	if _, taken := n.listeners[a]; taken {
		return nil, &transport.OpError{Op: "listen", Addr: a, Err: syscall.EADDRINUSE}
	}
	ln := &memListener{net: n, loop: l, addr: a, options: o.WithDefaults(), accept: accept}
	ln.stats.Opened = l.Now()
	n.listeners[a] = ln
	l.Hold()
	return ln, nil
}

// Dial connects to a. OnOpen or OnClose tells how it went, never from inside Dial.
func (n *Network) Dial(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
	c := newMemConn(n, l, o, h)
	n.mu.Lock()
	ln, known := n.listeners[a]
	c.local, c.remote = n.name(address.Address{}, a.Scheme), a
	n.mu.Unlock()
	c.limit = l.After(c.options.ConnectTimeout, "connect", func() { c.end(c.fault("connect", transport.ErrTimeout)) })
	switch {
	case !known:
		post(l, func() { c.end(c.fault("connect", syscall.ECONNREFUSED)) })
	case ln != nil:
		post(ln.loop, func() { ln.take(c) })
	}
	return c, nil
}

// post gets f to a loop, unless that is closed.
func post(l *reactor.Loop, f func()) { _ = l.Post(f) }

type memListener struct {
	net     *Network
	loop    *reactor.Loop
	addr    address.Address
	options transport.Options
	accept  transport.Accept
	stats   transport.ListenerStats
	closed  bool
}

// take connects a dialled connection to a new one.
func (ln *memListener) take(client *memConn) {
	server := newMemConn(ln.net, ln.loop, ln.options, nil)
	server.local, server.remote, server.listener, server.peer = ln.addr, client.local, ln, client
	ln.stats.Open++
	refused := ln.closed || ln.options.MaxConns > 0 && ln.stats.Open > ln.options.MaxConns
	if !refused {
		server.h = ln.accept(server)
	}
	if refused || server.h == nil {
		ln.stats.Refused++
		server.gone = true // there is nobody to tell
		ln.stats.Open--
		server.end(nil)
	} else {
		ln.stats.Accepted++
	}
	if ln.closed {
		post(client.loop, func() { client.end(client.fault("connect", syscall.ECONNREFUSED)) })
		return
	}
	post(client.loop, func() { client.connected(server) })
	if server.dead {
		server.send(segment{fin: true})
		return
	}
	server.open()
}

func (ln *memListener) Close() error {
	if ln.closed {
		return nil
	}
	ln.closed = true
	ln.net.mu.Lock()
	delete(ln.net.listeners, ln.addr)
	ln.net.mu.Unlock()
	ln.loop.Release()
	return nil
}

func (ln *memListener) Addr() address.Address          { return ln.addr }
func (ln *memListener) Stats() transport.ListenerStats { return ln.stats }
