package router

import (
	"github.com/ed-toolbox/ed/transport"
)

// doubtBytes is how much a peer's kernel may hold that its process has not read, in our reckoning: when a connection breaks, what
// was sent before that is taken for read. A Unix socket holds less (unix(7), wmem_default); TCP lets its window grow up to about
// half of tcp_rmem's 6 MiB (tcp(7)).
const (
	doubtBytes    = 256 << 10
	doubtBytesTCP = 4 << 20
)

// ledger is a connection that knows what became of the messages that it was given. It remembers the length of each until
// nobody need ask any more:
//
//	| read, acknowledged, or long ago | in doubt: the kernel has them | in the connection's queue |
//	0                                base                            BytesOut                   given
//
// It costs a few nanoseconds a message and, of a client at rest, no memory.
type ledger struct {
	transport.Conn
	lengths []uint32 // a ring: twice the length, plus one for a message of the rules
	head    int      // the oldest
	count   int
	rules   int    // of count, those of the rules
	given   uint64 // bytes written
	base    uint64 // bytes written before the oldest
	aged    uint64 // bytes the peer's kernel had at the last sweep but one
	arrived uint64 // the same at the last sweep
	ours    bool   // what is written is a message of the rules
	far     bool   // the carrier is TCP, plain or with TLS
}

// smallRing is the first size of a ring; bigRing is one that is given back when it is empty.
const (
	smallRing = 8
	bigRing   = 64
)

// Write implements transport.Conn. Each call is one message.
func (l *ledger) Write(p []byte) error {
	if err := l.Conn.Write(p); err != nil {
		return err
	}
	if l.count == len(l.lengths) {
		l.room()
	}
	n := uint32(len(p)) << 1
	if l.ours {
		n |= 1
		l.rules++
	}
	l.lengths[(l.head+l.count)&(len(l.lengths)-1)] = n
	l.count++
	l.given += uint64(len(p))
	return nil
}

// room makes place for another entry: by forgetting, or by twice the space where that does not help much.
func (l *ledger) room() {
	l.forget()
	if l.count <= len(l.lengths)/2 && len(l.lengths) > 0 {
		return
	}
	bigger := make([]uint32, max(smallRing, 2*len(l.lengths)))
	for i := range l.count {
		bigger[i] = l.lengths[(l.head+i)&(len(l.lengths)-1)]
	}
	l.lengths, l.head = bigger, 0
}

// has is how many bytes the peer's kernel has, as far as is known.
func (l *ledger) has() uint64 {
	out := l.Conn.Stats().BytesOut
	if a, ok := l.Conn.(transport.Acknowledger); ok {
		n, _ := a.Unacked()
		return out - min(uint64(n), out)
	}
	return out
}

// forget drops what has arrived and is long ago or far behind.
func (l *ledger) forget() {
	until := l.has()
	limit := l.aged
	doubt := uint64(doubtBytes)
	if l.far {
		doubt = doubtBytesTCP
	}
	if until > doubt {
		limit = max(limit, until-doubt)
	}
	l.drop(min(until, limit))
}

// drop forgets messages that end at or before until.
func (l *ledger) drop(until uint64) {
	for l.count > 0 {
		n := l.lengths[l.head]
		if l.base+uint64(n>>1) > until {
			return
		}
		l.base += uint64(n >> 1)
		l.rules -= int(n & 1)
		l.head = (l.head + 1) & (len(l.lengths) - 1)
		l.count--
	}
}

// sweep is called now and then: what had arrived two calls ago is taken for read.
func (l *ledger) sweep() {
	if l.count == 0 {
		return
	}
	l.aged, l.arrived = l.arrived, l.has()
	l.forget()
	if l.count == 0 && len(l.lengths) > bigRing {
		l.lengths, l.head = nil, 0
	}
}

// lost counts the messages of the rules that never went out, and those that went and may not have been read, when the connection
// has ended. A peer that ended it in good order had read what its kernel had.
func (l *ledger) lost(orderly bool) (queued, uncertain int) {
	out, sure := l.Conn.Stats().BytesOut, l.has()
	if !orderly {
		l.forget()
		sure = l.base
	}
	end := l.base
	for i := range l.count {
		n := l.lengths[(l.head+i)&(len(l.lengths)-1)]
		end += uint64(n >> 1)
		switch {
		case n&1 == 0:
		case end > out:
			queued++
		case end > sure:
			uncertain++
		}
	}
	return queued, uncertain
}

// PeerNames implements transport.Named if the connection does.
func (l *ledger) PeerNames() []string {
	if n, ok := l.Conn.(transport.Named); ok {
		return n.PeerNames()
	}
	return nil
}

// KeepsPackets implements transport.Framed.
func (l *ledger) KeepsPackets() bool { return transport.KeepsPackets(l.Conn) }

// Unacked implements transport.Acknowledger if the connection does.
func (l *ledger) Unacked() (int, bool) {
	if a, ok := l.Conn.(transport.Acknowledger); ok {
		return a.Unacked()
	}
	return 0, false
}
