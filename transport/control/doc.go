// Package control gives a process a control socket: a Unix socket at which people and tools look into it while it runs, by
// messages (package core/inspect says which). And it is the client of such sockets.
//
// # Use
//
// A service needs one line more:
//
//	defer control.Offer(loop, control.Options{Name: "echo", Dispatcher: commands, Server: server}).Close()
//
// Close removes the socket file. ed top and ed watch find it then, and ed request asks it:
//
//	ed request unix:/run/ed/echo.4711.sock 'INSPECT table=loop' --until TABLE_END
//
// The commands are INSPECT, WATCH, UNWATCH, DISCONNECT, and those that every service has: ALIVE and HELP are answered
// here; STOP, LOG_ROTATE, QUITTING, READY, RESTART and LEAK go to the handlers that the service's dispatcher has for them.
//
// Tools use [Discover] to find sockets, [Dial] to talk to one, [Visits] to ask many for tables again and again, and [Follow]
// to watch any number of services that may come and go.
//
// # Who may
//
// The socket file has mode 0600, and only root and the user of the process are listened to, by SO_PEERCRED. With
// Options.Group the mode is 0660 and the members of that group may, too.
//
// # Cost
//
// A socket that nobody talks to costs a descriptor and some kilobytes. The trace hook is in only while somebody watches or
// has looked at counts in the last minute. The socket never keeps the loop alive.
//
// # Threads
//
// Serve and Control belong to the loop's goroutine. A Client belongs to one goroutine at a time; Discover may be called
// from any.
//
// # Errors
//
// Serve fails where no socket can be made: no service should end because of that, and Offer only logs it. What a visitor does wrong is answered
// with INVALID.
//
// # Limits
//
// 256 connections, 8 watches and 16 requests for tables in work on each. A visitor that does not read is sent at most 1 MiB
// ahead; then records are dropped and counted, and tables wait. Where all places are taken, the next visitor gets that of one that
// has not asked anything in 2 seconds, has not read anything in 10, or has not asked again in 10 minutes and watches nothing; if
// there is none, it is told SERVICE_UNAVAILABLE, which a Client and Visits return as a *BusyError.
package control
