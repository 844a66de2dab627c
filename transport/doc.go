// Package transport is the contract between those who move bytes and those
// who give them a meaning: what a connection, a listener and a packet socket
// promise, whatever the medium below. It opens no sockets itself.
//
// # Use
//
// Programs rarely come here: package link carries messages, and package open
// dials or listens on any address. Write a [Handler], give it to open.Dial or
// to a medium, and answer with [Conn.Write]:
//
//	func (echo) OnData(c transport.Conn, p []byte) { c.Write(p) }
//
// # Adding a medium
//
//  1. Make a folder transport/NAME that makes descriptors: non-blocking,
//     close-on-exec, every option set before the engine sees them.
//  2. A medium of bytes hands a listening descriptor to stream.Listen and the
//     recipe of a connecting one (a stream.Target) to stream.Dial; a ready
//     descriptor (a pipe, one end of a pair) goes to stream.New.
//  3. A medium of packets hands its descriptor to dgram.New.
//  4. A medium without a descriptor of its own (TLS) wraps a Conn and is a
//     Handler of it. It is an Acknowledger only if it can keep that promise.
//  5. Its test calls transporttest.RunStream or RunPacket: that suite is the
//     definition of these contracts.
//  6. Name its scheme in core/address, teach transport/internal/sockaddr its
//     addresses if the kernel has a kind of its own for them, and add a case to
//     the switch in transport/open.
//
// docs/ARCHITECTURE.md goes through this file by file.
//
// # Threads
//
// A connection belongs to the goroutine of its loop: every method must be
// called there, and every callback comes there. No callback may block. From
// another goroutine, Post to the loop.
//
// # Errors
//
// What the system refused is an [*OpError] with the operation, the address and
// the errno, so errors.Is(err, syscall.ECONNREFUSED) works. [ErrFull],
// [ErrClosed], [ErrTimeout], [ErrTooBig] and [ErrUnsupported] are what callers branch on.
//
// # Limits
//
// Every queue is bounded: bytes waiting to be written by Options.HighMark,
// packets by Options.QueuePackets. What is refused is refused whole.
package transport
