package reactor

import "time"

// A look at the clock costs 80 ns, and there is one after each callback, of which many take less than 1,000. So where a callback was short,
// the time it took is told by the processor's counter of cycles, which costs 10. After each wait, and after callbacks that took long or
// armed timers, the clock itself is read; what the counter told in between is a little less than the truth, so that no timer is early.

const (
	shortCycles = 1 << 16                // some 20 µs; a counter that goes back, or does not count on, is over it
	paceTime    = 100 * time.Millisecond // how long the rate is measured
	paceShift   = 32
	paceLess    = 10 // the rate is less than what was measured, by this power of two
)

// pace tells the time between looks at the clock.
type pace struct {
	rate   uint64 // ns in a cycle, shifted; 0: not known
	cycles int64  // at the last mark
	from   int64  // where the measuring of the rate began, in cycles
	since  int64  // and by the clock
	read   int64  // what the clock has said last
}

// exact reads the clock for the time between callbacks, which never goes back.
func (l *Loop) exact() int64 {
	now, p := l.clock(), &l.pace
	p.read = now
	if p.since != noPace {
		p.cycles = cycles()
		back, took := now < l.now, now-p.since
		if back || took > int64(paceTime) {
			if back {
				p.rate = 0 // the counters of two processors differ, or one of another host goes at another rate
			} else {
				p.measure(took)
			}
			// The counter is read first at the beginning and last at the end: whatever comes between the two, the rate is not too high.
			p.from = cycles()
			p.since = l.clock()
		}
	}
	return max(now, l.now)
}

// measure works out the rate.
func (p *pace) measure(took int64) {
	if d := p.cycles - p.from; p.from != 0 && d > 0 && took < 10*int64(paceTime) {
		p.rate = uint64(took) << paceShift / uint64(d)
		p.rate -= p.rate >> paceLess
	}
}

// proven is a time that the loop has told, or the clock's if that is less: a timer is not early even if the counter was wrong.
func (l *Loop) proven(t int64) int64 {
	if t == l.pace.read {
		return t
	}
	return min(t, l.clock())
}

// noPace is what since is where cycles do not tell the time.
const noPace = -1

// quick is exact where the last mark was a short time ago.
func (l *Loop) quick() int64 {
	p := &l.pace
	if p.rate == 0 {
		return l.exact()
	}
	c := cycles()
	took := uint64(c - p.cycles)
	if took > shortCycles {
		return l.exact()
	}
	p.cycles = c
	return l.now + int64(took*p.rate>>paceShift)
}
