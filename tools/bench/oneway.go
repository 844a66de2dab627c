package bench

import (
	"strconv"

	"github.com/ed-toolbox/ed/core/address"
)

// outgoing is a client's account of messages that are not answered: they count as served when the kernel has taken them.
// At the end the service is asked what it got.
type outgoing struct {
	total   uint64 // bytes, or packets, that the connection was given
	queue   []given
	head    int
	touched bool // in the worker's list
	asked   bool
	told    bool // the service answered

	measuring bool // messages are measured, and numbered from 0 again
}

// shown is how the number of a message is written. Those of the warm-up have the lower half of all numbers, and those
// that are measured the upper half, so that the service knows which to count.
func (o *outgoing) shown(n, modulo uint64) uint64 {
	half := modulo / 2
	if o.measuring {
		return half + n%half
	}
	return (modulo/10 + n) % half
}

// number has the next message numbered as it should be. The digits are counted up, which does not do where a half of the
// numbers begins.
func (o *outgoing) number(c *client, due int64) {
	switch half := c.script.modulo / 2; {
	case !o.measuring && c.w.measured(due):
		o.measuring = true
		c.setNext(0)
	case o.shown(c.next, c.script.modulo)%half == 0:
		c.setNext(c.next)
	}
}

// measured is how many messages the service was to count.
func (o *outgoing) measured(c *client) uint64 {
	if o.measuring {
		return c.next
	}
	return 0
}

// given is a part of the queue: messages that are taken when so much is.
type given struct {
	end       uint64
	due, sent int64
	n         int
}

// given notes n messages that were written together.
func (o *outgoing) given(c *client, n, bytes int, due, now int64) {
	if c.packets && c.packet != nil {
		o.total++
	} else if c.packets {
		o.total += uint64(bytes - 1) // the line end is not sent
	} else {
		o.total += uint64(bytes)
	}
	o.queue = append(o.queue, given{o.total, due, now, n})
	c.w.touch(c)
}

// settle records what the kernel has taken.
func (o *outgoing) settle(c *client) {
	taken := o.total - uint64(c.queued())
	for o.head < len(o.queue) && o.queue[o.head].end <= taken {
		g := &o.queue[o.head]
		c.w.recordMany(g.n, g.due, g.sent)
		o.head++
	}
	if o.head == len(o.queue) {
		o.queue, o.head = o.queue[:0], 0
	} else if o.head >= 4096 {
		o.queue = append(o.queue[:0], o.queue[o.head:]...)
		o.head = 0
	}
}

// fewClients is up to how many are looked at in each turn, and not only when they were written to, have room again, or are
// swept.
const fewClients = 256

// settleAll records what the kernel has taken since the last turn.
func (w *worker) settleAll() {
	if w.phase == done {
		return
	}
	known := false
	for _, c := range w.clients {
		if c.way.head == len(c.way.queue) {
			continue
		}
		if !known {
			w.time, known = w.clock(), true
		}
		c.way.settle(c)
	}
}

// touch has the client looked at when what was written has gone out.
func (w *worker) touch(c *client) {
	if !c.way.touched {
		c.way.touched = true
		w.touched = append(w.touched, c)
	}
}

// flush has OnTurnEnd called after the connections have sent what they were given.
func (w *worker) flush() {
	if len(w.touched) > 0 && !w.flushing {
		w.flushing = true
		w.loop.Later(w)
	}
}

// OnTurnEnd implements reactor.Ender. What was encrypted in this turn is written at the end of the next one.
func (w *worker) OnTurnEnd() {
	w.flushing = false
	if w.phase == done {
		return
	}
	if w.encrypted = w.plan.target.Scheme == address.TLS && !w.encrypted; w.encrypted {
		w.flush()
		return
	}
	w.time = w.clock()
	list := w.touched
	w.touched = w.touchedBefore[:0]
	w.touchedBefore = list
	for _, c := range list {
		c.way.touched = false
		c.way.settle(c)
		if w.plan.closed() && w.phase == sending {
			c.fill(w.time)
		}
	}
	w.flush()
}

// Commands between generator and service.
const (
	commandPub   = "PUB"
	commandTally = "BENCH_TALLY"
)

// askAll asks the service what it got.
func (w *worker) askAll() {
	w.tally = &tally{asked: len(w.clients)}
	for _, c := range w.clients {
		c.way.settle(c)
		if c.open {
			c.way.asked = true
			w.asked++
		}
	}
	if w.asked == 0 {
		w.finish()
		return
	}
	w.loop.After(w.patience(), "tally", w.finish)
	w.askAgain()
}

// askAgain asks those that have not answered; a datagram may be lost.
func (w *worker) askAgain() {
	if w.phase != finishing {
		return
	}
	for _, c := range w.clients {
		if !c.way.told && c.open {
			_ = c.write([]byte(commandTally + " serial=" + strconv.Itoa(c.id+1) + "\n"))
		}
	}
	if w.plan.target.IsDatagram() {
		w.loop.After(w.plan.answerIn/4, "ask again", w.askAgain)
	}
}

// take handles what a stream brings back.
func (o *outgoing) take(c *client, p []byte) {
	if !o.asked {
		return // echoes, which nobody waits for
	}
	if c.packets {
		o.takeLine(c, p)
		return
	}
	_ = c.decoder.Feed(p, func(line []byte) bool { // a line that is too long is not the answer
		o.takeLine(c, line)
		return true
	})
}

// takeLine looks for the answer to the question. Over a stream any answer to it says that all before it arrived, too.
func (o *outgoing) takeLine(c *client, line []byte) {
	m, w := &c.w.m, c.w
	if !o.asked || o.told || m.Decode(line) != nil {
		return
	}
	about, _ := m.Lookup("command")
	switch command := string(m.CommandBytes()); {
	case command == commandTally && m.Has("received") && w.ownMessages():
		o.told = true
		w.tally.hear(m, o.measured(c))
	case (command == commandTally || command == "UNKNOWN" && string(about) == commandTally) && !w.plan.target.IsDatagram():
		o.told = true
		w.tally.known++
	default:
		return
	}
	if w.asked--; w.asked == 0 {
		w.finish()
	}
}

// ownMessages says that the messages are those that `ed bench serve` counts.
func (w *worker) ownMessages() bool {
	return string(w.plan.script.lines[0].name) == commandPub && w.plan.script.name == "seq"
}
