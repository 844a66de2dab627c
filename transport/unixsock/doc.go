// Package unixsock makes Unix sockets, of streams, packets and datagrams, with file
// and abstract names, and hands them to the engines.
//
// # Use
//
//	c, err := unixsock.Dial(loop, addr, transport.Options{}, handler)
//	l, err := unixsock.Listen(loop, addr, transport.Options{Mode: 0o600, Group: "ops"}, accept)
//	p, err := unixsock.OpenGram(loop, local, remote, transport.Options{}, packets)
//
// Conn.Peer tells who connected. Dial and Listen take addresses of unix: and of
// unixpacket: (SOCK_SEQPACKET), whose connections keep the boundaries of packets:
// transport.Framed.
//
// # Socket files
//
// A file is made with no rights for others than its owner, then given to
// Options.Owner and Options.Group, then opened up to Options.Mode, and only then
// listened on (bind.go). A file left behind by a process that died is found by
// connecting to it, and replaced; a live one, or what is no socket, is never touched
// (stale.go). Close removes the file if it is still the one that was made.
//
// # Limits
//
// Datagrams that were not read yet count as the sender's (SO_SNDBUF). A client that is connected to us, as most are, may
// leave so many of our answers unread that none can be sent to others either: they wait in the queue then, and are given up
// by OnError after Options.CloseTimeout.
//
// # Errors
//
// *InUseError, inside an *transport.OpError, says that somebody listens there
// (errors.Is EADDRINUSE); *NotSocketError that the path is something else.
package unixsock
