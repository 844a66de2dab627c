// Clock answers NOW with TIME.
//
//	go run ./examples/clock unix:/tmp/clock.sock
//	ed request unix:/tmp/clock.sock NOW
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/definition"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: clock ADDR")
	}
	where, err := address.Parse(os.Args[1], address.Defaults{Scheme: address.TCP})
	check(err)
	loop, err := reactor.New(reactor.Options{Name: "clock"})
	check(err)
	definitions, err := definition.Open(definition.Options{}) // of the commands that every service knows
	check(err)
	commands := dispatch.New(dispatch.Options{Definitions: definitions})
	check(commands.On("NOW", func(from dispatch.Sender, m *message.Message) error {
		return from.Send(m.Reply("TIME").Set("now", time.Now().UTC().Format(time.RFC3339Nano)))
	}))
	check(commands.Defaults(dispatch.DefaultsOptions{Stop: func(bool) { loop.Stop() }}))
	server := link.NewServer(link.Options{Dispatcher: commands})
	listener, err := open.Listen(loop, where, transport.Options{}, server.Accept)
	check(err)
	defer listener.Close()
	defer control.Offer(loop, control.Options{Name: "clock", Dispatcher: commands, Server: server}).Close()
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer release()
	if err := loop.Run(ctx); ctx.Err() == nil {
		check(err)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal("clock: ", err)
	}
}
