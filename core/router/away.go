package router

// away remembers the services that other routers had, and have no more or are not linked any more: such a service is down, not unknown.
type away struct {
	last map[string]absence
}

// absence is where a service was last, and since when it is not known to be there any more, in Unix seconds.
type absence struct {
	server string
	since  int64
}

// leaves notes that a service that was up at p is not there any more. No more than limit are remembered, and none is forgotten
// for another: it comes back, or this router ends.
func (a *away) leaves(p *peer, service string, now int64, limit int) {
	if a.last == nil {
		a.last = make(map[string]absence)
	}
	if _, known := a.last[service]; known || len(a.last) < limit {
		a.last[service] = absence{p.server, now}
	}
}

// comes notes that a service is up at another router.
func (a *away) comes(service string) { delete(a.last, service) }

// allLeave notes that the link to p has ended.
func (a *away) allLeave(p *peer, now int64, limit int) {
	for service := range p.up {
		a.leaves(p, service, now, limit)
	}
}
