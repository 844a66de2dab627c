package top

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/transport/control"
)

// round asks one process for tables, once. But for begin, its methods run on the goroutine of the visits.
type round struct {
	process *process
	visits  *control.Visits
	timeout time.Duration
	wanted  []string
	next    sight // what the process is like after it; the last tables are kept where asking fails
	over    func()
}

// begin asks, first for the names of the tables where those are not known.
func (r *round) begin() {
	r.process.mu.Lock()
	r.next = r.process.sight
	r.process.mu.Unlock()
	if r.next.tables != nil {
		r.fetch()
		return
	}
	r.ask(nil, func(sheets []*inspect.Sheet, err error) {
		if err != nil {
			r.end(r.failed(" for its tables", err))
			return
		}
		for row := range sheets[0].Rows {
			if name := sheets[0].Value(row, "name"); inspect.IsName(name) { // nobody could ask for another, and it may steer a terminal
				r.next.tables = append(r.next.tables, name)
			}
		}
		r.fetch()
	})
}

func (r *round) ask(tables []string, done func([]*inspect.Sheet, error)) {
	r.visits.Ask(control.Question{To: r.process.socket.Addr, Tables: tables, Timeout: r.timeout, Done: done})
}

// fetch asks for those of the tables that the process has.
func (r *round) fetch() {
	names := slices.DeleteFunc(slices.Clone(r.wanted), func(name string) bool { return !slices.Contains(r.next.tables, name) })
	if len(names) == 0 {
		r.end(nil)
		return
	}
	r.ask(names, func(sheets []*inspect.Sheet, err error) {
		if err != nil {
			r.end(r.failed("", err))
			return
		}
		r.next.sheets = make(map[string]*inspect.Sheet, len(sheets))
		for _, s := range sheets {
			r.next.sheets[s.Name] = s
		}
		r.end(nil)
	})
}

// failed says what failed.
func (r *round) failed(what string, err error) error {
	if _, ok := errors.AsType[*control.ConnectError](err); ok {
		if r.process.socket.Name == "" {
			return err // it names the address
		}
		return fmt.Errorf("connect to %s: %w", r.process.socket, err)
	}
	return fmt.Errorf("ask %s%s: %w", r.process.socket, what, err)
}

// end notes what came of it.
func (r *round) end(err error) {
	one := r.process
	r.next.err = err
	silent := errors.Is(err, control.ErrSilent)
	if err != nil && !control.IsRefused(err) {
		if !silent && r.next.sheets != nil {
			r.next.gone = time.Now() // it was there, and is not any more
		}
		if control.IsAbsent(err) && (r.next.sheets != nil || !one.given) {
			r.next.err = nil // the end of it, or a socket that was left behind: nobody's trouble
		}
	}
	one.mu.Lock()
	one.busy, one.sight = false, r.next
	if silent {
		one.retry = time.Now().Add(retryAfter)
	}
	one.mu.Unlock()
	r.over()
}
