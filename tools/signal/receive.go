package signal

import (
	"context"
	"sync"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/link"
)

// receiver takes what arrives while `ed send` sends. It takes it also where nobody asked for it: a peer whose answers are not read stops
// reading at some point.
type receiver struct {
	session toolkit.Session
	console *console // nil: nothing is printed
	stop    func()   // ends it

	arrived   chan struct{} // a note that something came; one place
	satisfied chan struct{} // closed when the tally is done
	ended     chan struct{} // closed when nothing more can come; err is set

	mu    sync.Mutex
	tally tally
	err   error // why it ended: io.EOF, a broken connection, standard output
}

// startReceiver runs a receiver until the session or ctx ends, or stop is called. c is nil when nothing is to be printed.
func startReceiver(ctx context.Context, s toolkit.Session, c *console, want tally) *receiver {
	ctx, stop := context.WithCancel(ctx)
	r := &receiver{
		session: s, console: c, tally: want, stop: stop,
		arrived: make(chan struct{}, 1), satisfied: make(chan struct{}), ended: make(chan struct{}),
	}
	go r.run(ctx)
	return r
}

func (r *receiver) run(ctx context.Context) {
	defer close(r.ended)
	for {
		got, err := next(ctx, r.session)
		if err == nil && r.console != nil && !r.enough() {
			err = r.console.received(got, 0)
		}
		if err != nil {
			r.mu.Lock()
			r.err = err
			r.mu.Unlock()
			return
		}
		r.add(got)
		select {
		case r.arrived <- struct{}{}:
		default:
		}
	}
}

// enough says that all came that was asked for: what comes after it is read, for the peer's sake, and not printed.
func (r *receiver) enough() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tally.done
}

func (r *receiver) add(got link.Received) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.tally.done && r.tally.add(got) {
		close(r.satisfied)
	}
}

// state returns a copy of the tally, and why the receiver ended.
func (r *receiver) state() (tally, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tally, r.err
}

// cause is state's error.
func (r *receiver) cause() error {
	_, err := r.state()
	return err
}
