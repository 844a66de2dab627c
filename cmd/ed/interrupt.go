package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// catcher has the first signal that asks for the end cancel a context, and lets a second one end the program at once.
type catcher struct {
	signals chan os.Signal
	cancel  context.CancelCauseFunc
	ready   chan struct{} // closed when the signals are caught

	mu   sync.Mutex
	left []os.Signal // those that a command deals with itself
}

// ending lists the signals that ask for the end.
func ending() []os.Signal { return []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} }

// catchSignals returns the context. Signals that were ignored when we started (nohup, a shell's background job) stay so.
// The runtime hands each signal to a thread and waits for it, which takes a while on a busy machine: other things can be done
// until ready is closed.
func catchSignals(parent context.Context) (context.Context, *catcher) {
	ctx, cancel := context.WithCancelCause(parent)
	c := &catcher{signals: make(chan os.Signal, 8), cancel: cancel, ready: make(chan struct{})}
	go c.wait()
	return ctx, c
}

func (c *catcher) wait() {
	for _, s := range ending() {
		if !signal.Ignored(s) {
			signal.Notify(c.signals, s)
		}
	}
	close(c.ready)
	for s := range c.signals {
		if c.leaves(s) {
			continue
		}
		c.cancel(&toolkit.Interrupted{Signal: s})
		c.letSecondKill()
		return
	}
}

// doubled is how long a second signal counts as an echo of the first: timeout(1) sends one to the program and one to its
// group, and so do others that run programs.
const doubled = 100 * time.Millisecond

// letSecondKill gives the signals their default actions back, after a moment.
func (c *catcher) letSecondKill() {
	moment := time.NewTimer(doubled)
	defer moment.Stop()
	for {
		select {
		case _, ok := <-c.signals:
			if !ok {
				return
			}
		case <-moment.C:
			for _, s := range ending() {
				if !c.leaves(s) {
					signal.Reset(s)
				}
			}
			return
		}
	}
}

// leave has signals not end the context, until what it returns is called. It is the Claim of the commands' environment.
func (c *catcher) leave(signals ...os.Signal) (take func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = append(c.left, signals...)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.left = slices.DeleteFunc(c.left, func(s os.Signal) bool { return slices.Contains(signals, s) })
	}
}

func (c *catcher) leaves(s os.Signal) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.left, s)
}

// release gives the signals back their default actions.
func (c *catcher) release() {
	signal.Stop(c.signals)
	close(c.signals)
	c.cancel(nil)
}

// onQuit is the OnQuit of the commands' environment.
func onQuit(f func()) (stop func()) {
	if signal.Ignored(syscall.SIGQUIT) {
		return func() {}
	}
	quit := make(chan os.Signal, 1)
	signal.Notify(quit, syscall.SIGQUIT)
	go func() {
		if _, came := <-quit; came {
			f()
			signal.Reset(syscall.SIGQUIT)
			_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT)
		}
	}()
	return func() {
		signal.Stop(quit)
		close(quit)
	}
}
