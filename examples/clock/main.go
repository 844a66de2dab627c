// Clock answers NOW with TIME.
//
//	go run ./examples/clock unix:/tmp/clock.sock
//	ed request unix:/tmp/clock.sock NOW
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "clock:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: clock ADDR")
	}
	where, err := address.Parse(args[0], address.Defaults{Scheme: address.TCP})
	if err != nil {
		return err
	}
	loop, err := reactor.New(reactor.Options{Name: "clock"})
	if err != nil {
		return err
	}
	defer loop.Close()
	commands := dispatch.New(dispatch.Options{})
	commands.On("NOW", func(from dispatch.Sender, m *message.Message) error {
		return from.Send(m.Reply("TIME").Set("now", time.Now().UTC().Format(time.RFC3339Nano)))
	})
	commands.Defaults(dispatch.DefaultsOptions{Stop: func(bool) { loop.Stop() }})
	server := link.NewServer(link.Options{Dispatcher: commands})
	listener, err := open.Listen(loop, where, transport.Options{}, server.Accept)
	if err != nil {
		return err
	}
	defer listener.Close()
	return loop.Run(context.Background())
}
