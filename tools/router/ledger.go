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

// ledger is a connection that knows what became of each message given to it. It keeps a count of messages for each stretch of
// bytes until no one needs to ask about them:
//
//	| read, acknowledged, or long ago | in doubt: the kernel has them | in the connection's queue |
//	0                                base                            BytesOut                   given
//
// Where a stretch ends the count is exact; within one it is reckoned by the bytes. A stretch ends behind each message whose sender
// wants to know (end); else it has a small part of what is in doubt (fine), or what was queued at once. So a message costs no more
// than being counted, and a client at rest no memory.
type ledger struct {
	transport.Conn
	lender  transport.Lender // the connection, if it lends room
	list    []stretch        // a ring
	head    int              // the oldest
	count   int
	taken   uint64 // messages of the rules that the connection took
	noted   uint64 // of taken, those that are in stretches or were forgotten
	known   uint64 // of noted, those that were forgotten
	given   uint64 // bytes written
	base    uint64 // bytes written before the oldest stretch
	aged    uint64 // bytes the peer's kernel had at the last sweep but one
	arrived uint64 // the same at the last sweep
	coming  uint64 // messages of the rules in what is being written, not yet counted
	ended   bool   // the newest stretch takes no more
	far     bool   // the carrier is TCP, plain or with TLS
	held    bool   // nothing is to be received for now
	waits   bool   // likewise, as others have to read first
}

// stretch is bytes that were given to a connection, and how many messages of the rules end in them.
type stretch struct{ bytes, messages uint32 }

// smallRing is the first size of a ring.
const smallRing = 8

// fine is how many stretches there are, at least, in what is in doubt.
const fine = 64

// Write implements transport.Conn. Each call is one message, or several whole ones.
func (l *ledger) Write(p []byte) error {
	if err := l.Conn.Write(p); err != nil {
		return err
	}
	l.sent()
	l.note(len(p))
	return nil
}

// Congested implements transport.Conn. The link stops reading while it says so.
func (l *ledger) Congested() bool { return l.held || l.waits || l.Conn.Congested() }

// Lend implements transport.Lender if the connection does.
func (l *ledger) Lend() []byte {
	if l.lender == nil {
		return nil
	}
	return l.lender.Lend()
}

// Commit implements transport.Lender.
func (l *ledger) Commit(p []byte) {
	l.lender.Commit(p)
	if len(p) > 0 {
		l.note(len(p))
	}
}

// sent counts the messages that the connection took: by a Write, or in the room that it lent, which comes by Commit.
func (l *ledger) sent() {
	l.taken += l.coming
	l.coming = 0
}

// end makes the count exact up to here: what was given so far is a stretch of its own.
func (l *ledger) end() { l.ended = true }

// note adds bytes that were given, with the messages that were counted since the last call.
func (l *ledger) note(bytes int) {
	messages := uint32(l.taken - l.noted)
	l.noted = l.taken
	l.given += uint64(bytes)
	if l.count > 0 && !l.ended {
		last := l.at(l.count - 1)
		if uint64(last.bytes)+uint64(bytes) <= min(l.given-l.base, l.doubt())/fine {
			last.bytes += uint32(bytes)
			last.messages += messages
			return
		}
	}
	if l.count == len(l.list) {
		l.room()
	}
	*l.at(l.count) = stretch{uint32(bytes), messages}
	l.count++
	l.ended = false
}

// at is the place of a stretch, counted from the oldest. The ring has a power of two of them.
func (l *ledger) at(i int) *stretch { return &l.list[(l.head+i)&(len(l.list)-1)] }

// room makes place for another stretch: by forgetting, or by twice the space where that does not help much.
func (l *ledger) room() {
	l.forget()
	if l.count <= len(l.list)/2 && len(l.list) > 0 {
		return
	}
	bigger := make([]stretch, max(smallRing, 2*len(l.list)))
	for i := range l.count {
		bigger[i] = *l.at(i)
	}
	l.list, l.head = bigger, 0
}

// doubt is how much of what was sent is in doubt.
func (l *ledger) doubt() uint64 {
	if l.far {
		return doubtBytesTCP
	}
	return doubtBytes
}

// has is how many bytes the peer's kernel has, as far as is known.
func (l *ledger) has() uint64 {
	out := l.Conn.Stats().BytesOut
	n, _ := l.Unacked()
	return out - min(uint64(n), out)
}

// forget drops what has arrived and is long ago or far behind.
func (l *ledger) forget() {
	until := l.has()
	limit := l.aged
	if doubt := l.doubt(); until > doubt {
		limit = max(limit, until-doubt)
	}
	l.drop(min(until, limit))
}

// drop forgets stretches that end at or before until.
func (l *ledger) drop(until uint64) {
	for l.count > 0 {
		r := l.at(0)
		if l.base+uint64(r.bytes) > until {
			return
		}
		l.base += uint64(r.bytes)
		l.known += uint64(r.messages)
		l.head = (l.head + 1) & (len(l.list) - 1)
		l.count--
	}
}

// sweep is called now and then: what had arrived two calls ago is taken for read.
func (l *ledger) sweep() {
	if l.count > 0 {
		l.aged, l.arrived = l.arrived, l.has()
		l.forget()
	}
	l.rest()
}

// sweepRead is sweep where it is known how many bytes the process at the other end has not read yet: unread.
func (l *ledger) sweepRead(has uint64, unread int) {
	l.arrived = max(l.aged, has-min(uint64(unread), has))
	l.aged = l.arrived
	l.forget()
	l.rest()
}

// rest gives memory back where there is nothing to remember.
func (l *ledger) rest() {
	if l.count == 0 {
		l.list, l.head = nil, 0
	}
}

// pending is how many messages of the rules are not known to have been read.
func (l *ledger) pending() int {
	l.forget()
	return int(l.taken - l.known)
}

// upTo is how many messages of the rules end in the first so many bytes.
func (l *ledger) upTo(bytes uint64) uint64 {
	n, at := l.known, l.base
	for i := range l.count {
		r := l.at(i)
		if end := at + uint64(r.bytes); end <= bytes {
			n, at = n+uint64(r.messages), end
			continue
		}
		if bytes > at && r.messages > 0 {
			n += min(uint64(r.messages)-1, (bytes-at)*uint64(r.messages)/uint64(r.bytes))
		}
		break
	}
	return n
}

// lost counts the messages of the rules that never went out, and those that went and may not have been read, when the connection
// has ended. A peer that ended it in good order had read what its kernel had.
func (l *ledger) lost(orderly bool) (queued, uncertain int) {
	out, sure := l.Conn.Stats().BytesOut, l.has()
	if !orderly {
		l.forget()
		sure = l.base
	}
	went := l.upTo(out)
	return int(l.taken - went), int(went - l.upTo(sure))
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
