// Echo ADDR ... answers every message that is not a default command with the same command and parameters. An ADDR of "-" is its
// standard input and output: ed request 'exec:go run ./examples/echo -' 'GREET name=world'
package main

import (
	"context"
	"log"
	"os"
	"syscall"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/pipe"
)

func main() {
	loop, err := reactor.New(reactor.Options{Name: "echo"})
	check(err)
	commands := dispatch.New(dispatch.Options{})
	var reply message.Message
	check(commands.Add(dispatch.Match{CatchAll: true, Handler: func(from dispatch.Sender, m *message.Message) error {
		reply.Repeat(m)
		return from.Send(&reply)
	}}))
	check(commands.Defaults(dispatch.DefaultsOptions{NoCatchAll: true, Stop: func(bool) { loop.Stop() }}))
	server := link.NewServer(link.Options{Dispatcher: commands})
	for _, text := range os.Args[1:] {
		if text == "-" { // whoever started us is at the other end of standard input and output
			_, err := pipe.Stdio(loop, transport.Options{}, link.NewClient(link.Options{Dispatcher: commands}))
			check(err)
			continue
		}
		where, err := address.Parse(text, address.Defaults{Scheme: address.TCP})
		check(err)
		listener, err := open.Listen(loop, where, transport.Options{}, server.Accept)
		check(err)
		defer listener.Close()
	}
	defer control.Offer(loop, control.Options{Name: "echo", Dispatcher: commands, Server: server}).Close()
	_, err = watch.Signals(loop, func(syscall.Signal, int) { loop.Stop() }, watch.SignalOptions{Weak: true}, syscall.SIGINT, syscall.SIGTERM)
	check(err)
	check(loop.Run(context.Background()))
}

func check(err error) {
	if err != nil {
		log.Fatal("echo: ", err)
	}
}
