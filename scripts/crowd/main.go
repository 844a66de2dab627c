// Crowd connects to a service, or registers services with a router, and does nothing more until it is killed: the idle ones
// beside which scripts/perf-rows measures.
//
//	go run ./scripts/crowd unix:/run/x.sock 10000                   connections
//	go run ./scripts/crowd unix:/run/ed/router.sock 10000 NAME      services NAME_00000, NAME_00001 ...
//
// It prints "ready" when all are there.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// atOnce is how many may be on their way.
const atOnce = 32

// crowd is all of them, on one loop.
type crowd struct {
	loop             *reactor.Loop
	where            address.Address
	name             string // of services; "": they do not register
	commands         *dispatch.Dispatcher
	most, begun, all int
}

func main() {
	if len(os.Args) < 3 || len(os.Args) > 4 {
		log.Fatal("usage: crowd ADDR N [NAME]")
	}
	loop, err := reactor.New(reactor.Options{Name: "crowd"})
	check(err)
	c := &crowd{loop: loop, commands: dispatch.New(dispatch.Options{})}
	c.where, err = address.Parse(os.Args[1], address.Defaults{Scheme: address.TCP})
	check(err)
	c.most, err = strconv.Atoi(os.Args[2])
	check(err)
	if len(os.Args) == 4 {
		c.name = os.Args[3]
	}
	check(c.commands.On("READY", func(dispatch.Sender, *message.Message) error { c.there(); return nil }))
	check(c.commands.Defaults(dispatch.DefaultsOptions{}))
	for range min(atOnce, c.most) {
		c.next()
	}
	check(loop.Run(context.Background()))
}

// next begins another one, if there are not enough.
func (c *crowd) next() {
	if c.begun == c.most {
		return
	}
	name := fmt.Sprintf("%s_%05d", c.name, c.begun)
	c.begun++
	client := link.NewClient(link.Options{
		Dispatcher: c.commands,
		OnOpen: func(l *link.Link) {
			if c.name == "" {
				c.there()
				return
			}
			check(l.Send(dispatch.Register(name)))
		},
		OnClose: func(_ *link.Link, err error) { log.Fatal("crowd: a connection ended: ", err) },
	})
	_, err := open.Dial(c.loop, c.where, transport.Options{}, client)
	check(err)
}

// there counts one that came so far.
func (c *crowd) there() {
	if c.all++; c.all == c.most {
		fmt.Println("ready")
	}
	c.next()
}

func check(err error) {
	if err != nil {
		log.Fatal("crowd: ", err)
	}
}
