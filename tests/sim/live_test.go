package sim_test

import (
	"time"
)

const (
	answerTime = 15 * time.Second // within which a message arrives or is reported, if it was not cached
	cacheTime  = 75 * time.Second // and if it was
	settleTime = 4 * time.Minute  // after the last fault
)

// live lets the world run: traffic with faults, then peace, then a look at everything.
func (w *world) live() {
	w.runUntil(5 * time.Second)
	w.talk(w.now + w.shape.traffic)
	w.damage(w.now + w.shape.traffic)
	w.runUntil(w.now + w.shape.traffic)
	w.mend()
	w.runUntil(w.now + settleTime)
	for _, n := range w.nodes {
		if wrong := n.settled(); wrong != "" {
			w.fail("%s", wrong)
		}
	}
	w.check()
	w.probe()
	w.runUntil(w.now + settleTime)
	w.check()
	for _, n := range w.nodes {
		if wrong := n.quiet(); wrong != "" {
			w.fail("%s", wrong)
		}
	}
}

// talk lets services send messages until then.
func (w *world) talk(until time.Duration) {
	if w.now >= until {
		return
	}
	w.after(w.upTo(60*time.Millisecond), func() { w.talk(until) })
	s := w.services[w.rand.IntN(len(w.services))]
	if s.end == nil || !s.registered || s.leaving {
		return
	}
	if w.rand.IntN(10) == 0 {
		s.send("", [...]string{".", "?", "*"}[w.rand.IntN(3)], false, "")
		return
	}
	to := w.services[w.rand.IntN(len(w.services))]
	server := ""
	switch w.rand.IntN(6) {
	case 0, 1:
		server = to.home.name
	case 2:
		server = "."
	case 3:
		to = w.near(s)
	}
	name, cache := to.name, ""
	if w.rand.IntN(20) == 0 {
		name = "nobody"
	}
	switch w.rand.IntN(8) {
	case 0:
		cache = "no"
	case 1:
		cache = "ttl=10"
	}
	burst := 1
	if w.rand.IntN(50) == 0 {
		burst = 300 // more than a connection takes
	}
	for range burst {
		s.send(server, name, w.rand.IntN(4) > 0, cache)
	}
}

// near returns a service of the same node.
func (w *world) near(s *service) *service {
	for range 20 {
		if to := w.services[w.rand.IntN(len(w.services))]; to.home == s.home {
			return to
		}
	}
	return s
}

// damage breaks things until then.
func (w *world) damage(until time.Duration) {
	if w.shape.faults == 0 || w.now >= until {
		return
	}
	w.after(w.upTo(2*w.shape.faults), func() { w.damage(until) })
	n := w.nodes[w.rand.IntN(len(w.nodes))]
	s := w.services[w.rand.IntN(len(w.services))]
	switch w.rand.IntN(13) {
	case 0, 1:
		s.kill()
	case 2:
		s.hang()
	case 3:
		s.leave()
	case 4, 5:
		w.cutLink(n)
	case 6:
		if s.end != nil { // it does not read
			s.end.other.stalled = w.now + w.upTo(6*time.Second)
		}
	case 7:
		if len(n.order) > 0 { // a slow connection
			n.order[w.rand.IntN(len(n.order))].stalled = w.now + w.upTo(4*time.Second)
		}
	case 8:
		if n.router != nil {
			n.kill()
			w.after(w.upTo(10*time.Second), n.restart)
		}
	case 9:
		if n.router != nil {
			n.stop()
			w.after(2*time.Second+w.upTo(10*time.Second), n.restart)
		}
	case 10:
		s.register()
	case 11:
		s.rival()
	case 12:
		s.forget(n)
	}
}

// restart starts a router that is down.
func (n *node) restart() {
	if n.router == nil {
		n.start()
	}
}

// cutLink breaks one connection of a router to another one.
func (w *world) cutLink(n *node) {
	var links []*end
	for _, e := range n.order {
		if n.links[e] {
			links = append(links, e)
		}
	}
	if len(links) == 0 {
		return
	}
	w.note("cut", n.name)
	w.faults = append(w.faults, w.now)
	e := links[w.rand.IntN(len(links))]
	if w.rand.IntN(2) == 0 { // with something on its way
		e.stalled = w.now + 2*time.Second
		w.after(w.upTo(time.Second), func() {
			w.faults = append(w.faults, w.now)
			w.cutEnd(e)
		})
		return
	}
	w.cutEnd(e)
}

// mend starts everything that is down.
func (w *world) mend() {
	for _, n := range w.nodes {
		if n.router == nil {
			n.start()
		} else if stopping, _ := n.router.Stopped(); stopping {
			w.after(3*time.Second, n.restart)
		}
	}
}

// faulty says whether a router, or a connection between routers, broke in that time, or had not been noticed to be broken.
func (w *world) faulty(from, to time.Duration) bool {
	for _, at := range w.faults {
		if at+4*time.Second >= from && at <= to {
			return true
		}
	}
	return false
}

// check sees that what was asked for was answered.
func (w *world) check() {
	for _, x := range w.sent {
		if !x.asked || x.dropped || isAll(x.to) || x.from.life != x.life || x.from.end == nil {
			continue // what the end of the sender's connection took with it is lost
		}
		limit := answerTime
		if x.cached {
			limit = x.cachedAt - x.at + cacheTime
		}
		if w.now < x.at+limit {
			continue
		}
		got := len(x.delivered) + x.failed
		if got == 0 && (x.local || !w.faulty(x.at, x.at+limit)) {
			w.fail("%s from %s to %s:%s, sent at %v, neither arrived nor was reported", x.command, x.from.label, x.server, x.to, x.at)
		}
		if len(x.delivered) > 0 && x.failed > 0 && w.shape.faults == 0 && !w.faulty(x.at, x.at+limit) { // a link that is too slow breaks there, too
			w.fail("%s from %s to %s:%s arrived and was reported as failed", x.command, x.from.label, x.server, x.to)
		}
	}
}

// probe lets everybody talk to everybody, now that nothing breaks any more.
func (w *world) probe() {
	type want struct {
		x  *sending
		to *service
	}
	var wanted []want
	var news []*sending
	steps := make(map[*node]map[int]int)
	for _, n := range w.nodes {
		steps[n] = w.distances(n, true)
	}
	for i, from := range w.services {
		if from.end == nil || !from.registered {
			w.fail("%s is not registered", from.label)
		}
		if i >= 12 {
			continue // in a large cluster some do for all
		}
		for _, to := range w.services {
			if to == from || to.group != "" || to.name == "many" || steps[from.home][to.home.index] > 3 {
				continue
			}
			wanted = append(wanted, want{from.send(to.home.name, to.name, true, ""), to}, want{from.send("", to.name, true, ""), to})
			w.runUntil(w.now + 20*time.Millisecond)
		}
		news = append(news, from.send("", "*", false, ""))
	}
	w.runUntil(w.now + answerTime)
	for _, p := range wanted {
		if len(p.x.delivered) != 1 || p.x.delivered[0] != p.to || p.x.failed > 0 {
			w.fail("%s from %s to %s:%s reached %d, reported as failed %d times", p.x.command, p.x.from.label, p.x.server, p.x.to, len(p.x.delivered), p.x.failed)
		}
	}
	for _, x := range news {
		most := 0
		for _, n := range w.nodes {
			most = max(most, steps[x.from.home][n.index])
		}
		if most < 5 && len(x.delivered) != len(w.services)-1 {
			w.fail("news from %s reached %d of %d", x.from.label, len(x.delivered), len(w.services)-1)
		}
	}
}
