package bench

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// options are those of a load, read and checked.
type options struct {
	toolkit.Common
	plan     plan
	wording  wording
	expect   []report.Expectation
	outputs  []output
	baseline *report.Report
	old      string // file of the baseline
}

// Bounds of what can be asked for.
const (
	mostConnections = 1_000_000
	mostWindow      = 1 << 20
	mostInFlight    = 1 << 28 // on all connections; each is remembered with 100 bytes or more
	mostWorkers     = 1024
	mostSize        = 65536
)

const (
	defaultDatagram = 1024 // bytes
	mostReport      = 64 << 20
	pipePatience    = 10 * time.Second // with the other end of a FIFO, for a report
)

func readOptions(env *toolkit.Env, c *cli.Context, kind string) (options, error) {
	o := options{
		Common: env.Common(c),
		plan: plan{
			kind: kind, open: env.Open(), poisson: toolkit.StringOf(c, "arrival") == "poisson", burst: c.Int("burst"),
			warmup: toolkit.DurationOf(c, "warmup"), duration: toolkit.DurationOf(c, "duration"), count: c.Int("count"),
			connections: c.Int("connections"), window: c.Int("window"), workers: c.Int("workers"), idle: c.Int("idle"),
			spin: toolkit.DurationOf(c, "spin"), catchUp: !c.Bool("no-catchup"),
			answerIn: toolkit.DurationOf(c, "answer-in"), maxDatagram: cmp.Or(toolkit.NumberOf(c, "max-datagram"), defaultDatagram), pid: c.Int("pid"), hold: c.Bool("hold"),
		},
		wording: wording{
			message: c.String("message"), params: c.StringSlice("param"), path: c.String("file"), pattern: c.String("template"),
			seq: c.String("seq"), reply: c.String("reply"), size: c.Int("size"),
		},
	}
	o.wording.timeout = o.Timeout
	if o.plan.count > 0 && !c.IsSet("warmup") {
		o.plan.warmup = 0 // all of them might go in it
	}
	if err := o.readTexts(c); err != nil {
		return o, err
	}
	operands, err := toolkit.Operands(c, 1, 1, "the address")
	if err != nil {
		return o, err
	}
	if o.plan.target, err = readAddress(env, c, operands[0]); err != nil {
		return o, err
	}
	o.complete()
	if err := o.check(c); err != nil {
		return o, err
	}
	return o, o.readBaseline(c)
}

// readAddress reads an operand. A load does not go to some default because a variable was empty.
func readAddress(env *toolkit.Env, c *cli.Context, text string) (address.Address, error) {
	if text == "" {
		return address.Address{}, toolkit.Errorf(toolkit.Usage, "an operand is empty: name an address")
	}
	return env.Address(text, toolkit.TypeDefaults(c))
}

// readTexts reads the options that have a grammar of their own.
func (o *options) readTexts(c *cli.Context) (err error) {
	if o.plan.rate, err = parseRate(c.String("rate")); err != nil {
		return toolkit.Errorf(toolkit.Usage, "option --rate: %w", err)
	}
	if o.expect, err = report.ParseExpect(c.String("expect")); err != nil {
		return toolkit.Errorf(toolkit.Usage, "option --expect: %w", err)
	}
	o.outputs, err = parseOutputs(c.StringSlice("output"), o.JSON)
	o.plan.histograms = slices.ContainsFunc(o.outputs, func(to output) bool { return to.form == "hlog" })
	return err
}

// complete fills in what depends on other options.
func (o *options) complete() {
	p := &o.plan
	p.connectIn = o.Timeout
	if p.connectIn == 0 {
		p.connectIn = -1 // no limit
	}
	if p.answerIn == 0 {
		switch p.answerIn = 10 * time.Second; {
		case p.oneWay():
			p.answerIn = 2 * time.Second
		case p.target.IsDatagram():
			p.answerIn = time.Second
		}
	}
	p.workers = min(p.workers, max(p.senders(), 1))
	if p.kind == kindConnect {
		p.window = 1
	}
	var random [3]byte
	_, _ = rand.Read(random[:]) // never fails
	p.names = "b" + hex.EncodeToString(random[:]) + "_"
	if o.wording.command = "BENCH"; p.oneWay() {
		o.wording.command, o.wording.stamps = commandPub, true
	}
	if p.rate.shape == find && len(o.expect) == 0 {
		o.expect, _ = report.ParseExpect("loss=0,rate>=99%") // it is right
	}
}

func (o *options) readBaseline(c *cli.Context) error {
	if o.old = c.String("baseline"); o.old == "" {
		for _, e := range o.expect {
			if e.NeedsBaseline() {
				return toolkit.Errorf(toolkit.Usage, "option --expect: %s: what has changed is known with --baseline only", e.Text)
			}
		}
		return nil
	}
	ctx := c.Context
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, o.Timeout, toolkit.Errorf(toolkit.NoInput, "read %s: it did not end within %s", o.old, o.Timeout))
		defer cancel()
	}
	text, err := toolkit.ReadFile(ctx, o.old, mostReport)
	if err != nil {
		return err
	}
	if o.baseline, err = report.Read(bytes.NewReader(text)); err != nil {
		return toolkit.Errorf(toolkit.Data, "%s: %w", o.old, err)
	}
	return nil
}

// prepare makes the script and checks the limits of the system.
func (o *options) prepare(ctx context.Context, env *toolkit.Env) error {
	p := &o.plan
	messages, err := o.wording.messages(ctx, env)
	if err != nil {
		return err
	}
	if p.routed() {
		p.wording, p.messages = o.wording, messages
		p.script, err = p.routedScript(0)
	} else {
		p.script, err = newScript(o.wording, messages)
	}
	if err != nil {
		return err
	}
	if p.routed() && int64(p.senders())*int64(len(p.script.lines))*int64(p.script.size()) > mostText { // each sender has its own
		return toolkit.Errorf(toolkit.Usage, "%d senders with %d messages each: %w", p.senders(), len(p.script.lines), tooMuch())
	}
	if longest := p.script.longest(); p.target.Scheme == address.UDP && longest > p.maxDatagram {
		return toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "a message of %d bytes is too long for a datagram of %d", longest, p.maxDatagram), "--max-datagram")
	}
	if err := checkDescriptors(p.descriptors(), p.workers); err != nil {
		return err
	}
	return checkPorts(p.target, p.descriptors())
}
