// Package link carries messages over any transport: bytes in, messages to a dispatcher; messages in, bytes out.
//
// # Use
//
// A link composes with every medium; there is one type per role and none per medium.
//
//   - Server: many links behind any number of listeners. Give its Accept method to open.Listen.
//   - Client: one link to one peer, on a loop you run. Give it to open.Dial as the handler.
//   - Datagram: messages in packets. Give it to open.Packet as the handler.
//   - Blocking: one peer, for programs without a loop of their own; it runs a private one.
//
// Most services need a Server and a dispatch.Dispatcher, and nothing else of this package:
//
//	server := link.NewServer(link.Options{Dispatcher: dispatcher})
//	listener, err := open.Listen(loop, where, transport.Options{}, server.Accept)
//
// A link answers in the form (text or JSON) that its peer used last.
//
// # Threads
//
// Everything belongs to the goroutine that runs the loop, except Blocking, whose methods may be called from any
// goroutine. A message given to a handler is borrowed: it is valid until the handler returns; Clone keeps it.
//
// # Errors
//
// A line that is no message is answered with INVALID, shown to the trace hook as malformed and counted; the link stays
// open (protocol.md section 1). A line over the limit is answered with INVALID, and the link is closed. Send returns
// transport.ErrFull when the peer does not read; Options.Slow says what else happens.
//
// # Limits
//
// A line may have 65,536 bytes and the write queue 1 MiB unless the options say otherwise. Requests that are read
// faster than their replies go out stay in the kernel: a link stops reading while half of its write queue is in use.
package link
