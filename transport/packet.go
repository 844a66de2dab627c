package transport

import (
	"time"

	"github.com/ed-toolbox/ed/core/address"
)

// PacketConn is one datagram socket. All methods belong to its loop's
// goroutine; none blocks, and each may be called from inside any callback.
type PacketConn interface {
	// WriteTo sends p as one packet; p is copied if it cannot go at once. The zero
	// address means the remote it was opened with. ErrFull if the queue is full
	// (OnDrain follows), ErrTooBig over the size limit, ErrClosed after Close,
	// ErrNoRemote without a destination, an *OpError for an address that cannot be
	// sent to from here; then nothing was sent.
	//
	// UDP packets go out together, in one call, when the callback returns or the
	// turn ends: what the system refuses then comes by OnError, with the address of
	// the packet; the others are not concerned. A Unix socket sends at once, and
	// WriteTo returns what is refused at once, such as ECONNREFUSED.
	WriteTo(p []byte, to address.Address) error
	// Close sends what is queued (for at most Options.CloseTimeout), then
	// OnClose(nil) follows, never from inside Close.
	Close() error
	// Abort drops what is queued. OnClose(err) follows at the end of the turn.
	Abort(err error)
	// Pause stops reading; the kernel drops what overflows its buffer.
	Pause()
	// Resume reads again, from the next turn on.
	Resume()
	SetHandler(h PacketHandler)
	// Local is the address bound, zero if none; Remote the default destination.
	Local() address.Address
	Remote() address.Address
	// Queued is the number of packets waiting.
	Queued() int
	Stats() PacketStats
	// ID is the serial number of this socket in its loop, from 1.
	ID() uint64
}

// PacketHandler receives what happens to a packet socket, on its loop's
// goroutine. No method may block. If OnPacket panics that packet is lost, and the
// socket stays open: many may send to it.
type PacketHandler interface {
	// OnPacket hands over one whole packet, possibly empty. p is borrowed: it is
	// valid until OnPacket returns. from is zero if the sender has no name; it
	// can be answered with WriteTo(reply, from).
	OnPacket(c PacketConn, p []byte, from address.Address)
	// OnDrain comes when the queue is empty after a WriteTo returned ErrFull.
	OnDrain(c PacketConn)
	// OnClose comes exactly once and last.
	OnClose(c PacketConn, err error)
}

// PacketSender is an optional part of a PacketConn.
type PacketSender interface {
	// Peer tells which process sent the packet that OnPacket is given; false where
	// the medium cannot know, and outside of OnPacket.
	Peer() (Credentials, bool)
}

// PacketOpenHandler is an optional part of a PacketHandler.
type PacketOpenHandler interface {
	// OnOpen comes first and once, when the socket can be used: the host of its
	// remote has been looked up. It does not come at all if that failed.
	OnOpen(c PacketConn)
}

// PacketErrorHandler is an optional part of a PacketHandler.
type PacketErrorHandler interface {
	// OnError tells of a packet that was sent and then refused or lost: an
	// ICMP refusal on a connected UDP socket (ECONNREFUSED), or a queued packet
	// that could not go out. It comes after the callback that sent the packet, once
	// for the first of several that failed in one turn; PacketStats.Errors counts
	// them. The socket stays open.
	OnError(c PacketConn, err error)
}

// PacketStats counts what a packet socket did.
type PacketStats struct {
	PacketsIn, PacketsOut uint64
	BytesIn, BytesOut     uint64
	Truncated             uint64 // received longer than MaxPacketIn: dropped
	Full                  uint64 // refused with ErrFull
	Errors                uint64 // refusals and failed sends
	Queued                int    // packets waiting now
	QueuedBytes           int
	HighWater             int // most packets that ever waited
	LastError             error
	Opened                time.Time
}
