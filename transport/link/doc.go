// Package link carries messages over any transport: bytes in, messages to a dispatcher; messages in, bytes out.
//
// # Use
//
// A link composes with every medium; there is one type per role and none per medium.
//
//   - Server: many links behind any number of listeners. Give its Accept method to open.Listen.
//   - Client: one link to one peer, on a loop you run. Give it to open.Dial as the handler.
//   - Permanent: one peer for good, on a loop you run. It connects again, and keeps messages meanwhile.
//   - Datagram: messages in packets. Give it to open.Packet as the handler.
//   - Blocking: one peer, for programs without a loop of their own; it runs a private one.
//
// Most services need a Server and a dispatch.Dispatcher, and nothing else of this package:
//
//	server := link.NewServer(link.Options{Dispatcher: dispatcher})
//	listener, err := open.Listen(loop, where, transport.Options{}, server.Accept)
//
// A client of a service that may be restarted needs a Permanent, which dials by itself:
//
//	p, err := link.NewPermanent(loop, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
//		return open.Dial(l, where, transport.Options{UserTimeout: 20 * time.Second}, h)
//	}, link.PermanentOptions{Options: link.Options{Dispatcher: dispatcher}, Hello: register})
//
// A program that only asks needs no loop. What it waits for it gives a deadline, by ctx:
//
//	b, err := link.Dial(ctx, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
//		return open.Dial(l, where, transport.Options{}, h)
//	}, link.BlockingOptions{})
//	err = b.Send(message.New("NOW"))
//	reply, err := b.Recv(ctx)
//	err = b.Close()
//
// A link answers in the form (text or JSON) that its peer used last. A dispatcher that passes most lines on as they came
// implements Passer, and copies them from link to link.
//
// # Delivery
//
// Each message that a Permanent has taken is sent once or reported to OnUndelivered. What the kernel took for a connection
// that then broke is never sent again, as the peer may have it: it is reported with ErrUncertain. Without a heartbeat that
// is everything sent in the last DoubtTime, because a kernel that acknowledges says nothing about the process behind it.
// A router of ours tells more: with Settles, all is in doubt that it did not say has left it, so that its own queues are covered, too.
// With a heartbeat, which a peer answers in the order of its messages, it is what was sent since its last answer. Over a
// connection that cannot tell how much went (see transport.Acknowledger) what it still held is uncertain, too.
//
// # Limits of one link
//
// Options has rates for both directions, a time that a link may be idle and a time until the first message; PermanentOptions
// has them too. They need Options.Loop. A link that has none set pays nothing for them.
//
// # Threads
//
// Everything belongs to the goroutine that runs the loop, except Blocking, whose methods may be called from any
// goroutine. A message given to a handler is borrowed: it is valid until the handler returns; Clone keeps it.
//
// # Errors
//
// A line that is no message is answered with INVALID, shown to the trace hook as malformed and counted; the link stays
// open (docs/PROTOCOL.md section 1). A line over the limit is answered with INVALID, and the link is closed. Send returns
// transport.ErrFull when the peer does not read; Options.Slow says what else happens.
//
// A peer that ends its side is sent what is queued by then, and the link ends: an answer that a handler gives later is lost. What a
// peer that has gone asked for is still handled. The answers, and what was left in the queue, are counted in Stats.Lost; a
// dispatch.Dispatcher hears of them once, when the link has ended, and not of each.
//
// # Limits
//
// Permanent holds at most 10,000 messages and 1 MiB that wait, and remembers at most about 4 MiB of what it sent.
// A line may have 65,536 bytes and the write queue 1 MiB unless the options say otherwise. Requests that are read
// faster than their replies go out stay in the kernel: a link stops reading while half of its write queue is in use.
package link
