package bench

import (
	"time"

	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/transport"
)

// record takes down that a message was answered, or taken, at w.time.
func (w *worker) record(due, sent int64) { w.recordMany(1, due, sent) }

// recordMany is record for n messages of the same times.
func (w *worker) recordMany(n int, due, sent int64) {
	if w.now.index == warming && w.time >= w.from {
		w.tick(0)
	}
	if w.time >= w.from && (w.time < w.until || w.left == 0) {
		w.now.arrived += uint64(n)
	}
	if !w.measured(due) {
		return
	}
	w.now.recorded += uint64(n)
	w.last = w.time
	if w.time < min(w.until, w.ends)+w.moment {
		w.now.inTime += uint64(n)
	}
	service := w.time - sent
	if w.plan.closed() { // both times are the same, and so are those of many messages
		if service != w.run.value {
			w.endRun()
			w.run.value = service
		}
		w.run.count += int64(n)
		return
	}
	_ = w.now.service.RecordValues(report.Clamp(service), int64(n))
	_ = w.now.response.RecordValues(report.Clamp(w.time-due), int64(n))
}

// endRun puts the times that were counted into the histogram.
func (w *worker) endRun() {
	if w.run.count > 0 {
		_ = w.now.service.RecordValues(report.Clamp(w.run.value), w.run.count)
		w.run.count = 0
	}
}

// tick ends the current interval and begins the one with this index.
func (w *worker) tick(index int) {
	if w.phase == done || w.now.index >= index {
		return
	}
	w.time = w.clock()
	if index == 0 {
		w.mark, w.waited = w.from, w.loop.Stats().Waiting
	}
	w.hand(index, false)
	next := w.from + int64(index+1)*int64(time.Second)
	if next < w.until {
		w.loop.After(time.Duration(next-w.time), "second", func() { w.tick(index + 1) })
	}
}

// hand gives the current interval to the run and begins another one.
func (w *worker) hand(index int, last bool) {
	w.endRun()
	i := w.now
	i.bytesIn, i.bytesOut, i.last = w.bytesIn, w.bytesOut, last
	w.bytesIn, w.bytesOut = 0, 0
	until := w.until
	if w.left == 0 { // it lasts until the last of them is answered
		until = max(until, w.last)
	}
	i.length = max(0, min(w.time, until)-w.mark)
	if i.index != warming {
		w.mark = w.time
	}
	if w.plan.closed() {
		i.response.Merge(i.service)
	}
	if w.now = nil; last {
		i.tally = w.tally
		if w.left == 0 && w.ends != never {
			i.scheduled = max(0, w.ends-w.from)
		}
	} else {
		select {
		case w.now = <-w.spare:
			w.now.reset(index)
		default:
			w.now = newInterval()
			w.now.index = index
		}
	}
	w.report(event{worker: w.index, interval: i})
}

// end stops the sending of what is due after the end of the run.
func (w *worker) end() {
	if w.phase != sending {
		return
	}
	w.time = w.clock()
	if w.plan.closed() {
		w.drain()
		return
	}
	// What is due but was held back is still sent, if that is a matter of a moment.
	w.phase = catchingUp
	w.loop.After(time.Duration(w.until+w.moment-w.time), "catch up", w.drain)
	w.pump()
}

// interrupt ends the run early: what was measured so far counts.
func (w *worker) interrupt() {
	switch w.phase {
	case connecting, waiting:
		w.finish()
	case sending, catchingUp:
		w.halted = true
		w.time = w.clock()
		w.until = min(w.until, w.time)
		w.from = min(w.from, w.until)
		w.drain()
	case draining, finishing:
		w.finish()
	}
}

// drain waits for the answers that are still to come.
func (w *worker) drain() {
	if w.phase != sending && w.phase != catchingUp {
		return
	}
	if wall := w.clock() - w.from; wall > 0 && w.now.index >= 0 {
		w.now.busy = 1 - float64(w.loop.Stats().Waiting-w.waited)/float64(wall)
	}
	if s := w.schedule; s != nil && w.head < w.until && w.left > 0 {
		s.count = s.drawn // head was drawn, and not sent
		unsent := s.until(w.until) - s.until(w.from)
		if w.now.unsent += unsent; w.blocked {
			w.now.kept += unsent
			w.now.held += unsent
		}
	}
	w.phase = draining
	w.timer.Cancel()
	if w.inFlight == 0 || w.plan.oneWay() {
		w.drained()
		return
	}
	w.loop.After(w.patience(), "drain", w.drained)
}

// patience is how long the last answers are waited for.
func (w *worker) patience() time.Duration {
	if w.halted {
		return min(w.plan.answerIn, lastAnswers)
	}
	return w.plan.answerIn
}

// lastAnswers is how long who interrupted the run waits for them. What comes later is neither received nor lost.
const lastAnswers = time.Second

// drained goes on when nothing is to be waited for any more.
func (w *worker) drained() {
	if w.phase != draining {
		return
	}
	if w.plan.oneWay() {
		w.phase = finishing
		w.askAll()
		return
	}
	for _, c := range w.clients {
		if !w.halted {
			c.loseAll()
		}
	}
	w.finish()
}

// finish hands over the last interval and closes the connections; the loop ends with them.
func (w *worker) finish() {
	if w.phase == done {
		return
	}
	w.time = w.clock()
	for _, c := range w.clients {
		if w.plan.oneWay() {
			c.way.settle(c)
		}
		w.now.unfinished += c.unfinished()
	}
	w.phase = done
	w.hand(0, true)
	w.each(func(c transport.Conn) { _ = c.Close() }, func(c transport.PacketConn) { _ = c.Close() })
	w.stopIfClosed()
	w.loop.After(closeIn, "close", func() {
		w.each(func(c transport.Conn) { c.Abort(nil) }, func(c transport.PacketConn) { c.Abort(nil) })
		w.loop.After(closeIn, "stop", w.loop.Stop)
	})
}

// each calls one of the functions with each connection that there ever was: ending it twice does no harm.
func (w *worker) each(stream func(transport.Conn), packet func(transport.PacketConn)) {
	for _, c := range w.clients {
		switch {
		case c.packet != nil:
			packet(c.packet)
		case c.conn != nil:
			stream(c.conn)
		}
		for _, r := range c.to {
			if r.conn != nil {
				stream(r.conn)
			}
		}
		if c.dialled != nil && c.dialled.conn != nil {
			stream(c.dialled.conn)
		}
	}
	for _, i := range w.idle {
		if i.conn != nil {
			stream(i.conn)
		}
	}
	for _, c := range w.held {
		stream(c)
	}
}

// closeIn is how long a peer may take to take the last bytes.
const closeIn = 300 * time.Millisecond

// stopIfClosed ends the loop when no connection is left.
func (w *worker) stopIfClosed() {
	if w.phase == done && w.alive == 0 {
		w.loop.Stop()
	}
}
