package inspect

import (
	"cmp"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// MeterTime is how long counting goes on after somebody has looked at the counts.
const MeterTime = time.Minute

// Meter counts messages by command, by link and by handler: that of a Tracer while somebody looks, others for good. It
// belongs to one goroutine.
type Meter struct {
	counting bool
	since    time.Time
	until    time.Time
	commands tally[string, commandCount]
	links    tally[uint64, LinkCount]
	handlers tally[string, HandlerCount]
}

// Bounds of what is counted apart. Peers choose commands, so the others are counted together.
const (
	maxMeterCommands = 200
	maxMeterName     = 64 // bytes; longer ones share a count, too
	maxMeterLinks    = 100_000
	maxMeterHandlers = 2000
)

// tally counts by a key, for so many keys; the others share one count.
type tally[K comparable, C any] struct {
	list   map[K]*C
	others C
}

func (t *tally[K, C]) get(key K, most int) *C {
	c := t.list[key]
	switch {
	case c != nil:
	case len(t.list) >= most:
		return &t.others
	default:
		if t.list == nil {
			t.list = map[K]*C{}
		}
		c = new(C)
		t.list[key] = c
	}
	return c
}

// CommandCount is what one command came to since the meter began.
type CommandCount struct {
	Command  string // "" for all those for which there was no place
	In, Out  uint64
	Failed   uint64 // the handler returned an error, or sending did
	Invalid  uint64
	Unknown  uint64
	Dropped  uint64
	Took     time.Duration // in handlers, all together
	Handling Spread        // time in the handler
	Latency  Spread        // from the message to its answer, where one was seen
}

// Spread is a distribution of times.
type Spread struct {
	Count                    int64
	P50, P90, P99, P999, Max time.Duration
}

// LinkCount is what one link came to.
type LinkCount struct {
	In, Out, Failed uint64
	Last            time.Time
}

// HandlerCount is what one entry of a dispatcher came to.
type HandlerCount struct {
	Count, Failed uint64
	Took, Longest time.Duration
}

type commandCount struct {
	CommandCount
	took, latency *hdrhistogram.Histogram
}

// NewMeter returns one for records that were received. It counts from now on, for good.
func NewMeter(now time.Time) *Meter {
	return &Meter{counting: true, since: now, until: now.AddDate(200, 0, 0)}
}

// Record counts a record. msg is the message in it, if that was decoded already, else nil.
func (m *Meter) Record(r *Record, msg *message.Message) {
	ev := r.Event(msg)
	m.count(&ev, mate{r.Pair, r.Latency, r.Answer})
}

// look goes on counting for a while.
func (m *Meter) look(now time.Time) {
	if !m.counting {
		*m = Meter{counting: true, since: now}
	}
	m.until = now.Add(MeterTime)
}

// Since is when counting began.
func (m *Meter) Since() time.Time { return m.since }

// count takes an event. False: nobody has looked for a while, counting is over.
func (m *Meter) count(ev *dispatch.Event, mate mate) bool {
	if ev.Time.After(m.until) {
		*m = Meter{}
		return false
	}
	failed := ev.Outcome != dispatch.Handled && ev.Outcome != dispatch.Sent
	l := m.links.get(ev.Link, maxMeterLinks)
	l.Last = ev.Time
	if failed {
		l.Failed++
	}
	if ev.Direction == dispatch.In {
		l.In++
	} else {
		l.Out++
	}
	if ev.Handler != "" {
		h := m.handlers.get(ev.Handler, maxMeterHandlers)
		h.Count++
		h.Took += ev.Took
		h.Longest = max(h.Longest, ev.Took)
		if failed {
			h.Failed++
		}
	}
	m.command(ev).add(ev, mate)
	return true
}

func (m *Meter) command(ev *dispatch.Event) *commandCount {
	name := "(malformed)"
	if ev.Message != nil {
		if c := m.commands.list[string(ev.Message.CommandBytes())]; c != nil { // no copy of the name
			return c
		}
		if name = ev.Message.Command(); len(name) > maxMeterName {
			return &m.commands.others
		}
	}
	c := m.commands.get(name, maxMeterCommands)
	if c != &m.commands.others {
		c.Command = name
	}
	return c
}

func (c *commandCount) add(ev *dispatch.Event, mate mate) {
	switch ev.Outcome {
	case dispatch.Failed:
		c.Failed++
	case dispatch.Invalid, dispatch.Malformed:
		c.Invalid++
	case dispatch.Unknown:
		c.Unknown++
	case dispatch.Dropped:
		c.Dropped++
	}
	if ev.Direction == dispatch.Out {
		c.Out++
	} else {
		c.In++
		c.Took += ev.Took
		if ev.Outcome <= dispatch.Failed {
			record(&c.took, ev.Took)
		}
	}
	if mate.seq != 0 {
		record(&c.latency, mate.latency)
	}
}

// record notes a time of up to an hour, to two digits or half a microsecond.
func record(h **hdrhistogram.Histogram, d time.Duration) {
	if *h == nil {
		*h = hdrhistogram.New(512, int64(time.Hour), 2)
	}
	// It fails for values out of range, which these are not.
	_ = (*h).RecordValue(int64(min(max(d, 1), time.Hour)))
}

func spread(h *hdrhistogram.Histogram) Spread {
	if h == nil {
		return Spread{}
	}
	n := h.TotalCount()
	at := func(perMille int64) time.Duration { // no more than asked for are above it; the library takes the nearest of few
		rank := (n*perMille + 999) / 1000
		return time.Duration(min(h.ValueAtPercentile(100*float64(rank)/float64(n)), h.Max()))
	}
	return Spread{Count: n, P50: at(500), P90: at(900), P99: at(990), P999: at(999), Max: time.Duration(h.Max())}
}

// Commands lists what was counted, the most frequent first.
func (m *Meter) Commands() []CommandCount {
	var all []CommandCount
	add := func(c *commandCount) {
		n := c.CommandCount
		n.Handling, n.Latency = spread(c.took), spread(c.latency)
		all = append(all, n)
	}
	for _, c := range m.commands.list {
		add(c)
	}
	slices.SortFunc(all, func(a, b CommandCount) int {
		return cmp.Or(cmp.Compare(b.In+b.Out, a.In+a.Out), cmp.Compare(a.Command, b.Command))
	})
	if o := &m.commands.others; o.In+o.Out > 0 {
		add(o)
	}
	return all
}

// Link is what was counted for a link.
func (m *Meter) Link(id uint64) LinkCount {
	if c := m.links.list[id]; c != nil {
		return *c
	}
	return LinkCount{}
}

// Handler is what was counted for the entries of that name.
func (m *Meter) Handler(name string) HandlerCount {
	if c := m.handlers.list[name]; c != nil {
		return *c
	}
	return HandlerCount{}
}
