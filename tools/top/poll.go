package top

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/transport/control"
)

// fadeFor is how long a process that has gone stays on the screen.
const fadeFor = 10 * time.Second

// process is one control socket as the poller knows it.
type process struct {
	socket control.Socket
	client *control.Client // nil while there is none
	tables []string        // that it has
	sheets map[string]*inspect.Sheet
	err    error     // of the last attempt
	gone   time.Time // when it was found to be gone; zero while it is there
}

// poller asks processes for tables. Poll may be called by one goroutine at a time.
type poller struct {
	targets   []string // as given; empty: all there are
	timeout   time.Duration
	processes []*process
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
	err    error
	gone   time.Time // zero while it is there
}

// poll looks who is there and asks each for the tables that it has of those wanted, all at the same time, within the timeout.
func (p *poller) poll(ctx context.Context, now time.Time, wanted []string) snapshot {
	p.find(now)
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var all sync.WaitGroup
	for _, one := range p.processes {
		if one.gone.IsZero() {
			all.Go(func() { one.ask(ctx, now, wanted) })
		}
	}
	all.Wait()
	s := snapshot{at: now}
	for _, one := range p.processes {
		s.processes = append(s.processes, sight{one.socket, one.sheets, one.tables, one.err, one.gone})
	}
	return s
}

// find adds processes that came, and drops those that have been gone for long enough.
func (p *poller) find(now time.Time) {
	for _, s := range p.sockets() {
		known := func(one *process) bool { return one.socket.Addr == s.Addr && one.gone.IsZero() }
		if !slices.ContainsFunc(p.processes, known) {
			p.processes = append(p.processes, &process{socket: s})
		}
	}
	p.processes = slices.DeleteFunc(p.processes, func(one *process) bool {
		return !one.gone.IsZero() && now.Sub(one.gone) > fadeFor
	})
	slices.SortStableFunc(p.processes, func(a, b *process) int { return strings.Compare(a.socket.String(), b.socket.String()) })
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

// close ends all visits.
func (p *poller) close() {
	for _, one := range p.processes {
		one.hangUp()
	}
}

func (one *process) hangUp() {
	if one.client != nil {
		one.client.Close()
		one.client = nil
	}
}

// ask fetches tables. The last ones are kept where that fails.
func (one *process) ask(ctx context.Context, now time.Time, wanted []string) {
	one.err = one.fetch(ctx, wanted)
	if one.err == nil || control.IsRefused(one.err) {
		return
	}
	one.hangUp()
	if !errors.Is(one.err, context.DeadlineExceeded) && one.sheets != nil {
		one.gone = now // it was there, and is not any more
		if errors.Is(one.err, io.EOF) {
			one.err = nil
		}
	}
}

func (one *process) fetch(ctx context.Context, wanted []string) (err error) {
	if one.client == nil {
		if one.client, err = control.Dial(ctx, one.socket.Addr); err != nil {
			one.client = nil
			return fmt.Errorf("connect to %s: %w", one.socket, err)
		}
	}
	if one.tables == nil {
		list, err := one.client.Inspect(ctx)
		if err != nil {
			return fmt.Errorf("ask %s for its tables: %w", one.socket, err)
		}
		for row := range list[0].Rows {
			one.tables = append(one.tables, list[0].Value(row, "name"))
		}
	}
	names := slices.DeleteFunc(slices.Clone(wanted), func(name string) bool { return !slices.Contains(one.tables, name) })
	if len(names) == 0 {
		return nil
	}
	sheets, err := one.client.Inspect(ctx, names...)
	if err != nil {
		return fmt.Errorf("ask %s: %w", one.socket, err)
	}
	fresh := make(map[string]*inspect.Sheet, len(sheets))
	for _, s := range sheets {
		fresh[s.Name] = s
	}
	one.sheets = fresh
	return nil
}
