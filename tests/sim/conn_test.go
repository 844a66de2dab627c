package sim_test

import (
	"errors"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/router"
)

// window is how many lines a connection takes before it is full. A service then has to wait; a router closes the connection,
// as its reader is too slow.
const window = 250

var errFull = errors.New("queue is full")

// end is one end of a connection: what is written here comes out of other.
type end struct {
	w       *world
	other   *end
	receive func(line string)
	closed  func(lost router.Lost)

	taken, arrived int           // lines written here, and lines that the other end has
	last           time.Duration // when the last of them arrives: lines keep their order
	stalled        time.Duration // nothing arrives at the other end before
	closesSlow     bool          // it is a router's
	ended          bool          // nothing is taken any more
	told           bool          // closed was called
	cut            bool          // the connection broke: nothing arrives any more
	atCut          int           // taken when it broke
}

// connect makes a connection and returns its ends.
func (w *world) connect() (a, b *end) {
	a, b = &end{w: w}, &end{w: w}
	a.other, b.other = b, a
	return a, b
}

func (e *end) Send(m *message.Message) error {
	text, err := m.AppendText(nil)
	if err != nil {
		return err
	}
	return e.SendText(text)
}

func (e *end) SpeaksText() bool { return true }

func (e *end) SendText(text []byte) error {
	switch {
	case e.ended:
		return errors.New("closed")
	case e.taken-e.arrived >= window:
		if e.closesSlow {
			e.w.note("slow", string(text))
			e.w.faults = append(e.w.faults, e.w.now)
			e.w.cutEnd(e)
		}
		return errFull
	}
	e.taken++
	line := string(text)
	e.w.note("send", line)
	e.arrive(func() {
		e.arrived++
		e.other.receive(line)
	})
	return nil
}

// Pending is how many lines have not arrived.
func (e *end) Pending() int { return e.taken - e.arrived }

// arrive lets something happen at the other end, after all that was sent before.
func (e *end) arrive(f func()) {
	at := max(e.w.now+e.w.delay(), e.stalled, e.last)
	e.last = at
	e.w.after(at-e.w.now, func() {
		if !e.cut && !e.other.told {
			f()
		}
	})
}

// Close ends the connection when what was sent has arrived.
func (e *end) Close() error {
	if e.ended {
		return nil
	}
	e.ended = true
	e.arrive(func() {
		e.other.end()
		e.end()
	})
	return nil
}

// Abort ends the connection now.
func (e *end) Abort(error) {
	e.w.faults = append(e.w.faults, e.w.now)
	e.w.cutEnd(e)
}

// end tells both sides of an end, once.
func (e *end) end() {
	if e.told {
		return
	}
	e.told, e.ended = true, true
	lost := router.Lost{}
	if n := e.taken - e.arrived; n > 0 {
		if e.cut && e.taken > e.atCut {
			lost.Queued = min(n, e.taken-e.atCut)
		}
		lost.Uncertain = n - lost.Queued
	}
	if e.cut && e.arrived > 0 { // what arrived last may not be known to have arrived
		lost.Uncertain += e.w.rand.IntN(min(3, e.arrived) + 1)
	}
	e.closed(lost)
}

// cutEnd breaks a connection. Both sides notice it, at different times.
func (w *world) cutEnd(e *end) {
	for _, x := range [...]*end{e, e.other} {
		if x.cut {
			continue
		}
		x.cut, x.atCut = true, x.taken
		w.after(w.noticed(), x.end)
	}
}
