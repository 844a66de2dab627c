package on

import (
	"math/rand/v2"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

func timeCommand(env *toolkit.Env) *cli.Command {
	return kind(env, &cli.Command{
		Name:      "time",
		Aliases:   []string{"timer"},
		Usage:     "act when a time comes, once or again and again",
		ArgsUsage: "SPEC ...",
		Description: `ed on time 5m -- ./poll                           every five minutes
			ed on time 03:00 'Mon-Fri 18:30' -- ./backup      at these times of the day
			ed on time :00 :30 --send unix:/run/x.sock TICK   every half hour by the clock
			ed on time '2026-12-24 18:00' --once -- ./ring    once`,
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "every", Usage: "every `DUR`, as an operand that is a duration"},
			&cli.StringSliceFlag{Name: "at", Usage: "at that `TIME`, as an operand that is a time or a date"},
			toolkit.DurationFlag("jitter", nil, 0, "put each off by chance, up to `DUR`"),
		},
	}, func(c *cli.Context) (source, error) { return readTime(env, c) })
}

// timeSource waits for times.
type timeSource struct {
	specs  []spec
	jitter time.Duration

	run    *run
	timers map[int]reactor.Timer
	serial int
	left   int // specs that may still come
}

func readTime(env *toolkit.Env, c *cli.Context) (source, error) {
	texts := c.Args().Slice()
	for _, t := range c.StringSlice("every") {
		if _, err := toolkit.ParseDuration(t); err != nil {
			return nil, toolkit.Errorf(toolkit.Usage, "option --every: %w", err)
		}
		texts = append(texts, t)
	}
	for _, t := range c.StringSlice("at") {
		if _, err := toolkit.ParseDuration(t); err == nil {
			return nil, toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "option --at: %s is a duration", t), "--every %s", t)
		}
		texts = append(texts, t)
	}
	if len(texts) == 0 {
		_, err := toolkit.Operands(c, 1, -1, "a duration, a time or a date")
		return nil, err
	}
	s := &timeSource{jitter: toolkit.DurationOf(c, "jitter"), timers: map[int]reactor.Timer{}}
	for _, text := range texts {
		p, err := parseSpec(text, env.Now())
		if err != nil {
			return nil, err
		}
		s.specs = append(s.specs, p)
	}
	return s, nil
}

func (s *timeSource) start(r *run) error {
	s.run, s.left = r, len(s.specs)
	for _, p := range s.specs {
		if p.every > 0 {
			r.out.Say("every %s, first at %s", p.every, when(r.env.Now().Add(p.every), r.env.Now()))
			s.keep(r.loop.Every(p.every, p.text, func(missed int) { s.due(p, 1+missed) }))
			continue
		}
		next, _ := p.next(r.env.Now())
		r.out.Say("at %s: next on %s", toolkit.Escape(p.text), when(next, r.env.Now()))
		s.arm(p)
	}
	return nil
}

// keep notes a timer that is to be cancelled at the end.
func (s *timeSource) keep(t reactor.Timer) (key int) {
	s.serial++
	s.timers[s.serial] = t
	return s.serial
}

// arm waits for the next time of a spec by the wall clock, whatever is done to it meanwhile.
func (s *timeSource) arm(p spec) {
	next, ok := p.next(s.run.env.Now())
	if !ok {
		s.left--
		if s.left == 0 && s.jitter == 0 {
			s.run.exhausted()
		}
		return
	}
	var key int
	key = s.keep(s.run.loop.At(next, p.text, func() {
		delete(s.timers, key)
		s.due(p, 1)
		if !s.run.over {
			s.arm(p)
		}
	}))
}

// due is called when a time has come.
func (s *timeSource) due(p spec, count int) {
	if s.jitter == 0 {
		s.tell(p, count)
		return
	}
	var key int
	key = s.keep(s.run.loop.After(rand.N(s.jitter), "jitter", func() {
		delete(s.timers, key)
		s.tell(p, count)
		if s.left == 0 && len(s.timers) == 0 && !s.run.over {
			s.run.exhausted()
		}
	}))
}

func (s *timeSource) tell(p spec, count int) {
	s.run.happened(&event{Kind: kindTime, Event: "time", Name: p.text, Count: count})
}

func (s *timeSource) close() {
	for _, t := range s.timers {
		t.Cancel()
	}
	s.timers = map[int]reactor.Timer{}
}

func (s *timeSource) missing() string {
	for _, p := range s.specs {
		if p.every > 0 || p.once.IsZero() {
			return ""
		}
	}
	return "not all of the times came"
}

// when is a time for people: with its date where that is another one.
func when(t, now time.Time) string {
	if y, d := t.Year(), t.YearDay(); y == now.Year() && d == now.YearDay() {
		return t.Format("15:04:05")
	}
	return t.Format("Mon 2006-01-02 15:04:05")
}
