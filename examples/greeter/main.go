// Greeter is a service of a router: GREET is answered with WELCOME, whoever asks, from whichever host.
//
//	ed router &
//	go run ./examples/greeter
//	ed signal --wait greeter/GREET name=world
//
// The router is found where it listens by default, or by ED_ROUTER: `ed router` or the C++ communicatord.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/ed-toolbox/ed/core/definition"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/service"
)

func main() {
	name := "greeter"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	loop, err := reactor.New(reactor.Options{Name: name})
	check(err)
	definitions, err := definition.Open(definition.Options{}) // of the commands that every service knows
	check(err)
	commands := dispatch.New(dispatch.Options{Definitions: definitions})
	check(commands.On("GREET", func(from dispatch.Sender, m *message.Message) error {
		whom, _ := m.Get("name")
		return from.Send(m.Reply("WELCOME").Set("text", "hello "+whom))
	}))
	s, err := service.New(loop, service.Options{Name: name, Dispatcher: commands})
	check(err)
	defer control.Offer(loop, control.Options{Name: name, Dispatcher: commands, Link: s.Link()}).Close()

	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	context.AfterFunc(ctx, func() { _ = loop.Post(s.Close) }) // UNREGISTER, then the loop ends by itself
	check(loop.Run(context.Background()))
}

func check(err error) {
	if err != nil {
		log.Fatal("greeter: ", err)
	}
}
