package bench

import (
	"context"
	"errors"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
)

// phase is what a worker does.
type phase uint8

const (
	connecting phase = iota
	waiting          // for the start
	sending
	catchingUp // sending what was due before the end
	draining   // waiting for the answers
	finishing  // asking what of one-way messages arrived
	done
)

// worker is one loop of the generator with its share of the connections. All of it belongs to the goroutine of its loop.
type worker struct {
	plan    *plan
	loop    *reactor.Loop
	index   int
	clients []*client
	idle    []*idler
	held    []transport.Conn // of kind connect
	share   share            // of the connections

	phase  phase
	begin  time.Time // of the warm-up
	wall   int64     // the same in nanoseconds since 1970
	time   int64     // the current one, in nanoseconds since begin, as far as it matters
	from   int64     // what is due from here …
	until  int64     // … to here is measured
	moment int64     // what is held back at the end may be so much later
	halted bool      // the run was interrupted
	ends   int64     // when the last of --count is followed by another one; never: without it, in a closed loop, or if not known yet
	heard  bool      // somebody is there: a packet came, or a connection of a storm
	last   int64     // when the last message was answered
	now    *interval
	spare  chan *interval // that may be used again
	report func(event)

	schedule *schedule
	head     int64 // when the next message is due
	timer    reactor.Timer
	armed    int64 // what for
	free     ready
	blocked  bool  // nobody is free to send
	freed    int64 // when that ended
	own      int64 // until when what was due was not sent by the generator's own fault
	since    int64 // from when that is its fault, where it was due before
	seen     int64 // when the generator ran last

	inFlight int
	left     int64 // messages that may still be sent
	bytesIn  uint64
	bytesOut uint64
	run      run // of equal times
	out      []byte
	m        message.Message

	touched       []*client // one-way ones that were written to in this turn
	touchedBefore []*client
	flushing      bool
	encrypted     bool // they are, over TLS, and wait to be written
	noAddress     address.Address
	asked         int            // clients whose tally is waited for
	tally         *tally         // what the service said of one-way messages
	alive         int            // connections, with those that are being opened
	opening       int            // of them
	unopened      []func() error // what has to be dialled yet
	mark          int64          // when the current interval began
	waited        time.Duration  // time that the loop had waited when the measurement began
	err           error
}

// event is what a worker tells the run.
type event struct {
	worker   int
	ready    bool // all connections are there
	interval *interval
	err      error // the run cannot go on
}

// share is a worker's part of the connections.
type share struct {
	first, count int
	idle         int
}

// run is one time that was measured so many times in a row.
type run struct {
	value, count int64
}

// ready is a queue of clients that may send.
type ready struct {
	ring []*client
	head int
	n    int
}

func (r *ready) push(c *client) {
	c.ready = true
	r.ring[(r.head+r.n)%len(r.ring)] = c
	r.n++
}

func (r *ready) pop() *client {
	c := r.ring[r.head]
	r.head = (r.head + 1) % len(r.ring)
	r.n--
	c.ready = false
	return c
}

func newWorker(p *plan, index int, s share, report func(event)) (*worker, error) {
	loop, err := reactor.New(reactor.Options{Name: "bench", Spin: p.spin})
	if err != nil {
		return nil, err
	}
	w := &worker{
		plan: p, loop: loop, index: index, share: s, report: report,
		from: never, until: never, ends: never, spare: make(chan *interval, 4), now: newInterval(),
		free: ready{ring: make([]*client, s.count)},
	}
	w.now.index = warming
	return w, nil
}

// main runs the loop until the worker has done its work.
func (w *worker) main() {
	// Everything begins on the goroutine that runs the loop, which cannot be full yet.
	_ = w.loop.Post(w.connect)
	err := w.loop.Run(context.Background())
	if w.phase != done && w.err == nil {
		w.report(event{worker: w.index, err: toolkit.Errorf(toolkit.Internal, "the loop ended: %v", err)})
	}
	_ = w.loop.Close()
}

// clock is the time since the begin of the warm-up.
func (w *worker) clock() int64 { return int64(time.Since(w.begin)) }

// measured says whether a message that was due then counts.
func (w *worker) measured(due int64) bool { return due >= w.from && due < w.until }

// moment is by how much what was held back at the end may be late and still count for the rate: without it a stall in the
// last moment would look like a lower rate.
func moment(duration time.Duration) time.Duration {
	return min(max(100*time.Millisecond, duration/20), 500*time.Millisecond)
}

// start begins to send: the warm-up begins at that time, which is about now.
func (w *worker) start(begin time.Time, random func() float64) {
	p := w.plan
	w.begin, w.wall, w.phase = begin, begin.UnixNano(), sending
	w.from, w.until = int64(p.warmup), int64(p.warmup+p.duration)
	w.moment = int64(moment(p.duration))
	w.left = never
	if p.count > 0 {
		w.left = int64(p.countOf(w.index))
	}
	w.time = w.clock()
	w.seen = w.time
	if w.left == 0 { // there are more workers than messages
		w.until = w.from
		w.loop.After(0, "count", w.end)
	}
	w.loop.After(time.Duration(w.from-w.time), "measure", func() { w.tick(0) })
	w.loop.After(time.Duration(w.until-w.time), "end", w.end)
	every := sweepEvery
	if p.oneWay() {
		every = 5 * time.Millisecond
		if len(w.clients) <= fewClients {
			w.loop.BeforeWait(w.settleAll)
		}
	}
	w.loop.Every(every, "sweep", func(int) { w.sweep() })
	if p.closed() {
		w.fillFrom(0)
		return
	}
	w.schedule = newSchedule(p.rate, p.warmup, p.duration, p.burst, w.index, p.workers, random)
	if p.count > 0 && random == nil {
		w.ends = w.schedule.when(float64(p.count))
		w.moment = min(w.moment, int64(moment(time.Duration(max(0, w.ends-w.from)))))
	}
	w.head = w.schedule.next()
	for _, c := range w.clients {
		if c.open {
			w.free.push(c)
		}
	}
	w.pump()
}

// settle goes on after a client heard something, or has room again.
func (w *worker) settle(c *client) {
	switch {
	case w.plan.closed():
		if w.phase == sending {
			c.fill(w.time)
			w.flush()
		}
	case w.phase == sending || w.phase == catchingUp:
		if !c.ready && c.mayIssue() {
			w.free.push(c)
		}
		w.pump()
	}
	if w.phase == draining && w.inFlight == 0 {
		w.drained()
	}
}

// sweep gives up on answers that did not come in time.
func (w *worker) sweep() {
	if w.phase == done {
		return
	}
	w.time = w.clock()
	w.awake(w.time)
	for _, c := range w.clients {
		switch {
		case w.plan.oneWay():
			c.way.settle(c)
			continue
		case w.plan.kind == kindConnect: // its attempts have a time-out
			continue
		}
		before := c.inFlight
		c.sweep(w.time, w.plan.answerIn)
		if c.inFlight < before {
			w.settle(c)
		}
	}
}

// failed counts what went wrong with packets, or with an attempt to connect. Where both are refused within the warm-up, or the first
// second, and nothing has come back, nobody was ever there: that ends the run, as it does where connections are opened first.
func (w *worker) failed(err error) {
	var op *transport.OpError
	if !w.heard && w.clock() < max(w.from, int64(time.Second)) && errors.As(err, &op) && op.Refused() {
		w.fail(err)
		return
	}
	w.now.failure(err)
}

// fail ends the run.
func (w *worker) fail(err error) {
	if w.err == nil {
		w.err = err
		w.report(event{worker: w.index, err: err})
		w.loop.Stop()
	}
}
