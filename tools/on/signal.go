package on

import (
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/signals"
	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

func signalCommand(env *toolkit.Env) *cli.Command {
	return kind(env, &cli.Command{
		Name:      "signal",
		Aliases:   []string{"signals"},
		Usage:     "act when a signal arrives",
		ArgsUsage: "NAME ...",
		Description: `ed on signal HUP --send unix:/run/x.sock svc/RELOAD
			ed on signal USR1 USR2 --run 'echo "got $ED_EVENT"'
			ed on signal TERM --once -- ./farewell`,
	}, readSignal)
}

// signalSource watches the signals of this process.
type signalSource struct {
	signals []signals.Signal
	run     *run
	release func() // lets the loop go, and the signals end the program again
}

func readSignal(c *cli.Context) (source, error) {
	names, err := toolkit.Operands(c, 1, -1, "the name of a signal")
	if err != nil {
		return nil, err
	}
	s := &signalSource{}
	for _, name := range names {
		sig, err := signals.Parse(name)
		if err != nil {
			return nil, toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "there is no signal %q", toolkit.Escape(name)), "there are HUP, USR1, USR2, RTMIN+3 and others, see kill -l")
		}
		switch signals.Name(sig) {
		case "KILL", "STOP":
			return nil, toolkit.Errorf(toolkit.Usage, "signal %s cannot be caught: the system sees to it", signals.Name(sig))
		case "URG":
			return nil, toolkit.Errorf(toolkit.Usage, "signal URG is used by this program itself")
		}
		s.signals = append(s.signals, sig)
	}
	return s, nil
}

func (s *signalSource) start(r *run) error {
	s.run = r
	unclaim := func() {}
	if r.env.Claim != nil {
		all := make([]os.Signal, len(s.signals))
		for i, sig := range s.signals {
			all[i] = sig
		}
		unclaim = r.env.Claim(all...)
	}
	// The signals stay caught while the last commands run: what came too late must not kill us.
	w, err := watch.Signals(r.loop, s.arrived, watch.SignalOptions{Weak: true}, s.signals...)
	if err != nil {
		return err
	}
	r.loop.Hold()
	r.cleanup = append(r.cleanup, w.Close)
	s.release = func() {
		r.loop.Release()
		unclaim()
	}
	var names []string
	for _, sig := range s.signals {
		names = append(names, signals.Name(sig))
	}
	r.out.Say("waiting for %s as process %d", strings.Join(names, ", "), os.Getpid())
	return nil
}

func (s *signalSource) arrived(sig signals.Signal, n int) {
	name := signals.Name(sig)
	s.run.happened(&event{Kind: kindSignal, Event: name, Name: name, Count: n})
}

func (s *signalSource) close() {
	if s.release != nil {
		s.release()
		s.release = nil
	}
}

func (s *signalSource) missing() string { return "" }
