// Package service makes a program a service of a router: it registers by a name, is found by that name, and stays so when
// the router is started anew.
//
// # Use
//
//	loop, err := reactor.New(reactor.Options{})
//	commands := dispatch.New(dispatch.Options{})
//	err = commands.On("NOW", func(from dispatch.Sender, m *message.Message) error {
//		return from.Send(m.Reply("TIME").Set("now", time.Now().UTC().Format(time.RFC3339)))
//	})
//	s, err := service.New(loop, service.Options{Name: "clock", Dispatcher: commands})
//	err = loop.Run(ctx) // until STOP came, and UNREGISTER went out
//
// At each connection the service says REGISTER, answers HELP with the commands that its dispatcher knows, and waits for READY:
// only then messages given to Send go out. The default commands are added by New; Options.Defaults takes what a program wants to
// do for them. The sender that a handler is given may be kept for an answer that comes later. Send and replies to other services
// go through the queue of a link.Permanent: what is sent while the router is away waits for it, and what was perhaps lost is
// reported by Options.Link.OnUndelivered: of a router of ours, which is asked every now and then, what had not left it when it
// died, and of others what they were sent in the last Options.Link.DoubtTime.
//
// Both routers are understood, `ed router` and the C++ communicatord. The one thing that the second does not do is to say that
// a name was refused: it is silent, and the attempt ends with a time-out.
//
// Where no address is given, the router is looked for by Locate, anew at each attempt, as all commands of ed do.
//
// # How it ends
//
//   - STOP: Options.Defaults.Stop is called, then Close: UNREGISTER behind what is queued, and the end of the connection.
//     A program that wants more time puts a handler of its own for STOP into the dispatcher, and calls Close later.
//   - A signal: the program calls Close, on the loop, and Run ends by itself soon after. The end of Run's context would
//     leave no time for UNREGISTER.
//   - QUITTING and DISCONNECTING: the router ends. The connection is dropped, without UNREGISTER, and made again when the router
//     is back; with Options.QuitWithRouter the service ends too.
//   - The connection breaks: it is made again, after the pauses of Options.Link.
//   - The name is refused: Options.OnRefused is told, and it is tried again after ever longer pauses, up to 30 s.
//
// # Threads
//
// All of it belongs to the goroutine that runs the loop.
//
// # Errors
//
// New returns what is wrong with the options. What goes wrong later is in Status().Err and told by Options.Link.OnState; a
// refusal is a *RefusedError there.
//
// # Limits
//
// Those of link.Permanent: 10,000 messages and 1 MiB wait unless Options.Link.Queue says otherwise. A router is reached over a stream,
// never by datagrams.
package service
