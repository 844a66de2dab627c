// Package udp makes UDP sockets over IPv4 and IPv6 and hands them to the packet
// engine.
//
// # Use
//
//	p, err := udp.Open(loop, local, remote, transport.Options{}, handler)
//
// With a local address the socket is bound, with a remote one connected: then it
// hears only that peer, and learns of its refusals (ICMP) through
// transport.PacketErrorHandler.
//
// # Groups and broadcasts
//
// Bound to a multicast address, of IPv4 or IPv6, the socket joins that group on
// the interface that the zone of the address or Options.Interface names, on all, or on
// the one that the system chooses; it gets what is sent to this group only, and
// several sockets may do the same. With a group or a broadcast address as remote the
// socket is not connected: each member answers from its own address. Options.Hops,
// Interface and NoLoop say how packets to groups leave. SO_BROADCAST is set when the
// destination is the broadcast address of an interface at that time, or 255.255.255.255.
//
// # Errors
//
// A group that cannot be joined is an *transport.OpError "join"; inside it,
// *InterfaceError names the interface.
//
// # Limits
//
// Packets of more than Options.MaxPacket bytes (1024 by default, 65,507 at most)
// are refused before sending.
//
// What comes while the loop is busy waits in the kernel, in a buffer of
// net.core.rmem_default bytes, which holds a few hundred short packets; the kernel
// drops what does not fit, and no counter here tells. Who needs a larger one makes
// the socket and gives it to Adopt.
package udp
