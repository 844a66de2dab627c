package on

import (
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
)

// tryTime is how long one attempt to connect may take.
const tryTime = 3 * time.Second

// The events of addresses.
const (
	listeningUp   = "up"
	listeningDown = "down"
)

func listeningCommand(env *toolkit.Env) *cli.Command {
	return kind(env, &cli.Command{
		Name:      "listening",
		Aliases:   []string{"listen"},
		Usage:     "act when addresses begin to listen",
		ArgsUsage: "ADDR ...",
		Description: `ed on listening :4040 unix:/run/x.sock --timeout 30s     until both do
			ed on listening unix:/run/x.sock -- ed send unix:/run/x.sock HELLO
			ed on listening :4040 --events up,down --json            and when one ends`,
		Flags: []cli.Flag{
			toolkit.WordsFlag("events", []string{"e"}, listeningUp, []string{listeningUp, listeningDown}, "act on these: `LIST` of up, down"),
			toolkit.DurationFlag("interval", nil, time.Second, "at most `DUR` between two looks"),
		},
	}, func(c *cli.Context) (source, error) { return readListening(env, c) })
}

// listeningSource watches addresses, by connecting to them.
type listeningSource struct {
	places   []*place
	events   []string
	interval time.Duration
	run      *run
	left     int // addresses that have not been up, where nothing but that is asked for
}

// place is one address.
type place struct {
	source *listeningSource
	where  address.Address
	watch  *watch.ListenWatch
	look   reactor.Timer // whether it still listens
	err    error         // of the last attempt
	told   bool          // why it is not up
	up     bool
	trying transport.Conn
}

func readListening(env *toolkit.Env, c *cli.Context) (source, error) {
	operands, err := toolkit.Operands(c, 1, -1, "an address")
	if err != nil {
		return nil, err
	}
	s := &listeningSource{interval: toolkit.DurationOf(c, "interval")}
	if s.interval < 10*time.Millisecond {
		return nil, toolkit.Errorf(toolkit.Usage, "option --interval: %s is too short: at least 10ms", s.interval)
	}
	if s.events, err = readEvents(toolkit.StringOf(c, "events"), listeningUp, listeningDown); err != nil {
		return nil, err
	}
	for _, text := range operands {
		if text == "" {
			return nil, toolkit.Errorf(toolkit.Usage, "an address is empty")
		}
		where, err := env.Address(text, address.Defaults{Scheme: address.TCP, Port: 4040})
		if err != nil {
			return nil, err
		}
		switch {
		case where.IsDatagram():
			return nil, toolkit.Errorf(toolkit.Usage, "%s: whether somebody takes packets cannot be seen", where)
		case where.Scheme == address.Exec || where.Scheme == address.FIFO:
			return nil, toolkit.Errorf(toolkit.Usage, "%s is nothing that listens", where)
		case where.Scheme.IsIP() && where.Port == 0:
			return nil, toolkit.Errorf(toolkit.Usage, "%s: nothing listens on port 0", where)
		}
		s.places = append(s.places, &place{source: s, where: where})
	}
	return s, nil
}

func (s *listeningSource) start(r *run) error {
	s.run = r
	for _, p := range s.places {
		if p.where.Scheme == address.TLS {
			if _, err := toolkit.LoadTLS(r.env.TLS()); err != nil {
				return err
			}
		}
	}
	for _, p := range s.places {
		s.left++
		o := watch.ListenOptions{Max: s.interval, Name: p.where.String(), Interval: min(s.interval, 100*time.Millisecond)}
		if p.where.Scheme.IsUnix() && !p.where.IsAbstract() {
			o.Path = p.where.Path
		}
		p.watch = watch.Listening(r.loop, p.probe, func(error) { p.cameUp() }, o)
	}
	names := make([]string, len(s.places))
	for i, p := range s.places {
		names[i] = p.where.String()
	}
	r.out.Say("watching %s", toolkit.Escape(strings.Join(names, " ")))
	return nil
}

// probe connects once; done gets the outcome.
func (p *place) probe(done func(error)) {
	h := &prober{place: p, done: done}
	c, err := p.source.run.env.Open().Dial(p.source.run.loop, p.where, transport.Options{ConnectTimeout: tryTime, CloseTimeout: tryTime}, h)
	if err != nil {
		p.failed(err)
		done(err)
		return
	}
	p.trying = c
}

// prober sees one attempt.
type prober struct {
	place *place
	done  func(error) // nil: it was told
}

func (h *prober) tell(err error) {
	if f := h.done; f != nil {
		h.done, h.place.trying = nil, nil
		if err != nil {
			h.place.failed(err)
		}
		f(err)
	}
}

// OnOpen is the answer.
func (h *prober) OnOpen(c transport.Conn) {
	h.tell(nil)
	_ = c.Close()
}

// OnData does nothing.
func (h *prober) OnData(transport.Conn, []byte) {}

// OnDrain does nothing.
func (h *prober) OnDrain(transport.Conn) {}

// OnClose is the other answer.
func (h *prober) OnClose(_ transport.Conn, err error) {
	if err == nil {
		err = transport.ErrClosed
	}
	h.tell(err)
}

// failed notes why an attempt failed, and says so once.
func (p *place) failed(err error) {
	p.err = err
	s := p.source
	if p.told || s.run.over {
		return
	}
	p.told = true
	s.run.out.Say("%s: not yet, %s", p.where, toolkit.Escape(toolkit.Why(err)))
}

func (p *place) cameUp() {
	s := p.source
	p.up, p.err, p.told = true, nil, true
	if slices.Contains(s.events, listeningUp) {
		s.tell(p, listeningUp)
	}
	switch {
	case s.run.over:
	case slices.Contains(s.events, listeningDown):
		p.lookLater()
	default:
		if s.left--; s.left == 0 {
			s.run.exhausted()
		}
	}
}

// lookLater looks from time to time whether it still listens.
func (p *place) lookLater() {
	p.look = p.source.run.loop.After(p.source.interval, "look", func() {
		p.probe(func(err error) {
			switch {
			case p.source.run.over:
			case err == nil:
				p.lookLater()
			default:
				p.up = false
				p.watch.Rearm()
				p.source.tell(p, listeningDown)
			}
		})
	})
}

func (s *listeningSource) tell(p *place, what string) {
	s.run.happened(&event{Kind: kindListening, Event: what, Name: p.where.String(), Count: 1})
}

func (s *listeningSource) close() {
	for _, p := range s.places {
		if p.watch != nil {
			p.watch.Close()
		}
		p.look.Cancel()
		if p.trying != nil {
			p.trying.Abort(nil)
		}
	}
}

func (s *listeningSource) missing() string {
	if slices.Contains(s.events, listeningDown) {
		return ""
	}
	var why []string
	for _, p := range s.places {
		if !p.up && p.err != nil {
			why = append(why, p.where.String()+" ("+toolkit.Why(p.err)+")")
		} else if !p.up {
			why = append(why, p.where.String())
		}
	}
	return "nothing listens at " + strings.Join(why, ", ")
}
