package router

import (
	"slices"
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
	rules "github.com/ed-toolbox/ed/core/router"
)

// tables are what the control socket shows of the rules.
func (d *daemon) tables() []inspect.Table {
	return []inspect.Table{d.routerTable(), d.nodeTable(), d.routeTable(), d.clientTable(), d.cacheTable()}
}

// ruleFigure is one counter or gauge of the rules.
type ruleFigure struct {
	name string
	kind inspect.Kind
	unit inspect.Unit
	help string
	of   func(s *rules.Stats) uint64
}

func columnsOfRules() []ruleFigure {
	counter := func(name, help string, of func(s *rules.Stats) uint64) ruleFigure {
		return ruleFigure{name, inspect.Counter, "messages", help, of}
	}
	gauge := func(name, help string, of func(s *rules.Stats) uint64) ruleFigure {
		return ruleFigure{name, inspect.Gauge, inspect.None, help, of}
	}
	return []ruleFigure{
		gauge("clients", "connections", func(s *rules.Stats) uint64 { return uint64(s.Clients) }),
		gauge("services", "names that are registered here", func(s *rules.Stats) uint64 { return uint64(s.Services) }),
		gauge("routers", "other routers that are connected", func(s *rules.Stats) uint64 { return uint64(s.Routers) }),
		gauge("neighbors", "other routers that are known", func(s *rules.Stats) uint64 { return uint64(s.Neighbors) }),
		counter("forwarded", "given to a service of this node", func(s *rules.Stats) uint64 { return s.Forwarded }),
		counter("relayed", "given to other routers, each copy", func(s *rules.Stats) uint64 { return s.Relayed }),
		counter("broadcasts", "for all services of this node", func(s *rules.Stats) uint64 { return s.Broadcasts }),
		counter("delivered", "copies of those", func(s *rules.Stats) uint64 { return s.Delivered }),
		counter("undelivered", "reached nobody", func(s *rules.Stats) uint64 { return s.Undelivered }),
		counter("refused", "answered with INVALID", func(s *rules.Stats) uint64 { return s.Refused }),
		counter("duplicates", "old, or here before", func(s *rules.Stats) uint64 { return s.Duplicates }),
		counter("over_rate", "over client_rate", func(s *rules.Stats) uint64 { return s.OverRate }),
		counter("lost", "lost with a connection, for sure", func(s *rules.Stats) uint64 { return s.Lost }),
		counter("uncertain", "perhaps lost with a connection", func(s *rules.Stats) uint64 { return s.Uncertain }),
		counter("reports", "to senders", func(s *rules.Stats) uint64 { return s.Reports }),
		counter("packets", "came without a connection", func(s *rules.Stats) uint64 { return s.Packets }),
		counter("cached", "waited for their service", func(s *rules.Stats) uint64 { return s.Cached }),
		counter("cache_refused", "there was no room to wait", func(s *rules.Stats) uint64 { return s.CacheRefused }),
		counter("expired", "waited in vain", func(s *rules.Stats) uint64 { return s.Expired }),
		gauge("cache_messages", "wait now", func(s *rules.Stats) uint64 { return uint64(s.CacheMessages) }),
		{"cache_bytes", inspect.Gauge, inspect.Bytes, "of them", func(s *rules.Stats) uint64 { return uint64(s.CacheBytes) }},
		counter("opened", "connections", func(s *rules.Stats) uint64 { return s.Opened }),
		counter("closed", "connections", func(s *rules.Stats) uint64 { return s.Closed }),
		counter("registrations", "services that came up or went down", func(s *rules.Stats) uint64 { return s.Registrations }),
	}
}

func (d *daemon) routerTable() inspect.Table {
	columns := []inspect.Column{{Name: "server", Key: true}, {Name: "address"}, {Name: "cluster", Help: "up: there is a quorum; complete: all are connected"}}
	for _, f := range columnsOfRules() {
		columns = append(columns, inspect.Column{Name: f.name, Kind: f.kind, Unit: f.unit, Help: f.help})
	}
	return inspect.Table{Name: "router", Title: "what the router did", Columns: columns, Fill: func(w *inspect.Writer) {
		s := d.rules.Stats()
		r := w.Row().Text(d.setup.serverName).Text(d.setup.mine.String()).Text(d.cluster())
		for _, f := range columnsOfRules() {
			r.Uint(f.of(&s))
		}
	}}
}

// cluster is the state of the cluster in a word.
func (d *daemon) cluster() string {
	switch up, complete, _, _ := d.rules.Cluster(); {
	case complete:
		return "complete"
	case up:
		return "up"
	}
	return "down"
}

func (d *daemon) nodeTable() inspect.Table {
	return inspect.Table{
		Name: "nodes", Title: "other routers that are connected",
		Columns: []inspect.Column{
			{Name: "server", Key: true}, {Name: "address", Key: true}, {Name: "kind", Help: "how it is connected"},
			{Name: "load", Kind: inspect.Gauge, Help: "load average divided by processors"},
			{Name: "services", Kind: inspect.Gauge, Help: "that it says are registered there"},
			{Name: "behind", Kind: inspect.Gauge, Help: "routers that only it can reach"},
		},
		Fill: func(w *inspect.Writer) {
			for _, n := range d.rules.Routers() {
				w.Row().Text(n.Name).Text(n.Address.String()).Text(n.Kind.String()).Float(n.Load).Int(int64(n.Up)).Int(int64(n.Behind))
			}
		},
	}
}

func (d *daemon) routeTable() inspect.Table {
	return inspect.Table{
		Name: "routes", Title: "services and where they are",
		Columns: []inspect.Column{
			{Name: "service", Key: true}, {Name: "server", Key: true}, {Name: "status", Help: "up, down or listed"},
			{Name: "since", Unit: inspect.Time}, {Name: "instances", Kind: inspect.Gauge}, {Name: "pid"},
		},
		Open: func() func(w *inspect.Writer) bool {
			list := byPieces{unsorted: d.rules.AppendServices(nil)}
			return func(w *inspect.Writer) bool {
				if list.sort() {
					return true
				}
				for range inspect.PieceRows {
					s, ok := list.next()
					if !ok {
						return false
					}
					routeRow(w.Row(), s)
				}
				return true
			}
		},
	}
}

func routeRow(r *inspect.Row, s rules.Service) {
	r.Text(s.Name).Text(s.Server).Text(s.Status)
	if s.Since != 0 {
		r.Time(time.Unix(s.Since, 0))
	} else {
		r.Skip()
	}
	r.Int(int64(s.Instances))
	if s.PID != 0 {
		r.Int(int64(s.PID))
	}
}

// byPieces sorts services a piece at a time: to sort 10,000 at once would hold up the loop for milliseconds.
type byPieces struct {
	unsorted []rules.Service
	sorted   [][]rules.Service
}

// sortPiece is how many are sorted in one turn of the loop.
const sortPiece = 512

// sort sorts a piece, and says whether there was one left.
func (p *byPieces) sort() bool {
	if len(p.unsorted) == 0 {
		return false
	}
	n := min(sortPiece, len(p.unsorted))
	slices.SortFunc(p.unsorted[:n], rules.Service.Compare)
	p.sorted = append(p.sorted, p.unsorted[:n])
	p.unsorted = p.unsorted[n:]
	return true
}

// next is the first of those that are left.
func (p *byPieces) next() (rules.Service, bool) {
	first := -1
	for i, piece := range p.sorted {
		if len(piece) > 0 && (first < 0 || piece[0].Compare(p.sorted[first][0]) < 0) {
			first = i
		}
	}
	if first < 0 {
		return rules.Service{}, false
	}
	s := p.sorted[first][0]
	p.sorted[first] = p.sorted[first][1:]
	return s, true
}

func (d *daemon) clientTable() inspect.Table {
	messages := func(name, help string) inspect.Column {
		return inspect.Column{Name: name, Kind: inspect.Counter, Unit: "messages", Help: help}
	}
	return inspect.Table{
		Name: "clients", Title: "connections as the rules see them",
		Columns: []inspect.Column{
			{Name: "link", Key: true}, {Name: "client"}, {Name: "service"}, {Name: "server"}, {Name: "state"}, {Name: "kind"},
			{Name: "age", Kind: inspect.Gauge, Unit: inspect.Seconds},
			messages("in", "that it sent"), messages("out", "sent to it"), messages("refused", "that its connection did not take"),
			{Name: "pending", Kind: inspect.Gauge, Help: "messages not known to have arrived"},
			{Name: "queued", Kind: inspect.Gauge, Unit: inspect.Bytes},
		},
		Open: func() func(w *inspect.Writer) bool {
			var list []*rules.Client
			for c := range d.rules.Clients() {
				list = append(list, c)
			}
			return func(w *inspect.Writer) bool {
				now := d.env.Now()
				for range min(inspect.PieceRows, len(list)) {
					clientRow(w.Row(), list[0], now)
					list = list[1:]
				}
				return len(list) > 0
			}
		},
	}
}

func clientRow(r *inspect.Row, c *rules.Client, now time.Time) {
	n, _ := c.Conn().(*client)
	if n != nil {
		r.Uint(n.link.ID())
	} else {
		r.Skip()
	}
	in, out, refused := c.Traffic()
	r.Text(c.Label()).Text(c.Service()).Text(c.Server()).Text(c.State()).Text(c.Origin().Kind.String())
	r.Duration(now.Sub(c.Opened())).Uint(in).Uint(out).Uint(refused)
	if n != nil {
		r.Int(int64(n.Pending())).Int(int64(n.wire.Queued()))
	}
}

func (d *daemon) cacheTable() inspect.Table {
	return inspect.Table{
		Name: "cache", Title: "services for which messages wait",
		Columns: []inspect.Column{
			{Name: "service", Key: true}, {Name: "messages", Kind: inspect.Gauge}, {Name: "bytes", Kind: inspect.Gauge, Unit: inspect.Bytes},
			{Name: "until", Unit: inspect.Time, Help: "when the last of them expires"},
		},
		Fill: func(w *inspect.Writer) {
			for _, e := range d.rules.CacheEntries() {
				w.Row().Text(e.Service).Int(int64(e.Messages)).Int(int64(e.Bytes)).Time(e.Until)
			}
		},
	}
}
