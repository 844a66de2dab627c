// Minder runs a command every so often, and tells what came of it: LAST is answered at once with the last result, RUN with that
// of a run of its own. It listens on TCP, is a service of the router where there is one, and asks a clock (examples/clock) over
// a Unix socket what time it is. SIGHUP reads its settings anew; SIGTERM, SIGINT and STOP let the run in hand come to its end.
//
//	go run ./examples/minder minder.conf
//	ed request tcp://127.0.0.1:4052 RUN LAST
//
// The file has lines NAME=VALUE; what is not in it, or in ED_MINDER_NAME, has the default of the table below.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/core/definition"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/service"
)

// settings are what the file says.
type settings struct {
	listen, clock address.Address
	interval      time.Duration
	command       string // for a shell
}

func load(files []string) (s settings, err error) {
	values, err := config.Load(config.Options{Tool: "minder", Files: files, Keys: []config.Key{
		{Name: "listen", Default: "tcp://127.0.0.1:4052"},
		{Name: "clock", Default: "unix:clock.sock"},
		{Name: "interval", Default: "10s"},
		{Name: "command", Default: "uptime"},
	}})
	if err != nil {
		return s, err
	}
	parse := func(name string, f func(text string) error) {
		if e := f(values.Get(name).Value); e != nil && err == nil {
			err = fmt.Errorf("%s: %s: %w", values.Get(name).Origin, name, e)
		}
	}
	parse("listen", func(text string) (e error) { s.listen, e = address.Parse(text, address.Defaults{}); return })
	parse("clock", func(text string) (e error) { s.clock, e = address.Parse(text, address.Defaults{}); return })
	parse("interval", func(text string) (e error) {
		if s.interval, e = message.ParseDuration(text); e != nil {
			e = fmt.Errorf("%q: %w", text, e)
		} else if s.interval <= 0 {
			e = fmt.Errorf("%q: it must be more than 0", text)
		}
		return
	})
	s.command = values.Get("command").Value
	return s, err
}

func main() {
	s, err := load(os.Args[1:])
	check(err)
	loop, err := reactor.New(reactor.Options{Name: "minder"})
	check(err)
	m := &minder{loop: loop, settings: s}
	definitions, err := definition.Open(definition.Options{}) // of the commands that every service knows
	check(err)
	commands := dispatch.New(dispatch.Options{Definitions: definitions})
	check(commands.On("LAST", m.onLast))
	check(commands.On("RUN", m.onRun))
	check(commands.On("STOP", func(dispatch.Sender, *message.Message) error { // in place of the default, which does not wait
		m.stop()
		return nil
	}))

	// Three ways in and out: who connects to us, the router, and the clock that we connect to.
	m.server = link.NewServer(link.Options{Dispatcher: commands})
	m.listener, err = open.Listen(loop, s.listen, transport.Options{}, m.server.Accept)
	check(err)
	m.service, err = service.New(loop, service.Options{Name: "minder", Dispatcher: commands}) // it adds the default commands, for both
	check(err)
	answers := dispatch.New(dispatch.Options{})
	check(answers.On("TIME", m.onTime))
	m.clock, err = link.NewPermanent(loop, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return open.Dial(l, s.clock, transport.Options{}, h)
	}, link.PermanentOptions{
		Options:       link.Options{Dispatcher: answers},
		Queue:         link.Queue{TTL: s.interval}, // an old question is of no use
		OnUndelivered: func(q *message.Message, why error) { log.Printf("minder: %s: %v", q.Command(), why) },
	})
	check(err)

	m.tick = loop.Every(s.interval, "run", func(missed int) { m.run(nil) })
	m.signals, err = watch.Signals(loop, m.onSignal, watch.SignalOptions{}, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	check(err)
	defer control.Offer(loop, control.Options{Name: "minder", Dispatcher: commands, Server: m.server}).Close()
	check(loop.Run(context.Background())) // until nothing is left that could wake it: see stop
}

func check(err error) {
	if err != nil {
		log.Fatal("minder: ", err)
	}
}
