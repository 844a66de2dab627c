package watch

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"

	"github.com/ed-toolbox/ed/core/reactor"
)

// PoolOptions describe a Pool. The zero value is good.
type PoolOptions struct {
	Workers int // most tasks that run at a time; 0: 8
	Queue   int // most tasks that wait for a worker, more is ErrBusy; 0: 1024
}

// Pool runs tasks on goroutines of their own, so many at a time, and delivers their results on its loop. A goroutine
// lives as long as its task.
type Pool struct {
	loop    *reactor.Loop
	options PoolOptions
	running int
	queue   []*Task
	tasks   map[*Task]struct{}
	closed  bool
}

// poolKey finds the loop's default pool.
type poolKey struct{}

// NewPool makes a pool for the loop. It need not be closed if its tasks end.
func NewPool(l *reactor.Loop, o PoolOptions) *Pool {
	if o.Workers <= 0 {
		o.Workers = 8
	}
	if o.Queue <= 0 {
		o.Queue = 1024
	}
	return &Pool{loop: l, options: o, tasks: map[*Task]struct{}{}}
}

// DefaultPool is the loop's own pool, with the default options.
func DefaultPool(l *reactor.Loop) *Pool {
	return l.Local(poolKey{}, func() any { return NewPool(l, PoolOptions{}) }).(*Pool)
}

// Running is the number of tasks that have a worker.
func (p *Pool) Running() int { return p.running }

// Waiting is the number of tasks in the queue.
func (p *Pool) Waiting() int { return len(p.queue) }

// Close cancels all tasks; their callbacks are still called. Later tasks are refused with ErrClosed.
func (p *Pool) Close() {
	p.closed = true
	for t := range p.tasks {
		t.Cancel()
	}
}

// Task is one call off the loop.
type Task struct {
	pool   *Pool
	ctx    context.Context
	cancel context.CancelFunc
	work   func() // on a goroutine of its own
	finish func() // on the loop
	queued bool
}

// Background is Run on the loop's default pool.
func Background[T any](l *reactor.Loop, f func(context.Context) (T, error), done func(T, error)) (*Task, error) {
	return Run(DefaultPool(l), f, done)
}

// Run has f called on a goroutine of its own, when a worker of the pool is free, and then done with its result, exactly once, on
// the loop's goroutine, in a later callback. It is called on that goroutine, too. The loop is kept alive until done was called.
//
// A panic of f is a *PanicError with its stack; runtime.Goexit in f is an error as well. ErrBusy: the queue is full;
// ErrClosed: the pool was closed; done is then not called. When the loop is closed before f ends, done is
// never called.
func Run[T any](p *Pool, f func(context.Context) (T, error), done func(T, error)) (*Task, error) {
	t := &Task{pool: p}
	var result T
	err := context.Canceled // what a task that leaves the queue ends with
	t.work = func() {
		err = errGoexit // what is left if f does not return
		defer func() {
			if v := recover(); v != nil {
				err = &PanicError{Value: v, Stack: debug.Stack()}
			}
		}()
		result, err = f(t.ctx)
	}
	t.finish = func() { done(result, err) }
	if err := p.submit(t); err != nil {
		return nil, err
	}
	return t, nil
}

// errGoexit is the result of a task that ended its goroutine.
var errGoexit = errors.New("background task ended its goroutine")

func (p *Pool) submit(t *Task) error {
	switch {
	case p.closed:
		return ErrClosed
	case len(p.queue) >= p.options.Queue:
		return ErrBusy
	}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	p.tasks[t] = struct{}{}
	p.loop.Hold()
	if p.running < p.options.Workers {
		p.start(t)
		return nil
	}
	t.queued = true
	p.queue = append(p.queue, t)
	return nil
}

func (p *Pool) start(t *Task) {
	p.running++
	go t.run()
}

// run also serves tasks that leave by runtime.Goexit: the deferred call posts the result.
func (t *Task) run() {
	defer t.deliver()
	t.work()
}

// deliver hands the result to the loop; one that is closed has nobody to tell.
func (t *Task) deliver() {
	_ = t.pool.loop.PostWait(t.ended)
	t.cancel()
}

// ended is called on the loop.
func (t *Task) ended() {
	p := t.pool
	p.running--
	if len(p.queue) > 0 {
		next := p.queue[0]
		p.queue[0] = nil
		p.queue = p.queue[1:]
		next.queued = false
		p.start(next)
	}
	t.conclude()
}

func (t *Task) conclude() {
	delete(t.pool.tasks, t)
	t.pool.loop.Release()
	t.finish()
}

// Cancel ends the task's context, on the loop's goroutine. A task that runs should take notice and return, and done gets what it
// returned; one that waits in the queue leaves it, and done gets context.Canceled. Cancelling twice, or too late, is nothing.
func (t *Task) Cancel() {
	t.cancel()
	if !t.queued {
		return
	}
	t.queued = false
	t.pool.queue = slices.DeleteFunc(t.pool.queue, func(q *Task) bool { return q == t })
	t.pool.loop.After(0, "cancelled task", t.conclude)
}
