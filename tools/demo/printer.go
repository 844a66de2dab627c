package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// printer shows the events of the trace hooks. What it prints of the traffic comes from there and from nowhere else.
//
// A hook hears of a message that arrived when its handler is done, that is, after the reply. So lines are kept until the
// next step and then printed in the order of time.
type printer struct {
	env   *toolkit.Env
	out   *toolkit.Output
	start time.Time
	names map[string]string // address of a listener -> its service
	watch func(who string, ev *dispatch.Event)
	seen  map[dispatch.Outcome]int
	kept  []lines
	mute  bool // all has been shown once
}

// lines is how one event is printed.
type lines struct {
	time time.Time
	text string
}

func newPrinter(env *toolkit.Env, o options) *printer {
	return &printer{env: env, out: env.Output(o.Common), start: time.Now(),
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
		if p.mute {
			p.watch(who, ev)
			return
		}
		p.seen[ev.Outcome]++
		text := p.text(who, ev)
		if p.out.JSON {
			text = p.jsonText(ev)
		}
		p.kept = append(p.kept, lines{ev.Time, text})
		p.watch(who, ev)
	}
}

// flush prints what was kept.
func (p *printer) flush() error {
	slices.SortStableFunc(p.kept, func(a, b lines) int { return a.time.Compare(b.time) })
	for _, l := range p.kept {
		if err := p.out.Raw([]byte(l.text)); err != nil {
			return err
		}
	}
	p.kept = p.kept[:0]
	return nil
}

// text is an event in two lines or three: what travelled, what became of it, and what that means.
func (p *printer) text(who string, ev *dispatch.Event) string {
	name, arrow := p.out.Paint.Cyan, "→"
	if who == "client" {
		name = p.out.Paint.Blue
	}
	if ev.Direction == dispatch.In {
		arrow = "←"
	}
	wire := ev.Raw
	if ev.Message != nil {
		// what was decoded or sent can be printed
		wire, _ = ev.Message.AppendText(nil)
	}
	return fmt.Sprintf("%9s  %s %s %-7s  %s\n%9s  %s\n", stamp(ev.Time.Sub(p.start)), name(fmt.Sprintf("%-7s", who)), arrow,
		p.peer(ev), p.out.Paint.Bold(toolkit.Escape(string(wire))), "", p.outcome(ev))
}

// peer names the other side: a service by its address, and it is the client that has no address of its own.
func (p *printer) peer(ev *dispatch.Event) string {
	if name, ok := p.names[ev.Peer]; ok {
		return name
	}
	return "client"
}

// outcome says what became of the message, and what that means.
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
	where := fmt.Sprintf("link %d", ev.Link)
	if strings.HasPrefix(ev.Peer, "tcp:") {
		where += " to " + ev.Peer
	}
	line := strings.Join(append(parts, paint.Dim(where)), "  ")
	if note := note(ev); note != "" {
		line += fmt.Sprintf("\n%9s  %s", "", paint.Dim("# "+note))
	}
	return line
}

// jsonText is an event as one line of JSON, as every tool prints messages.
func (p *printer) jsonText(ev *dispatch.Event) string {
	t := toolkit.Traffic{Time: ev.Time, Peer: ev.Peer, Link: ev.Link, Direction: ev.Direction.String()}
	if ev.Message == nil {
		return string(append(toolkit.AppendBroken(nil, ev.Raw, ev.Err, t), '\n'))
	}
	line, err := toolkit.AppendMessage(nil, ev.Message, t)
	if err != nil {
		line = toolkit.AppendBroken(nil, ev.Raw, err, t)
	}
	return string(append(line, '\n'))
}

// end prints the rest and counts.
func (p *printer) end() error {
	if err := p.flush(); err != nil {
		return err
	}
	total := 0
	for _, n := range p.seen {
		total += n
	}
	p.out.Say("\n%d events in %s: %d sent, %d handled, %d unknown, %d malformed; both services have stopped", total,
		stamp(time.Since(p.start)), p.seen[dispatch.Sent], p.seen[dispatch.Handled], p.seen[dispatch.Unknown], p.seen[dispatch.Malformed])
	return nil
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
