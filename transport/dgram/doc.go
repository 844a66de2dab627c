// Package dgram is the one engine that reads and writes every descriptor of
// packets: UDP and Unix datagrams.
//
// # Use
//
// A medium calls [New] with a descriptor that is bound, connected, or both;
// while a name is being looked up, [Prepare] takes packets already and
// [Conn.Attach] follows. Descriptors must be non-blocking and close-on-exec, and
// belong to the engine from then on.
//
// # How it works
//
// A packet is sent at once if nothing waits before it. What the kernel does not
// take is queued, bounded in packets and bytes. Where write readiness says when to
// go on, it does; an unconnected Unix socket is ready even while the receiver's
// queue is full, so there a timer tries again, receiver by receiver, and a packet
// that waited longer than Options.CloseTimeout is dropped, counted and reported.
//
// # Threads
//
// Everything belongs to the loop's goroutine.
//
// # Errors
//
// Refusals do not end the socket: they are counted and go to the handler's
// OnError, if it has one (transport.PacketErrorHandler).
package dgram
