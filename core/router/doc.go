// Package router is the rules by which messages find their services: on this host by name, on other hosts through the
// routers there. It is a state machine: connections, messages and the time go in, messages and wishes come out. It opens no
// socket, reads no clock and starts nothing; tools/router is the process around it.
//
// # Use
//
//	r, err := router.New(router.Options{ServerName: "web1"}, host, time.Now())
//	c := r.Opened(connection, router.Origin{Kind: router.LocalUnix})
//	r.Receive(c, m)               // for each message; m may be changed
//	r.Closed(c, err, router.Lost{})
//	next := r.Tick(time.Now())    // at least once a second
//
// The host gives each connection as a [Conn] and does what [Host] asks. Where many messages pass it offers what it read to
// [Router.Pass] first, which copies lines that only pass to where they go; Receive gets what that leaves. What comes in a datagram goes to [Router.Packet].
//
// # The rules
//
// A service registers its name with REGISTER, says with COMMANDS which broadcasts it wants, and ends with UNREGISTER. Messages name
// where they go (docs/PROTOCOL.md, section 6): service/COMMAND to that service, on this node or on another; server:service/COMMAND to that
// node; "." "?" "*" as the service to all services of this node, of the private network, of all nodes. What a registered
// service sends is stamped with its name. Messages for a service that belongs here and is away wait in the cache. A message that reaches nobody
// is reported if its sender asked.
//
// Routers connect to one another: of two, the one with the larger address dials. They tell one another which services they have, so
// that one of those who have a service is picked, by load and in turn; only what nobody is known to have goes to all. Nothing
// but the handshake counts from a router that has not been accepted.
//
// # Threads
//
// A Router belongs to one goroutine. Its methods call Conn and Host, which return at once. They do not call it back, except
// that Closed may be called at any time: what it has to do is done when the rules are done with the message in hand.
//
// # Errors
//
// New and Reload return what is wrong with the options. Nothing that a client sends is an error of the process: it is
// answered with INVALID, counted and logged at the level of debugging, at most 20 lines a second. Values of parameters whose
// names tell of a secret (core/secret) are not logged.
//
// # Limits
//
// All tables are bounded, see [Limits]. Forwarding from one registered service to another allocates nothing. A
// broadcast is encoded once for all services that read text.
package router
