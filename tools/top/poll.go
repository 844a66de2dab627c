package top

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
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

	// Those belong to the goroutine that asks.
	client *control.Client // nil while there is none

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
	patience  time.Duration // how long poll waits for those who are slow; 0 is the timeout
	processes []*process
	asking    sync.WaitGroup
}

// snapshot is what one round found. Nothing in it is changed later.
type snapshot struct {
	at        time.Time
	processes []sight
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
// answer soon is still asked when poll returns, and is shown as it was; its answer is in a later snapshot. The asking ends with ctx.
func (p *poller) poll(ctx context.Context, now time.Time, wanted []string) snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() != nil {
		return snapshot{at: now}
	}
	p.find(now)
	answers := make(chan struct{}, len(p.processes))
	waiting := 0
	for _, one := range p.processes {
		if !one.begin(now) {
			continue
		}
		waiting++
		p.asking.Go(func() {
			ctx, cancel := context.WithTimeoutCause(ctx, p.timeout, errSilent)
			defer cancel()
			one.ask(ctx, wanted)
			answers <- struct{}{}
		})
	}
	patience := time.NewTimer(cmp.Or(p.patience, p.timeout))
	defer patience.Stop()
	for ; waiting > 0; waiting-- {
		select {
		case <-answers:
			continue
		case <-patience.C:
		case <-ctx.Done():
		}
		break
	}
	s := snapshot{at: now}
	for _, one := range p.processes {
		one.mu.Lock()
		s.processes = append(s.processes, one.sight)
		one.mu.Unlock()
	}
	return s
}

// errSilent is why a process could not be asked that takes the question and says nothing.
var errSilent = errors.New("it does not answer")

// find adds processes that came, and drops those that have been gone for long enough.
func (p *poller) find(now time.Time) {
	known, there := map[control.Socket]bool{}, map[control.Socket]bool{}
	for _, one := range p.processes {
		if one.since().IsZero() {
			known[one.socket] = true
		}
	}
	for _, s := range p.sockets() {
		there[s] = true
		if !known[s] {
			known[s] = true
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
}

// given says whether a target is the address of the socket.
func (p *poller) given(s control.Socket) bool {
	return slices.ContainsFunc(p.targets, func(target string) bool {
		place, ok := control.Place(target)
		return ok && place.Addr == s.Addr
	})
}

// sockets are those that the targets mean now.
func (p *poller) sockets() []control.Socket {
	var all []control.Socket
	found := control.Discover()
	if len(p.targets) == 0 {
		return found
	}
	for _, target := range p.targets {
		if s, ok := control.Place(target); ok {
			all = append(all, s)
			continue
		}
		for _, s := range found {
			if s.Matches(target) {
				all = append(all, s)
			}
		}
	}
	return all
}

// close ends all visits. The context of the last poll has to have ended.
func (p *poller) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asking.Wait()
	for _, one := range p.processes {
		one.hangUp()
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

func (one *process) hangUp() {
	if one.client != nil {
		one.client.Close()
		one.client = nil
	}
}

// ask fetches tables. The last ones are kept where that fails.
func (one *process) ask(ctx context.Context, wanted []string) {
	one.mu.Lock()
	next := one.sight
	one.mu.Unlock()
	next.err = one.fetch(ctx, &next, wanted)
	silent := ctx.Err() != nil
	if next.err != nil && !control.IsRefused(next.err) {
		one.hangUp()
		absent := control.IsAbsent(next.err)
		if !silent && next.sheets != nil {
			next.gone = time.Now() // it was there, and is not any more
		}
		if absent && (next.sheets != nil || !one.given) {
			next.err = nil // the end of it, or a socket that was left behind: nobody's trouble
		}
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	one.busy, one.sight = false, next
	if silent {
		one.retry = time.Now().Add(retryAfter)
	}
}

// fetch replaces the tables of next.
func (one *process) fetch(ctx context.Context, next *sight, wanted []string) (err error) {
	if one.client == nil {
		if one.client, err = control.Dial(ctx, one.socket.Addr); err != nil {
			one.client = nil
			return fmt.Errorf("connect to %s: %w", one.socket, plainer(ctx, err))
		}
	}
	if next.tables == nil {
		list, err := one.client.Inspect(ctx)
		if err != nil {
			return fmt.Errorf("ask %s for its tables: %w", one.socket, plainer(ctx, err))
		}
		for row := range list[0].Rows {
			next.tables = append(next.tables, list[0].Value(row, "name"))
		}
	}
	names := slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { return !slices.Contains(next.tables, name) })
	if len(names) == 0 {
		return nil
	}
	sheets, err := one.client.Inspect(ctx, names...)
	if err != nil {
		return fmt.Errorf("ask %s: %w", one.socket, plainer(ctx, err))
	}
	next.sheets = make(map[string]*inspect.Sheet, len(sheets))
	for _, s := range sheets {
		next.sheets[s.Name] = s
	}
	return nil
}

// plainer says what a deadline means.
func plainer(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
