package bench

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// runner runs one plan: it starts the workers, puts together what they measure and makes the report. It belongs to the
// goroutine of the command.
type runner struct {
	plan *plan
	env  *toolkit.Env
	live *live

	workers []*worker
	events  chan event
	quit    chan struct{}
	wait    sync.WaitGroup

	begin   time.Time             // of the warm-up; zero before the start
	stopped bool                  // it was interrupted
	took    map[int]time.Duration // each worker measured
	before  usage
	after   usage
	parts   map[int]*part
	spare   []*interval // sums that may be used again
	last    map[int]int // of the workers that have ended: the index of their last interval
	total   *interval
	tally   tally
	busy    float64
	seconds []report.Second
	ended   int // workers
}

// part is an interval of which some workers have told.
type part struct {
	sum  *interval
	told int
}

// execute runs the plan and reports, also when ctx ends while it measures. The error is why there is nothing to report.
func execute(ctx context.Context, env *toolkit.Env, p *plan, live *live) (*report.Report, error) {
	r := &runner{plan: p, env: env, live: live, events: make(chan event, 64), quit: make(chan struct{}), took: map[int]time.Duration{},
		parts: map[int]*part{}, last: map[int]int{}, total: newInterval(), seconds: []report.Second{}}
	err := r.run(ctx)
	close(r.quit)
	for _, w := range r.workers {
		_ = w.loop.Post(w.loop.Stop) // a loop that is closed has stopped
	}
	r.wait.Wait()
	if err != nil {
		return nil, err
	}
	return r.report(), nil
}

func (r *runner) run(ctx context.Context) error {
	p := r.plan
	for i := range p.workers {
		s := share{first: i * p.senders() / p.workers, idle: (i+1)*p.idle/p.workers - i*p.idle/p.workers}
		s.count = (i+1)*p.senders()/p.workers - s.first
		w, err := newWorker(p, i, s, r.tell)
		if err != nil {
			return err
		}
		r.workers = append(r.workers, w)
		r.wait.Go(w.main)
	}
	if err := r.connected(ctx); err != nil {
		return err
	}
	r.start()
	return r.measure(ctx)
}

// tell is called by the workers.
func (r *runner) tell(e event) {
	select {
	case r.events <- e:
	case <-r.quit:
	}
}

// connected waits for all connections.
func (r *runner) connected(ctx context.Context) error {
	for n := 0; n < len(r.workers); {
		select {
		case e := <-r.events:
			if e.err != nil {
				return e.err
			}
			n++
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (r *runner) start() {
	r.begin = time.Now()
	if w := r.plan.warmup; w > 0 {
		r.live.phase("warming up for " + w.String())
	}
	for _, w := range r.workers {
		var random func() float64
		if r.plan.poisson {
			random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())).ExpFloat64
		}
		_ = w.loop.Post(func() { w.start(r.begin, random) })
	}
}

// measure collects until all workers have told their last.
func (r *runner) measure(ctx context.Context) error {
	from := time.NewTimer(time.Until(r.begin.Add(r.plan.warmup)))
	defer from.Stop()
	until := time.NewTimer(time.Until(r.begin.Add(r.plan.warmup + r.plan.duration)))
	defer until.Stop()
	interrupted := ctx.Done()
	for r.ended < len(r.workers) {
		select {
		case <-from.C:
			r.before = takeUsage(r.plan.pid)
		case <-until.C:
			r.after = takeUsage(r.plan.pid)
			r.live.phase("waiting for the last answers")
		case <-interrupted:
			interrupted = nil
			r.stopped = true
			if !r.after.numbers {
				r.after = takeUsage(r.plan.pid)
			}
			from.Stop() // what comes now is not measured
			until.Stop()
			r.live.phase("interrupted; waiting for the last answers")
			for _, w := range r.workers {
				_ = w.loop.Post(w.interrupt)
			}
		case e := <-r.events:
			if e.err != nil {
				return e.err
			}
			if e.interval != nil {
				r.take(e)
			}
		}
	}
	if !r.after.numbers {
		r.after = takeUsage(r.plan.pid)
	}
	return nil
}

// take adds what a worker measured.
func (r *runner) take(e event) {
	i := e.interval
	if i.last {
		r.ended++
		r.last[e.worker] = i.index
		r.tally.add(i.tally)
		r.busy = max(r.busy, i.busy)
	}
	index := i.index
	if index != warming {
		r.took[e.worker] += time.Duration(i.length)
	}
	p := r.parts[index]
	if p == nil {
		p = &part{sum: r.newSum(index)}
		r.parts[index] = p
	}
	p.sum.add(i)
	if !i.last { // from here on it is the worker's again
		select {
		case r.workers[e.worker].spare <- i:
		default:
		}
	}
	p.told++
	r.whole()
}

// whole goes on with the intervals of which all workers have told that did not end before them.
func (r *runner) whole() {
	for _, index := range slices.Sorted(maps.Keys(r.parts)) {
		p := r.parts[index]
		missing := len(r.workers) - p.told
		for _, last := range r.last {
			if last < index {
				missing--
			}
		}
		if missing > 0 {
			return
		}
		delete(r.parts, index)
		r.second(p.sum)
		r.spare = append(r.spare, p.sum)
	}
}

// newSum is where the intervals of all workers go.
func (r *runner) newSum(index int) *interval {
	last := len(r.spare) - 1
	if last < 0 {
		i := newInterval()
		i.index = index
		return i
	}
	i := r.spare[last]
	r.spare = r.spare[:last]
	i.reset(index)
	return i
}

// second is called with each interval that all workers have told of, in order.
func (r *runner) second(i *interval) {
	if i.index == warming {
		r.total.failures += i.failures
		r.total.lacking += i.lacking
		r.total.failureText = i.failureText
		return
	}
	r.total.add(i)
	s := report.Second{
		At: time.Duration(i.index) * time.Second, Length: time.Duration(i.length), Sent: i.sent, Received: i.arrived,
	}
	s.SetTimes(i.response, i.service)
	if r.plan.histograms {
		s.KeepHistograms(i.response, i.service)
	}
	if i.length > 0 {
		r.seconds = append(r.seconds, s)
		r.live.second(s)
	}
}
