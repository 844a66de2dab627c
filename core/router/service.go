package router

import "slices"

// share says how several clients hold one name.
type share uint8

const (
	single share = iota // one client at a time
	anyOne              // each message goes to one of them, in turn
	toAll               // each message goes to all of them
)

// service is a name that clients register, or did.
type service struct {
	name     string
	holders  []*Client
	up, down int64  // Unix seconds; 0: never
	next     uint32 // of holders, when each message goes to one of them
	share    share
	queued   bool // in services.idle
	passing  bool // all who held it said that they come once: it is forgotten after the last
}

// services are the names that are or were registered on this node.
type services struct {
	byName     map[string]*service
	generation uint64   // changes whenever it changes who holds what
	held       int      // names that have holders
	idle       []string // names without holders, the oldest first; some may have holders again
}

func (s *services) init() {
	s.byName, s.generation = make(map[string]*service), 1
}

// add returns the service of that name, made if there is none; nil when limit names are known and all have holders.
func (s *services) add(name string, limit int) *service {
	if v := s.byName[name]; v != nil {
		return v
	}
	for len(s.byName) >= limit {
		if len(s.idle) == 0 {
			return nil
		}
		oldest := s.byName[s.idle[0]]
		s.idle = s.idle[1:]
		if oldest == nil {
			continue
		}
		oldest.queued = false
		if len(oldest.holders) == 0 {
			delete(s.byName, oldest.name)
		}
	}
	v := &service{name: name}
	s.byName[name] = v
	return v
}

// hold makes c a holder of v.
func (s *services) hold(v *service, c *Client) {
	if len(v.holders) == 0 {
		s.held++
	}
	v.holders = append(v.holders, c)
	s.generation++
}

// release ends that c holds v.
func (s *services) release(v *service, c *Client) {
	v.holders = slices.DeleteFunc(v.holders, func(h *Client) bool { return h == c })
	s.generation++
	if len(v.holders) == 0 {
		s.held--
		v.holders, v.next = nil, 0
		if !v.queued && !v.passing {
			v.queued = true
			s.idle = append(s.idle, v.name)
		}
	}
}

// drop forgets v, which has no holders.
func (s *services) drop(v *service) {
	if len(v.holders) == 0 && s.byName[v.name] == v {
		delete(s.byName, v.name)
	}
}

// turn returns the holder whose turn it is, but not c; nil when there is no other.
func (v *service) turn(c *Client) *Client {
	for range v.holders {
		h := v.holders[v.next%uint32(len(v.holders))]
		v.next = (v.next + 1) % uint32(len(v.holders))
		if h != c {
			return h
		}
	}
	return nil
}
