package bench

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// serveOptions are those of `ed bench serve`.
type serveOptions struct {
	toolkit.Common
	where  []address.Address
	open   toolkit.Opener
	fault  fault
	limit  time.Duration // in all; 0: none
	spin   time.Duration
	router bool
}

func serveCommand(env *toolkit.Env) *cli.Command {
	return env.Configure("bench", &cli.Command{
		Name:      "serve",
		Usage:     "be a service that answers each message with the same",
		ArgsUsage: "ADDR ...",
		Description: `ed bench serve tcp://127.0.0.1:4050 unix:/tmp/bench.sock udp://127.0.0.1:4050
			ed bench serve :4050 --stall 200ms:every2s   what does it do to the times?
			ed bench serve udp://:4050 --fault drop=1%,duplicate=0.1%,reorder=1%`,
		Flags: toolkit.PeerFlags(
			toolkit.TypeFlag(),
			&cli.StringFlag{Name: "stall", Usage: "stop for a time, again and again: `DUR:everyDUR`"},
			&cli.StringFlag{Name: "fault", Usage: "do answers wrong: `drop=P%`,duplicate=P%,reorder=P%"},
			&cli.BoolFlag{Name: "router", Usage: "let services register, and bring messages to them"},
			toolkit.DurationFlag("spin", nil, 0, "poll for `DUR` before each wait"),
			toolkit.DurationFlag("timeout", nil, 0, "end after `DUR` in all"),
		),
		Action: func(c *cli.Context) error {
			o, err := readServeOptions(env, c)
			if err != nil {
				return err
			}
			return serve(c.Context, env, o)
		},
	})
}

func readServeOptions(env *toolkit.Env, c *cli.Context) (serveOptions, error) {
	o := serveOptions{Common: env.Common(c), open: env.Open(), spin: toolkit.DurationOf(c, "spin"), router: c.Bool("router")}
	o.limit = o.Timeout
	var err error
	if o.fault, err = parseFault(c.String("stall"), c.String("fault")); err != nil {
		return o, err
	}
	operands, err := toolkit.Operands(c, 1, -1, "an address")
	if err != nil {
		return o, err
	}
	for _, text := range operands {
		a, err := readAddress(env, c, text)
		if err != nil {
			return o, err
		}
		if a.Scheme == address.Exec || a.Scheme == address.FIFO {
			return o, toolkit.Errorf(toolkit.Usage, "%s: a service listens on a socket", a)
		}
		o.where = append(o.where, a)
	}
	return o, nil
}

// serving is the service under test.
type serving struct {
	out      *toolkit.Output
	loop     *reactor.Loop
	server   *link.Server
	packets  *link.Datagram
	fault    faulty
	reply    message.Message
	tallies  tallies
	hub      *hub // nil without --router
	messages uint64
	closers  []func() error
	timers   []reactor.Timer
}

// serve answers until it is stopped, by a signal, STOP or --timeout.
func serve(ctx context.Context, env *toolkit.Env, o serveOptions) error {
	loop, err := reactor.New(reactor.Options{Name: "serve", Spin: o.spin})
	if err != nil {
		return err
	}
	s := &serving{out: env.Output(o.Common), loop: loop, fault: faulty{fault: o.fault}, tallies: tallies{}}
	defer func() {
		_ = loop.Close() // it does not run any more
	}()
	commands := dispatch.New(dispatch.Options{Logger: slog.New(slog.DiscardHandler)}) // a peer that does not read is no news here
	stop := func(bool) { loop.Stop() }                                                // and then shut
	for _, err := range []error{
		commands.On(commandPub, s.count),
		commands.On(commandTally, s.tell),
		s.beRouter(o, commands),
		commands.Add(dispatch.Match{CatchAll: true, Handler: s.echo, Name: "echo"}),
		commands.Defaults(dispatch.DefaultsOptions{NoCatchAll: true, Stop: stop}),
	} {
		if err != nil {
			return toolkit.As(toolkit.Internal, err)
		}
	}
	s.server = link.NewServer(link.Options{Dispatcher: commands, OnClose: s.gone})
	s.packets = link.NewDatagram(link.Options{Dispatcher: commands}, nil)
	if err := s.listen(o); err != nil {
		s.shut()
		return err
	}
	if o.limit > 0 {
		s.timers = append(s.timers, loop.After(o.limit, "timeout", loop.Stop))
	}
	if f := o.fault; f.stall > 0 {
		// The loop is to stand still.
		s.timers = append(s.timers, loop.Every(f.every, "stall", func(int) { time.Sleep(f.stall) }))
	}
	err = loop.Run(ctx)
	s.shut()
	s.out.Say("%d messages", s.messages)
	return err
}

// shut closes all connections, within a second.
func (s *serving) shut() {
	for _, c := range s.closers {
		_ = c()
	}
	s.server.Close()
	for _, t := range s.timers {
		t.Cancel()
	}
	s.loop.After(time.Second, "shut", s.loop.Stop)
	s.loop.Every(10*time.Millisecond, "shut", func(int) {
		if s.loop.Stats().Sources == 0 {
			s.loop.Stop()
		}
	})
	_ = s.loop.Run(context.Background()) // it can only be over
}

// listen opens all addresses.
func (s *serving) listen(o serveOptions) error {
	for _, a := range o.where {
		var bound address.Address
		if a.IsDatagram() {
			c, err := o.open.Packet(s.loop, a, address.Address{}, transport.Options{MaxPacket: mostSize}, s.packets)
			if err != nil {
				return err
			}
			bound, s.closers = c.Local(), append(s.closers, c.Close)
		} else {
			l, err := o.open.Listen(s.loop, a, transport.Options{}, s.server.Accept)
			if err != nil {
				return err
			}
			bound, s.closers = l.Addr(), append(s.closers, l.Close)
		}
		s.out.Say("listening on %s", bound)
	}
	return nil
}

// gone forgets a link that ended.
func (s *serving) gone(l *link.Link, _ error) {
	s.tallies.forget(l)
	s.fault.forget(l)
	if s.hub != nil {
		s.hub.forget(l)
	}
}

// beRouter has services register here, if that was asked for.
func (s *serving) beRouter(o serveOptions, commands *dispatch.Dispatcher) error {
	if !o.router {
		return nil
	}
	s.hub = newHub()
	forward := func(from dispatch.Sender, m *message.Message) error {
		s.messages++
		s.hub.forward(from, m, &s.fault)
		return nil
	}
	return errors.Join(
		commands.Add(dispatch.Match{Func: s.hub.knows, Priority: dispatch.First, Handler: forward, Name: "forward"}), // ALIVE, too
		commands.On("REGISTER", s.hub.register), commands.On("COMMANDS", nothing), commands.On("UNREGISTER", s.hub.unregister))
}

// echo answers with the same command and parameters, or brings the message to whom it is for.
func (s *serving) echo(from dispatch.Sender, m *message.Message) error {
	s.messages++
	s.reply.Repeat(m)
	return s.fault.send(from, &s.reply)
}

// count takes a message that is not answered.
func (s *serving) count(from dispatch.Sender, m *message.Message) error {
	s.messages++
	if s.fault.drops() {
		return nil
	}
	s.tallies.of(from).count(m, time.Now().UnixNano())
	return nil
}

// tell says what was counted on that connection.
func (s *serving) tell(from dispatch.Sender, m *message.Message) error {
	s.reply.ReplyTo(m, commandTally)
	if serial, ok := m.Get("serial"); ok {
		s.reply.Set("serial", serial)
	}
	s.tallies.of(from).describe(&s.reply)
	return from.Send(&s.reply)
}
