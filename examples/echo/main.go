// Echo answers every message that is not a default command with the same command and parameters.
//
//	go run ./examples/echo tcp://127.0.0.1:4050 unix:/tmp/echo.sock
package main

import (
	"context"
	"fmt"
	"os"

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
		fmt.Fprintln(os.Stderr, "echo:", err)
		os.Exit(1)
	}
}

func run(addresses []string) error {
	loop, err := reactor.New(reactor.Options{Name: "echo"})
	if err != nil {
		return err
	}
	defer loop.Close()

	commands := dispatch.New(dispatch.Options{})
	var reply message.Message
	echo := func(from dispatch.Sender, m *message.Message) error {
		if pace, ok := m.Lookup("echo"); ok && string(pace) == "off" {
			return nil // the peer asked for silence
		}
		reply.ReplyTo(m, "")
		reply.CopyParams(m)
		return from.Send(&reply)
	}
	commands.Add(dispatch.Match{CatchAll: true, Handler: echo})
	commands.Defaults(dispatch.DefaultsOptions{NoCatchAll: true, Stop: func(bool) { loop.Stop() }})

	server := link.NewServer(link.Options{Dispatcher: commands})
	for _, text := range addresses {
		where, err := address.Parse(text, address.Defaults{Scheme: address.TCP})
		if err != nil {
			return err
		}
		listener, err := open.Listen(loop, where, transport.Options{}, server.Accept)
		if err != nil {
			return err
		}
		defer listener.Close()
	}
	return loop.Run(context.Background())
}
