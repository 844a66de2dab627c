// Package tcp makes TCP sockets over IPv4 and IPv6 and hands them to the
// stream engine.
//
// # Use
//
//	c, err := tcp.Dial(loop, addr, transport.Options{}, handler)
//	l, err := tcp.Listen(loop, addr, transport.Options{}, func(c transport.Conn) transport.Handler { … })
//
// Every socket is non-blocking, close-on-exec and sends at once (TCP_NODELAY:
// the engine already writes once per turn). Keep-alive is on by default.
// Listeners set SO_REUSEADDR, so that a service can restart at once, and an
// IPv6 address means IPv6 unless Options.DualStack says otherwise.
//
// # Errors
//
// An error returned is about the arguments or, for Listen, from the system; all
// that can go wrong while connecting comes by OnClose.
package tcp
