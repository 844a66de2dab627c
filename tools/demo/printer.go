package demo

import (
	"fmt"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// printer shows the events of the trace hooks, in the order in which they happened. What it prints of the traffic comes
// from there and from nowhere else.
type printer struct {
	env   *toolkit.Env
	out   *toolkit.Output
	json  bool
	start time.Time
	names map[string]string // address of a listener -> its service
	watch func(who string, ev *dispatch.Event)
	seen  map[dispatch.Outcome]int
	count int
	line  []byte
	err   error
}

func newPrinter(env *toolkit.Env, o Options) *printer {
	return &printer{env: env, out: env.Output(o.Common), json: o.JSON, start: time.Now(),
		names: map[string]string{}, seen: map[dispatch.Outcome]int{}}
}

// begin says who listens where.
func (p *printer) begin(services ...*service) {
	for _, s := range services {
		where := s.listener.Addr().String()
		p.names[where] = s.name
		p.out.Say("%-8s listens on %s", s.name, where)
	}
	p.out.Say("client   connects to both; what travels, as the trace hooks see it:\n")
}

// hook returns the trace hook of one of the three.
func (p *printer) hook(who string) func(*dispatch.Event) {
	return func(ev *dispatch.Event) {
		p.count++
		p.seen[ev.Outcome]++
		if err := p.show(who, ev); err != nil && p.err == nil {
			p.err = err
		}
		if p.watch != nil {
			p.watch(who, ev)
		}
	}
}

func (p *printer) show(who string, ev *dispatch.Event) error {
	if p.json {
		return p.showJSON(ev)
	}
	paint := p.out.Paint
	name := paint.Cyan
	if who == "client" {
		name = paint.Blue
	}
	arrow := "→"
	if ev.Direction == dispatch.In {
		arrow = "←"
	}
	text := string(ev.Raw)
	if ev.Message != nil {
		p.line, _ = ev.Message.AppendText(p.line[:0])
		text = string(p.line)
	}
	if err := p.out.Line("%9s  %s %s %s  %s", stamp(ev.Time.Sub(p.start)), name(fmt.Sprintf("%-7s", who)), arrow,
		p.peer(ev), toolkit.Escape(text)); err != nil {
		return err
	}
	return p.out.Line("%9s  %s", "", p.outcome(ev))
}

// peer names the other side: a service by its address, anybody else by theirs.
func (p *printer) peer(ev *dispatch.Event) string {
	if name, ok := p.names[ev.Peer]; ok {
		return name
	}
	return fmt.Sprintf("link %d of %s", ev.Link, ev.Name)
}

// outcome is the second line of an event: what became of the message, and what that means.
func (p *printer) outcome(ev *dispatch.Event) string {
	paint := p.out.Paint
	word := paint.Green(ev.Outcome.String())
	if ev.Outcome != dispatch.Handled && ev.Outcome != dispatch.Sent {
		word = paint.Red(ev.Outcome.String())
	}
	parts := []string{word}
	if ev.Handler != "" {
		parts = append(parts, fmt.Sprintf("by %s in %s", ev.Handler, ev.Took.Round(100*time.Nanosecond)))
	}
	if ev.Err != nil {
		parts = append(parts, ev.Err.Error())
	}
	if note := note(ev); note != "" {
		parts = append(parts, paint.Dim("# "+note))
	}
	return strings.Join(parts, "  ")
}

func (p *printer) showJSON(ev *dispatch.Event) error {
	direction := ev.Direction.String()
	t := toolkit.Traffic{Time: ev.Time, Peer: ev.Peer, Link: ev.Link, Direction: direction}
	var err error
	if ev.Message == nil {
		p.line = toolkit.AppendBroken(p.line[:0], ev.Raw, ev.Err, t)
	} else if p.line, err = toolkit.AppendMessage(p.line[:0], ev.Message, t); err != nil {
		return err
	}
	return p.out.Raw(append(p.line, '\n'))
}

// end counts what was shown.
func (p *printer) end() error {
	p.out.Say("\n%d events in %s: %d sent, %d handled, %d unknown, %d malformed; both services have stopped", p.count,
		stamp(time.Since(p.start)), p.seen[dispatch.Sent], p.seen[dispatch.Handled], p.seen[dispatch.Unknown], p.seen[dispatch.Malformed])
	return p.err
}

func stamp(d time.Duration) string {
	return fmt.Sprintf("%.3f ms", float64(d)/float64(time.Millisecond))
}

// note explains an event to somebody who sees it for the first time. Only what a receiver did is explained.
func note(ev *dispatch.Event) string {
	if ev.Outcome == dispatch.Malformed {
		return "a bad line is answered, and the connection lives on"
	}
	if ev.Direction == dispatch.Out {
		return ""
	}
	switch string(ev.Message.CommandBytes()) {
	case "LOG":
		return "written to the journal's file; a value with ';' travels in quotes"
	case "LOG_ROTATE":
		return "the file was opened anew: the command that logrotate sends"
	case "NOW":
		return "a request: the reply carries its serial"
	case "TIME", "ABSOLUTELY":
		return "the reply to the request with this serial"
	case "ALIVE":
		return "every service answers this one"
	case "INVALID":
		return "says what was wrong, and where"
	case "CLIMB":
		return "nobody registered this command"
	case "UNKNOWN":
		return "the default answer to it"
	case "STOP":
		return "closes its listener and its links"
	}
	return ""
}
