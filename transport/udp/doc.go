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
// # Limits
//
// Packets of more than Options.MaxPacket bytes (1024 by default, 65,507 at most)
// are refused before sending.
package udp
