package reactor

import (
	"cmp"
	"slices"
	"time"
)

const (
	slowNames = 16                            // callbacks told one by one
	slowTime  = int64(100 * time.Microsecond) // shorter ones are nobody's concern
)

// slow remembers the callbacks that took longest, one entry for each name.
type slow struct {
	bar  int64 // only what takes longer is looked at: the hot path compares with this alone
	most int64
	name string // of the most
	list []slowCall
}

type slowCall struct {
	name        string
	most, total int64
	last        int64 // when it was slow last
	count       uint64
}

// note takes a callback that was longer than the bar.
func (s *slow) note(name string, took, now int64) {
	if took > s.most {
		s.most, s.name = took, name
	}
	if took >= slowTime {
		c := s.entry(name, took)
		if c == nil {
			return
		}
		c.most = max(c.most, took)
		c.total += took
		c.count++
		c.last = now
	}
	s.bar = min(s.most, slowTime-1)
}

// entry finds the entry of a name, makes one, or takes that of the least slow; nil when none is less slow.
func (s *slow) entry(name string, took int64) *slowCall {
	for i := range s.list {
		if s.list[i].name == name {
			return &s.list[i]
		}
	}
	if len(s.list) < slowNames {
		s.list = append(s.list, slowCall{name: name})
		return &s.list[len(s.list)-1]
	}
	least := 0
	for i := range s.list {
		if s.list[i].most < s.list[least].most {
			least = i
		}
	}
	if s.list[least].most >= took {
		return nil
	}
	s.list[least] = slowCall{name: name}
	return &s.list[least]
}

// SlowInfo tells of a source or timer whose callbacks took 100 µs or longer.
type SlowInfo struct {
	Name  string
	Most  time.Duration // the longest
	Total time.Duration // of those that were that long
	Count uint64        // how many were
	Age   time.Duration // since the last of them
}

// Slow lists the names of the slowest callbacks since New, 16 at most, the slowest first.
func (l *Loop) Slow() []SlowInfo {
	l.check("Slow")
	now := l.clock()
	list := make([]SlowInfo, 0, len(l.stats.slow.list))
	for _, c := range l.stats.slow.list {
		list = append(list, SlowInfo{c.name, time.Duration(c.most), time.Duration(c.total), c.count, time.Duration(now - c.last)})
	}
	slices.SortFunc(list, func(a, b SlowInfo) int { return cmp.Compare(b.Most, a.Most) })
	return list
}
