package demo

import (
	"fmt"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// stepTimeout is how long one message may take until its end is seen.
const stepTimeout = 2 * time.Second

// step is one message of the client and what shows that it is done with.
type step struct {
	to      string // name of the service
	command string
	params  [][2]string
	raw     string // instead: a line that is no message
	until   sign
}

// sign is an event that ends a step.
type sign struct {
	who       string // the one who saw it
	direction dispatch.Direction
	outcome   dispatch.Outcome
	command   string
}

func (s sign) is(who string, ev *dispatch.Event) bool {
	return s.who == who && s.direction == ev.Direction && s.outcome == ev.Outcome &&
		ev.Message != nil && string(ev.Message.CommandBytes()) == s.command
}

// script is the demonstration.
func script() []step {
	return []step{
		{to: "journal", command: "LOG", params: [][2]string{{"message", "the demonstration begins; all is well"}},
			until: sign{"journal", dispatch.In, dispatch.Handled, "LOG"}},
		{to: "journal", command: "LOG_ROTATE", until: sign{"journal", dispatch.In, dispatch.Handled, "LOG_ROTATE"}},
		{to: "clock", command: "NOW", params: [][2]string{{"serial", "4711"}},
			until: sign{"client", dispatch.In, dispatch.Handled, "TIME"}},
		{to: "clock", command: "ALIVE", params: [][2]string{{"serial", "4712"}},
			until: sign{"client", dispatch.In, dispatch.Handled, "ABSOLUTELY"}},
		{to: "clock", raw: `NOW zone="Europe/Paris`, until: sign{"client", dispatch.In, dispatch.Handled, "INVALID"}},
		{to: "clock", command: "CLIMB", until: sign{"client", dispatch.In, dispatch.Handled, "UNKNOWN"}},
		{to: "journal", command: "STOP", until: sign{"journal", dispatch.In, dispatch.Handled, "STOP"}},
		{to: "clock", command: "STOP", until: sign{"clock", dispatch.In, dispatch.Handled, "STOP"}},
	}
}

// client sends the steps, each when the one before is done with.
type client struct {
	loop     *reactor.Loop
	show     *printer
	commands *dispatch.Dispatcher
	links    map[string]*link.Client
	targets  []*service
	steps    []step
	next     int
	keep     bool // begin anew, until somebody ends it
	waiting  sign
	overdue  reactor.Timer
	err      error
}

func newClient(loop *reactor.Loop, show *printer, steps []step, targets ...*service) *client {
	c := &client{loop: loop, show: show, steps: steps, targets: targets, links: map[string]*link.Client{}}
	show.watch = c.saw
	c.commands = dispatch.New(dispatch.Options{Trace: show.hook("client")})
	return c
}

// start connects to every service; the first message goes out when all links are open.
func (c *client) start() error {
	take := func(dispatch.Sender, *message.Message) error { return nil }
	if err := c.commands.Add(dispatch.Match{Glob: "*", Handler: take, Name: "client"}); err != nil {
		return err
	}
	up := 0
	for _, s := range c.targets {
		l := link.NewClient(link.Options{
			Dispatcher: c.commands,
			OnOpen: func(*link.Link) {
				if up++; up == len(c.targets) {
					c.step()
				}
			},
			OnClose: func(_ *link.Link, err error) { c.fail(err) },
		})
		c.links[s.name] = l
		if _, err := open.Dial(c.loop, s.listener.Addr(), transport.Options{Name: "client"}, l); err != nil {
			return err
		}
	}
	return nil
}

// pause is between one round and the next.
const pause = 200 * time.Millisecond

// left is how many steps were not taken.
func (c *client) left() int { return len(c.steps) - c.next }

// step sends the next message, or ends.
func (c *client) step() {
	c.overdue.Cancel()
	if err := c.show.flush(); err != nil {
		c.fail(err)
		return
	}
	if c.next == len(c.steps) && c.keep {
		if !c.show.mute {
			c.show.mute = true
			c.show.out.Say("\nthe same again, until Ctrl-C: ed watch shows it, or ed watch journal --filter LOG")
		}
		c.next = 0
		c.loop.After(pause, "demo pause", c.step)
		return
	}
	if c.next == len(c.steps) {
		c.finish()
		return
	}
	s := c.steps[c.next]
	c.next++
	c.waiting = s.until
	c.overdue = c.loop.After(stepTimeout, "demo step", func() {
		c.fail(toolkit.Errorf(toolkit.Timeout, "wait for %s of %s: %w", s.until.command, s.until.who, transport.ErrTimeout))
	})
	to := c.links[s.to]
	if s.raw != "" {
		c.fail(to.Link().Conn().Write([]byte(s.raw + "\n")))
		return
	}
	m := message.New(s.command)
	m.SetSentFrom("demo", "client")
	m.SetService(s.to)
	for _, p := range s.params {
		m.Set(p[0], p[1])
	}
	c.fail(to.Send(m))
}

// saw is told every event of everybody. The next step is taken from a posted function: a hook must not send.
func (c *client) saw(who string, ev *dispatch.Event) {
	if c.waiting.is(who, ev) {
		c.waiting = sign{}
		c.loop.Post(c.step)
	}
}

// fail keeps the first error and ends the demonstration.
func (c *client) fail(err error) {
	if err == nil {
		return
	}
	if c.err == nil {
		c.err = fmt.Errorf("run demonstration: %w", err)
	}
	c.loop.Stop()
}

// finish closes what the services did not: they were told to stop.
func (c *client) finish() {
	for _, l := range c.links {
		if l.Link() != nil {
			l.Link().Close()
		}
	}
	for _, s := range c.targets {
		s.stop()
	}
}
