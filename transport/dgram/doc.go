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
// Up to 64 packets are received by one call (recvmmsg), into buffers that all
// sockets of a loop share; what is left of them when the handler pauses is kept
// until it resumes. A packet longer than Options.MaxPacketIn is dropped and counted.
//
// UDP packets are collected and leave by one call (sendmmsg) when the callback
// returns or the turn ends, or when there are 64. Over a Unix socket each packet is
// sent at once, because the result is known at once. What the kernel does not take is
// queued, bounded in packets and bytes. Where write readiness says when to
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
// OnError, if it has one (transport.PacketErrorHandler). An error of one packet
// concerns no other. A connected UDP socket tells that an earlier packet was refused
// (ECONNREFUSED); the kernel keeps one such note, so many refusals may be told as one.
package dgram
