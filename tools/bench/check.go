package bench

import (
	"cmp"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// check refuses numbers out of range and options that contradict each other.
func (o *options) check(c *cli.Context) error {
	if err := cmp.Or(o.checkNumbers(c), o.checkWording(), o.checkLoad(c)); err != nil {
		return err
	}
	for _, e := range o.expect {
		if why := e.Pointless(o.plan.kind, o.plan.closed()); why != "" {
			return wrong("option --expect: %s: %s", e.Text, why)
		}
	}
	if _, err := takeTarget(o.plan.pid); err != nil {
		return wrong("--pid %d: %w", o.plan.pid, err)
	}
	return checkOutputs(o.outputs)
}

func wrong(format string, args ...any) error { return toolkit.Errorf(toolkit.Usage, format, args...) }

func (o *options) checkNumbers(c *cli.Context) error {
	p, size := &o.plan, o.wording.size
	switch {
	case p.duration <= 0:
		return wrong("--duration %s: more than 0", p.duration)
	case p.connections < 1 || p.connections > mostConnections:
		return wrong("--connections %d: 1 to %d", p.connections, mostConnections)
	case p.window < 0 || p.window > mostWindow:
		return wrong("--window %d: 0 to %d", p.window, mostWindow)
	case int64(p.senders())*int64(p.window) > mostInFlight:
		return wrong("--connections %d with --window %d: %d in flight in all at most", p.connections, p.window, mostInFlight)
	case c.Int("workers") < 1 || c.Int("workers") > mostWorkers: // of which those are left that have a connection
		return wrong("--workers %d: 1 to %d", c.Int("workers"), mostWorkers)
	case p.idle < 0 || p.idle > mostConnections:
		return wrong("--idle %d: 0 to %d", p.idle, mostConnections)
	case c.IsSet("count") && p.count < 1:
		return wrong("--count %d: at least 1", p.count)
	case p.burst < 0 || c.IsSet("burst") && p.burst < 1:
		return wrong("--burst %d: at least 1", p.burst)
	case c.IsSet("size") && size < 1 || size > mostSize:
		return wrong("--size %d: 1 to %d", size, mostSize)
	case p.pid < 0:
		return wrong("--pid %d: no process", p.pid)
	}
	return nil
}

func (o *options) checkWording() error {
	w, given := &o.wording, 0
	for _, text := range []string{w.message, w.path, w.pattern} {
		if text != "" {
			given++
		}
	}
	switch {
	case given > 1:
		return wrong("--message, --file and --template exclude each other")
	case len(w.params) > 0 && (w.path != "" || w.pattern != ""):
		return wrong("--param goes with --message only")
	case w.reply != "" && message.VerifyCommand(w.reply) != nil:
		return wrong("option --reply: %w", message.VerifyCommand(w.reply))
	case w.reserves(w.seq):
		return wrong("--seq %s: that parameter is made up for --size or for the times of sending", w.seq)
	case o.plan.routed() && w.seq == noSequence:
		return wrong("--seq none: without numbers nobody can tell what arrived")
	}
	return nil
}

// checkLoad refuses what goes neither with the target nor with the rate.
func (o *options) checkLoad(c *cli.Context) error {
	p := &o.plan
	switch {
	case p.idle > 0 && p.target.IsDatagram():
		return wrong("--idle is for connections, and %s has none", p.target)
	case p.target.Scheme == address.Exec || p.target.Scheme == address.FIFO:
		return wrong("%s: a load goes to a socket", p.target)
	case p.rate.shape == closed && (c.IsSet("arrival") || p.burst > 1 || !p.catchUp):
		return wrong("--arrival, --burst and --no-catchup are for a rate; with --rate max the answers say when the next message goes")
	case p.hold && p.count == 0:
		return wrong("--hold needs --count: how many connections?")
	case p.hold && p.count > mostConnections:
		return wrong("--hold with --count %d: %d connections at most", p.count, mostConnections)
	case (p.routed() || p.kind == kindConnect) && p.target.IsDatagram():
		return wrong("%s: this needs connections", p.target)
	case p.rate.shape == closed && p.window == 0 && !p.oneWay():
		return wrong("--window 0 has no meaning with --rate max: the window is the load")
	}
	return nil
}
