// Package dispatch finds the handlers of a message by its command.
//
// # Use
//
//	d := dispatch.New(dispatch.Options{Definitions: set})
//	err := d.On("ECHO", func(from dispatch.Sender, m *message.Message) error {
//		return from.Send(m.Reply("ECHOED"))
//	})
//	err = d.Defaults(dispatch.DefaultsOptions{Stop: func(bool) { loop.Stop() }})
//	outcome := d.Dispatch(connection, m)
//
// A [Match] names commands exactly, by glob, by regular expression or by a function. Entries are tried in the order of
// their priority, lowest first, then of their registration, whatever their kind; the first one that matches ends the
// walk, unless it says Continue. When nothing ran, the catch-all does. Finding the exact entries of a command costs the
// same for any number of registered commands; patterns are tried one by one.
//
// With definitions a message is checked once, before its first handler runs. A wrong one reaches no handler: its sender
// gets INVALID command=X;message=…. INVALID, UNKNOWN, ABSOLUTELY and COMMANDS never cause an automatic reply, so that
// two services cannot keep each other busy.
//
// # Answers
//
// A reply may be made at once and sent later, when a child has ended or a timer is due: Reply borrows nothing, and from may be
// kept if it is a connection. When that has ended, its Send returns an error such as transport.ErrClosed. The sender of a packet
// is borrowed like the message: it is a *link.Peer, whose Clone keeps it.
//
//	err := d.On("RUN", func(from dispatch.Sender, m *message.Message) error {
//		reply := m.Reply("RESULT")
//		loop.After(time.Second, "run", func() { from.Send(reply.Set("output", "done")) })
//		return nil
//	})
//
// Answers to our own messages arrive as messages like any other: register a handler for each command that may be one. Nothing
// pairs them with what was asked. Over one connection a service that answers at once answers in order; else put a parameter
// into the question that it gives back, which is serial by custom, as in ALIVE.
//
// # Threads
//
// A Dispatcher belongs to one goroutine, the loop's. Handlers run on it and must not block. A handler may add and remove
// entries and dispatch further messages: one that is removed does not run any more, also not for the message in hand; one
// that is added takes part from the next message on.
//
// # Errors
//
// An error of a handler gives the outcome Failed, goes to Options.OnError and the trace, and ends nothing. The sender is told
// nothing of it: a handler that refuses a message answers it, by custom with INVALID command=X;message=…, unless a definition
// has refused it already. A panic passes through Dispatch: the loop deals with it. That a peer went with answers on their way
// is no error of a handler: it is told once for a connection, by Options.OnLost.
//
// # Limits
//
// None on the number of entries. Without a trace hook Dispatch reads no clock and allocates nothing.
package dispatch
