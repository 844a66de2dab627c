package top

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/transport/control"
)

// fadeFor is how long a process that has gone stays on the screen.
const fadeFor = 10 * time.Second

// retryAfter is how long a process that did not answer in time is left alone. Each attempt leaves a connection with it that
// it has to take some day.
const retryAfter = 5 * time.Second

// process is one control socket as the poller knows it.
type process struct {
	socket control.Socket
	given  bool // by its address: it is missed when it is not there

	mu    sync.Mutex
	busy  bool // it is being asked
	sight sight
	retry time.Time // not before
}

// poller asks processes for tables.
type poller struct {
	mu        sync.Mutex // of poll and close
	targets   []string   // as given; empty: all there are
	timeout   time.Duration
	patience  time.Duration // how long poll waits for those who are slow; 0: until they answer, or their time is over
	processes []*process
	visits    *control.Visits // nil before the first round
}

// snapshot is what one round found. Nothing in it is changed later.
type snapshot struct {
	at        time.Time
	processes []sight
	missing   []string // the targets that nobody is
	err       error    // why nobody could be asked
}

// sight is a process in a snapshot.
type sight struct {
	socket control.Socket
	sheets map[string]*inspect.Sheet // the last ones that came
	tables []string
	err    error     // of the last attempt
	gone   time.Time // when it was found to be gone; zero while it is there
}

// poll looks who is there and asks each for the tables that it has of those wanted, all at the same time. Who does not
// answer soon is still asked when poll returns, and is shown as it was; its answer is in a later snapshot. poll returns when ctx ends.
func (p *poller) poll(ctx context.Context, now time.Time, wanted []string) snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return snapshot{at: now}
	}
	if p.visits == nil {
		visits, err := control.NewVisits()
		if err != nil {
			return snapshot{at: now, err: fmt.Errorf("look into services: %w", err)}
		}
		p.visits = visits
	}
	missing := p.find(now)
	answered := p.askAll(now, wanted)
	var enough <-chan time.Time // without patience each question ends in its time, and says why
	if p.patience > 0 {
		enough = time.After(p.patience)
	}
	select {
	case <-answered:
	case <-enough:
	case <-ctx.Done():
	}
	s := snapshot{at: now, missing: missing}
	for _, one := range p.processes {
		one.mu.Lock()
		s.processes = append(s.processes, one.sight)
		one.mu.Unlock()
	}
	return s
}

// askAll asks everybody who is not being asked yet. What it returns is closed when the last one has answered: one note for all,
// as each would wake a goroutine.
func (p *poller) askAll(now time.Time, wanted []string) <-chan struct{} {
	answered := make(chan struct{})
	var left atomic.Int64
	over := func() {
		if left.Add(-1) == 0 {
			close(answered)
		}
	}
	left.Add(1) // until all have been asked
	for _, one := range p.processes {
		if one.begin(now) {
			left.Add(1)
			(&round{process: one, visits: p.visits, timeout: p.timeout, wanted: wanted, over: over}).begin()
		}
	}
	over()
	return answered
}

// find adds processes that came, and drops those that have been gone for long enough. It returns the targets that nobody is.
func (p *poller) find(now time.Time) []string {
	known, there := map[control.Socket]bool{}, map[control.Socket]bool{}
	for _, one := range p.processes {
		if one.since().IsZero() {
			known[one.socket] = true
		}
	}
	found, missing := control.Find(p.targets)
	for _, s := range found {
		there[s] = true
		if !known[s] {
			p.processes = append(p.processes, &process{socket: s, given: p.given(s), sight: sight{socket: s}})
		}
	}
	p.processes = slices.DeleteFunc(p.processes, func(one *process) bool {
		if gone := one.since(); !gone.IsZero() {
			return now.Sub(gone) > fadeFor
		}
		return !there[one.socket] && one.never()
	})
	slices.SortStableFunc(p.processes, func(a, b *process) int { return strings.Compare(a.socket.String(), b.socket.String()) })
	return missing
}

// given says whether a target is the address of the socket.
func (p *poller) given(s control.Socket) bool {
	return slices.ContainsFunc(p.targets, func(target string) bool {
		place, ok := control.Place(target)
		return ok && place.Addr == s.Addr
	})
}

// close ends all visits. The context of the last poll has to have ended.
func (p *poller) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.visits != nil {
		p.visits.Close()
	}
}

// begin says whether the process is to be asked now.
func (one *process) begin(now time.Time) bool {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.busy || !one.sight.gone.IsZero() || now.Before(one.retry) {
		return false
	}
	one.busy = true
	return true
}

// since is when it was found to be gone.
func (one *process) since() time.Time {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.sight.gone
}

// never says that it was never seen, and that nobody asks it now.
func (one *process) never() bool {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.sight.sheets == nil && !one.busy
}
