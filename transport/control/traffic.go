package control

import (
	"fmt"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// countLinks counts the connections of the service.
func (c *Control) countLinks() int {
	n := 0
	for _, set := range c.links {
		if s, ok := set.(*link.Server); ok {
			n += s.Stats().Links
			continue
		}
		for range set.Links() {
			n++
		}
	}
	for _, p := range c.permanents {
		if p.p.Link() != nil {
			n++
		}
	}
	return n
}

// allLinks copies the list of connections: the rows are written over several turns, while connections come and go.
func (c *Control) allLinks() []*link.Link {
	var all []*link.Link
	for _, set := range c.links {
		for l := range set.Links() {
			all = append(all, l)
		}
	}
	for _, p := range c.permanents {
		if l := p.p.Link(); l != nil {
			all = append(all, l)
		}
	}
	return all
}

func (c *Control) connections() inspect.Table {
	count := func(name, help string) inspect.Column {
		return inspect.Column{Name: name, Kind: inspect.Counter, Unit: "messages", Help: help + ", while somebody looks"}
	}
	bytes := func(name string, k inspect.Kind, help string) inspect.Column {
		return inspect.Column{Name: name, Kind: k, Unit: inspect.Bytes, Help: help}
	}
	return inspect.Table{
		Name: "connections", Title: "connections of the service",
		Columns: []inspect.Column{
			{Name: "link", Key: true, Help: "serial number; DISCONNECT takes it"}, {Name: "peer"}, {Name: "local"},
			{Name: "pid", Help: "of the peer, over a Unix socket"}, {Name: "uid"}, {Name: "names", Help: "in the peer's certificate"},
			{Name: "age", Kind: inspect.Gauge, Unit: inspect.Seconds},
			bytes("bytes_in", inspect.Counter, ""), bytes("bytes_out", inspect.Counter, ""),
			{Name: "reads", Kind: inspect.Counter}, {Name: "writes", Kind: inspect.Counter},
			bytes("queued", inspect.Gauge, "waiting to be written"), bytes("high_water", inspect.Gauge, "most that ever waited"),
			{Name: "congested", Unit: inspect.Flag},
			count("in", "messages that came"), count("out", "messages sent"), count("failed", "of both, those that failed"),
			{Name: "idle", Kind: inspect.Gauge, Unit: inspect.Seconds, Help: "since the last message that was counted"},
		},
		Open: func() func(w *inspect.Writer) bool {
			links, meter := c.allLinks(), c.tracer.Meter()
			known, next := c.ends, make(map[uint64]*ends, len(links))
			return func(w *inspect.Writer) bool {
				now := c.loop.Now()
				for range min(inspect.PieceRows, len(links)) {
					l := links[0]
					e := known[l.ID()]
					if e == nil {
						e = endsOf(l.Conn())
					}
					next[l.ID()] = e
					connection(w.Row(), l, e, meter, now)
					links = links[1:]
				}
				if len(links) > 0 {
					return true
				}
				c.ends = next
				return false
			}
		},
	}
}

// ends are the ends of a connection. They cost as much to find out as all the rest of its row, three calls of the kernel, and
// do not change: they are kept as long as somebody looks.
type ends struct {
	peer, local string
	who         transport.Credentials
	known       bool // who
}

func endsOf(c transport.Conn) *ends {
	e := &ends{peer: link.PeerName(c), local: c.Local().String()}
	e.who, e.known = c.Peer()
	return e
}

func connection(r *inspect.Row, l *link.Link, e *ends, meter *inspect.Meter, now time.Time) {
	conn := l.Conn()
	s := conn.Stats()
	r.Uint(l.ID()).Text(e.peer).Text(e.local)
	if e.known {
		r.Int(int64(e.who.PID)).Uint(uint64(e.who.UID))
	} else {
		r.Skip().Skip()
	}
	var names []string
	if n, ok := conn.(transport.Named); ok {
		names = n.PeerNames()
	}
	if len(names) > 0 {
		r.Text(strings.Join(names, " "))
	} else {
		r.Skip()
	}
	r.Duration(now.Sub(s.Opened)).Uint(s.BytesIn).Uint(s.BytesOut).Uint(s.Reads).Uint(s.Writes)
	r.Int(int64(s.Queued)).Int(int64(s.HighWater)).Bool(conn.Congested())
	n := meter.Link(l.ID())
	r.Uint(n.In).Uint(n.Out).Uint(n.Failed)
	if !n.Last.IsZero() {
		r.Duration(max(0, now.Sub(n.Last)))
	}
}

func (c *Control) commandTable() inspect.Table {
	messages := func(name string) inspect.Column {
		return inspect.Column{Name: name, Kind: inspect.Counter, Unit: "messages"}
	}
	seconds := func(name, help string) inspect.Column {
		return inspect.Column{Name: name, Kind: inspect.Gauge, Unit: inspect.Seconds, Help: help}
	}
	return inspect.Table{
		Name: "commands", Title: "messages by command, counted while somebody looks",
		Columns: []inspect.Column{
			{Name: "command", Key: true}, messages("in"), messages("out"),
			{Name: "rate", Kind: inspect.Gauge, Help: "messages a second since counting began"},
			messages("failed"), messages("invalid"), messages("unknown"), messages("dropped"),
			{Name: "took", Kind: inspect.Counter, Unit: inspect.Seconds, Help: "time in handlers"},
			seconds("took_p50", "in the handler: the median"), seconds("took_p90", "90 of 100 took no longer"),
			seconds("took_p99", "99 of 100 took no longer"), seconds("took_max", "the longest"),
			{Name: "answered", Kind: inspect.Counter, Help: "messages whose answer, or question, was seen"},
			seconds("latency_p50", "from question to answer: the median"), seconds("latency_p99", "99 of 100 took no longer"),
			seconds("latency_max", "the longest"),
			{Name: "since", Unit: inspect.Time, Help: "when counting began"},
		},
		Fill: func(w *inspect.Writer) {
			meter := c.tracer.Meter()
			span := time.Since(meter.Since()).Seconds()
			for _, n := range meter.Commands() {
				name := n.Command
				if name == "" {
					name = "(others)"
				}
				h, a := n.Handling, n.Latency
				r := w.Row().Text(name).Uint(n.In).Uint(n.Out).Float(float64(n.In+n.Out) / max(span, 1e-3)).
					Uint(n.Failed).Uint(n.Invalid).Uint(n.Unknown).Uint(n.Dropped).Duration(n.Took)
				times(r, h.Count > 0, h.P50, h.P90, h.P99, h.Max)
				times(r.Int(a.Count), a.Count > 0, a.P50, a.P99, a.Max)
				r.Time(meter.Since())
			}
		},
	}
}

// times sets cells to lengths of time; without a single one that was measured they are not known.
func times(r *inspect.Row, known bool, all ...time.Duration) {
	for _, d := range all {
		if known {
			r.Duration(d)
		} else {
			r.Skip()
		}
	}
}

func (c *Control) dispatcher() inspect.Table {
	return inspect.Table{
		Name: "dispatcher", Title: "handlers in the order in which they are tried, counted while somebody looks",
		Columns: []inspect.Column{
			{Name: "dispatcher", Key: true}, {Name: "position", Key: true}, {Name: "name"}, {Name: "kind"}, {Name: "pattern"},
			{Name: "priority", Kind: inspect.Gauge}, {Name: "continues", Unit: inspect.Flag, Help: "others run after it"},
			{Name: "count", Kind: inspect.Counter}, {Name: "failed", Kind: inspect.Counter},
			{Name: "took", Kind: inspect.Counter, Unit: inspect.Seconds}, {Name: "longest", Kind: inspect.Gauge, Unit: inspect.Seconds},
		},
		Fill: func(w *inspect.Writer) {
			meter := c.tracer.Meter()
			for d, entries := range c.entries {
				for i, e := range entries.Entries() {
					n := meter.Handler(e.Name)
					w.Row().Int(int64(d + 1)).Int(int64(i + 1)).Text(e.Name).Text(e.Kind).Text(e.Pattern).Int(int64(e.Priority)).
						Bool(e.Continue).Uint(n.Count).Uint(n.Failed).Duration(n.Took).Duration(n.Longest)
				}
			}
		},
	}
}

func (c *Control) queues() inspect.Table {
	return inspect.Table{
		Name: "queues", Title: "what waits, and what was dropped",
		Columns: []inspect.Column{
			{Name: "name", Key: true}, {Name: "kind"}, {Name: "messages", Kind: inspect.Gauge}, {Name: "bytes", Kind: inspect.Gauge, Unit: inspect.Bytes},
			{Name: "dropped", Kind: inspect.Counter, Unit: "messages"}, {Name: "expired", Kind: inspect.Counter, Unit: "messages"},
			{Name: "uncertain", Kind: inspect.Counter, Unit: "messages", Help: "perhaps lost with a connection"},
			{Name: "state"},
		},
		Fill: func(w *inspect.Writer) {
			for i, set := range c.links {
				s, ok := set.(*link.Server)
				if !ok {
					continue
				}
				queued := 0
				for l := range s.Links() {
					queued += l.Conn().Queued()
				}
				w.Row().Text(fmt.Sprintf("links %d", i+1)).Text("write queues").Skip().Int(int64(queued)).Uint(s.Stats().Dropped + s.Stats().Lost)
			}
			for _, p := range c.permanents {
				s := p.p.Status()
				w.Row().Text(p.name).Text("permanent link").Int(int64(s.Counts.Queued)).Int(int64(s.Counts.QueuedBytes)).
					Uint(s.Counts.Dropped).Uint(s.Counts.Expired).Uint(s.Counts.Uncertain).Text(s.State.String())
			}
			for _, v := range c.tracer.Watchers() {
				s := v.Stats()
				w.Row().Text(fmt.Sprintf("watch %d", v.ID())).Text("trace").Int(int64(s.Queued)).Int(int64(s.Bytes)).Uint(s.Dropped.Sum())
			}
		},
	}
}
