package main

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// catcher has the first signal that asks for the end cancel a context, and lets a second one end the program at once.
type catcher struct {
	signals chan os.Signal
	cancel  context.CancelCauseFunc

	mu   sync.Mutex
	left []os.Signal // those that a command deals with itself
}

// ending lists the signals that ask for the end.
func ending() []os.Signal { return []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} }

// catchSignals returns the context. Signals that were ignored when we started (nohup, a shell's background job) stay so.
func catchSignals(parent context.Context) (context.Context, *catcher) {
	ctx, cancel := context.WithCancelCause(parent)
	c := &catcher{signals: make(chan os.Signal, 8), cancel: cancel}
	for _, s := range ending() {
		if !signal.Ignored(s) {
			signal.Notify(c.signals, s)
		}
	}
	go c.wait()
	return ctx, c
}

func (c *catcher) wait() {
	for s := range c.signals {
		if c.leaves(s) {
			continue
		}
		for _, e := range ending() {
			if !c.leaves(e) {
				signal.Reset(e)
			}
		}
		c.cancel(&toolkit.Interrupted{Signal: s})
		return
	}
}

// leave has signals not end the context any more. It is the Claim of the commands' environment.
func (c *catcher) leave(signals ...os.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = append(c.left, signals...)
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
