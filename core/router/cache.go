package router

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

const (
	defaultAge = 60 * time.Second
	leastAge   = 10 * time.Second
	mostAge    = 24 * time.Hour
)

// cacheWish is what a message asks for in its parameter "cache".
type cacheWish struct {
	no, reply bool
	age       time.Duration
}

// parseCache reads items separated by semicolons: no, reply, ttl=DURATION. A ttl that is wrong or out of range is the default.
func parseCache(text string) cacheWish {
	w := cacheWish{age: defaultAge}
	for item := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(item, "=")
		switch name {
		case "no":
			w.no = true
		case "reply":
			w.reply = true
		case "ttl":
			w.age = defaultAge
			if d, err := message.ParseDuration(value); err == nil {
				d = time.Duration(math.Ceil(d.Seconds())) * time.Second
				if d >= leastAge && d <= mostAge {
					w.age = d
				}
			}
		}
	}
	return w
}

// cache holds the messages that wait for services of this node.
type cache struct {
	byService map[string][]*waitingLine
	messages  int
	bytes     int
	packets   int   // bytes of those that came without a connection: these count as of one client
	next      int64 // no message expires before this Unix second
}

// waitingLine is one message that waits.
type waitingLine struct {
	text   []byte
	until  int64 // Unix seconds
	from   *Client
	asker  asker
	asked  bool
	number uint64
}

// keep puts m into the cache, if it wishes and there is room.
func (r *Router) keep(c *Client, m *message.Message) {
	wish := cacheWish{age: defaultAge}
	if value, ok := m.Lookup(paramCache); ok {
		wish = parseCache(string(value))
	}
	if wish.no {
		r.undeliverable(c, m)
		return
	}
	text, err := m.AppendText(nil)
	if err != nil || !r.roomFor(c, len(text)) {
		r.stats.CacheRefused++
		r.became(m, "undelivered", dispatch.Dropped, errNoRoom)
		r.undeliverable(c, m)
		return
	}
	age := int64(min(wish.age, r.o.Limits.CacheAge) / time.Second)
	e := &waitingLine{text: text, until: r.unix + age, from: c}
	e.asker, e.asked = r.askerOf(c, m)
	k := &r.cache
	if k.byService == nil {
		k.byService = make(map[string][]*waitingLine)
	}
	if k.messages == 0 || e.until < k.next {
		k.next = e.until
	}
	name := m.Service()
	k.byService[name] = append(k.byService[name], e)
	k.messages++
	k.bytes += len(text)
	if share := r.filledBy(c); share != nil {
		*share += len(text)
	}
	r.stats.Cached++
	r.became(m, "cached", dispatch.Handled, nil)
	e.number = r.stats.Cached
	if e.asked && e.asker.report {
		r.report(e.asker, cached)
	}
}

// roomFor says whether the cache takes n more bytes from c.
func (r *Router) roomFor(c *Client, n int) bool {
	l := &r.o.Limits
	share := r.filledBy(c)
	return r.cache.messages < l.CacheMessages && r.cache.bytes+n <= l.CacheBytes && (share == nil || *share+n <= l.ClientCache)
}

// filledBy returns how much of the cache is filled by what c sent; nil where nobody did.
func (r *Router) filledBy(c *Client) *int {
	switch {
	case c == nil:
		return nil
	case c.origin.Kind == Datagram:
		return &r.cache.packets
	}
	return &c.cached
}

// take removes all messages that wait for a service.
func (r *Router) take(name string) []*waitingLine {
	list := r.cache.byService[name]
	delete(r.cache.byService, name)
	for _, e := range list {
		r.dropped(e)
	}
	return list
}

// dropped counts that e is not in the cache any more.
func (r *Router) dropped(e *waitingLine) {
	r.cache.messages--
	r.cache.bytes -= len(e.text)
	if share := r.filledBy(e.from); share != nil {
		*share -= len(e.text)
	}
}

// deliverCached gives a service what waited for it, in the order in which it came.
func (r *Router) deliverCached(v *service) {
	var m message.Message
	for _, e := range r.take(v.name) {
		if e.until < r.unix {
			r.expired(e)
			continue
		}
		if err := m.Decode(e.text); err != nil {
			continue // it was written by AppendText
		}
		if to := v.turn(nil); to == nil || e.asked && !to.mayOwe(r.o.Limits.Reports) || to.Send(&m) != nil {
			r.expired(e)
		} else if e.asked {
			to.owe(e.asker)
		}
	}
}

// expired reports a message that waited in vain.
func (r *Router) expired(e *waitingLine) {
	r.stats.Expired++
	r.showExpired(e)
	if e.asked {
		r.report(e.asker, failed)
	}
}

// expire removes from the cache what has waited too long, and forgets old message ids.
func (r *Router) expire() {
	r.guard.expire(r.unix)
	r.told.expire(r.unix)
	if r.cache.messages == 0 || r.unix <= r.cache.next {
		return
	}
	var old []*waitingLine
	r.cache.next = math.MaxInt64
	for name, list := range r.cache.byService {
		keep := list[:0]
		for _, e := range list {
			if e.until < r.unix {
				old = append(old, e)
				r.dropped(e)
				continue
			}
			r.cache.next = min(r.cache.next, e.until)
			keep = append(keep, e)
		}
		clear(list[len(keep):])
		if r.cache.byService[name] = keep; len(keep) == 0 {
			delete(r.cache.byService, name)
		}
	}
	r.expiredAll(old)
}

// expiredAll reports messages in the order in which they came, so that the same events have the same effects.
func (r *Router) expiredAll(list []*waitingLine) {
	slices.SortFunc(list, func(a, b *waitingLine) int { return cmp.Compare(a.number, b.number) })
	for _, e := range list {
		r.expired(e)
	}
}

// emptyCache reports all that waits, when the router stops.
func (r *Router) emptyCache() {
	var all []*waitingLine
	for name := range r.cache.byService {
		all = append(all, r.take(name)...)
	}
	r.expiredAll(all)
}
