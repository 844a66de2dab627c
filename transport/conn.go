package transport

import "github.com/ed-toolbox/ed/core/address"

// Conn is one stream connection. All methods belong to its loop's goroutine;
// none blocks, and each may be called from inside any callback.
type Conn interface {
	// Write queues p, which is copied: the caller may reuse it at once. What was
	// written goes out in one system call at the end of the turn, or before when
	// it is much or has waited for long. It takes all of p or,
	// with an error, nothing: ErrFull while p does not fit under the high mark
	// (OnDrain follows), ErrTooBig if it never will, ErrClosed after Close,
	// CloseWrite, a failed write or the end. Before OnOpen it queues.
	Write(p []byte) error
	// CloseWrite sends the end of stream once the queue went out. Reading goes
	// on. Calling it again does nothing.
	CloseWrite() error
	// Close ends the connection in good order: no more OnData, the queue is
	// sent (for at most Options.CloseTimeout; a peer that has half-closed has
	// longer, as long as it takes something), then OnClose(nil) follows, never
	// from inside Close. A dialled connection that is still connecting is
	// cancelled, and OnClose tells ErrClosed. Calling it again does nothing.
	Close() error
	// Abort ends the connection now: what is queued is dropped, and a TCP peer
	// sees a reset. OnClose(err) follows at the end of the turn.
	Abort(err error)
	// Pause stops reading: bytes and the end of stream stay in the kernel.
	// OnData that is running is the last until Resume. When the peer takes nothing
	// any more, what it sent before waits for Resume too, and OnClose comes after it.
	Pause()
	// Resume reads again, from the next turn on.
	Resume()
	// SetHandler replaces the handler for all later callbacks.
	SetHandler(h Handler)
	// Local and Remote are the addresses of the two ends, as far as they have
	// names. Remote stays known after the end; Local may then be the listener's.
	Local() address.Address
	Remote() address.Address
	// Peer tells who is at the other end of a Unix socket; false elsewhere.
	Peer() (Credentials, bool)
	// Queued is the number of bytes taken by Write and not yet by the kernel.
	Queued() int
	// Congested says whether the queue is above its low mark, that is, whether
	// OnDrain will follow: a handler that answers requests stops taking them
	// until then.
	Congested() bool
	// Stats is a copy of the counters.
	Stats() Stats
	// ID is the serial number of this connection in its loop, from 1.
	ID() uint64
}

// Framed is an optional part of a Conn.
type Framed interface {
	// KeepsPackets says that each Write is one packet, of Options.MaxPacket bytes at
	// most, and each OnData one whole packet: nothing is joined or divided. Longer
	// packets that arrive are dropped and counted, empty ones ignored; writing
	// nothing sends nothing.
	KeepsPackets() bool
}

// Lender is an optional part of a Conn of bytes, for those who write many small
// pieces: they write them where the queue is, which saves a copy of each.
type Lender interface {
	// Lend returns room at the end of the queue, a slice without bytes, to be
	// written to within its capacity. The room ends at the low mark. It is nil where
	// there is none, and when Write would fail: then use that. Commit follows within
	// the callback, and nothing else is done with the connection before.
	Lend() []byte
	// Commit queues the room that Lend returned, with what was written to it, or
	// nothing. It is lost if anything else was done with the connection meanwhile.
	Commit(p []byte)
}

// KeepsPackets says whether c is a connection of packets.
func KeepsPackets(c Conn) bool {
	f, ok := c.(Framed)
	return ok && f.KeepsPackets()
}

// Handler receives what happens to a connection, on its loop's goroutine.
// No method may block. A method that panics ends its connection, not the loop.
type Handler interface {
	// OnOpen comes first and once, when the connection can be used. It does
	// not come at all if connecting failed.
	OnOpen(c Conn)
	// OnData hands over what was read, in order: at least one byte, and 144 KiB
	// at most, which is more than a small Options.HighMark takes back at once. p
	// is borrowed: it is valid until OnData returns, and the handler may write
	// into it.
	OnData(c Conn, p []byte)
	// OnDrain comes when the queue fell to its low mark after it had been above
	// it, or after a Write returned ErrFull; also when it was dropped because the
	// peer takes nothing any more.
	OnDrain(c Conn)
	// OnClose comes exactly once and last; nil means closed in good order by
	// either side. c can still be asked for its addresses and counters.
	OnClose(c Conn, err error)
}

// EOFHandler is an optional part of a Handler: with it the connection stays
// open for writing after the peer's end of stream, until Close. Without it the
// queue is sent and the connection closed.
type EOFHandler interface {
	// OnEOF comes once, after the last OnData.
	OnEOF(c Conn)
}

// Named is an optional part of a Conn whose peer can prove who it is.
type Named interface {
	// PeerNames are the names in the peer's certificate, if it showed one and it
	// was verified; else nil.
	PeerNames() []string
}

// Acknowledger is an optional part of a Conn, which knows how much of what it
// was given went. It promises that, after the end too, no byte behind
// Stats.BytesOut can have reached the peer.
type Acknowledger interface {
	// Unacked is how many of the last bytes that the kernel took have not been
	// acknowledged by the other side, at most; that tells nothing about whether
	// the peer's process has read the others. It stays known after the end.
	// False means that it cannot be told.
	Unacked() (bytes int, known bool)
}

// Ending is an optional part of a Conn, which can look ahead.
type Ending interface {
	// Ended says whether the peer has ended its side, or the connection; what it sent
	// before may not have been handed over yet. It costs a system call.
	Ended() bool
}

// Discarder is an optional part of a Conn, which knows what it threw away.
type Discarder interface {
	// Discarded is how many bytes it had taken and never gave to the kernel, because
	// the peer takes nothing any more or the connection has ended, and how many line
	// feeds are in them, or packets, at least. If there are any, Peer stays known.
	Discarded() (bytes, lines int)
}

// Credentials are those of a Unix peer at the time it connected (SO_PEERCRED,
// unix(7)).
type Credentials struct {
	PID      int
	UID, GID uint32
}
