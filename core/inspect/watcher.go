package inspect

import (
	"math/rand/v2"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
)

// Watcher is one who watches: a filter and a queue of records, each the text of a TRACE message. Where records had to be
// dropped, a LOST message stands in their place. It belongs to the goroutine of its Tracer.
type Watcher struct {
	// Ready is called when there is something to Take; it is called again only after a Take that took all. It may be
	// called inside the handler of a message: nothing is to be sent from it.
	Ready func()

	tracer  *Tracer
	id      uint64
	filter  Filter
	options WatchOptions
	queue   queue
	record  Record // scratch
	stats   WatchStats
	told    bool // Ready was called
	full    bool // see room
	closed  bool
	lost    Lost   // since the last record that was queued
	passed  uint64 // the filter, of the block that the next of the sample is chosen from
	chosen  uint64 // which of that block

	// The rate is a bucket of tokens, one for each record: it holds those of a second.
	tokens float64
	filled time.Time
}

// WatchStats counts what a watch came to: Matched is the sum of Sent, Dropped and what waits.
type WatchStats struct {
	Matched uint64 // passed filter and sample
	Sent    uint64 // taken
	Dropped Lost
	Queued  int // records, and notes about lost ones, that wait
	Bytes   int // of them
}

// Lost counts records that were dropped.
type Lost struct {
	Slow uint64 // because the watcher did not read
	Rate uint64 // because there were more than WatchOptions.Rate
}

// Sum is all of them.
func (l Lost) Sum() uint64 { return l.Slow + l.Rate }

func newWatcher(t *Tracer, id uint64, f Filter, o WatchOptions) *Watcher {
	if o.Bytes == 0 {
		o.Bytes = DefaultBytes
	}
	if o.Rate == 0 {
		o.Rate = DefaultRate
	}
	if o.Queue <= 0 {
		o.Queue = DefaultQueue
	}
	return &Watcher{tracer: t, id: id, filter: f, options: o, queue: queue{limit: min(o.Queue, MaxQueue)},
		tokens: float64(o.Rate), filled: t.now()}
}

// ID names the watch in its process.
func (w *Watcher) ID() uint64 { return w.id }

// Options are those it was made with, defaults filled in.
func (w *Watcher) Options() WatchOptions { return w.options }

// Close ends the watch; what waits is thrown away.
func (w *Watcher) Close() {
	if !w.closed {
		w.closed = true
		w.tracer.unwatch(w)
		w.queue = queue{}
	}
}

// Stats is a copy of the counters.
func (w *Watcher) Stats() WatchStats {
	s := w.stats
	s.Queued, s.Bytes = w.queue.len(), w.queue.bytes()
	return s
}

// wants says whether ev passes the filter and the sample, and counts it then.
func (w *Watcher) wants(ev *dispatch.Event) bool {
	if w.closed || !w.filter.Match(ev) {
		return false
	}
	if w.options.Sample > 1 && !w.sampled() {
		return false
	}
	w.stats.Matched++
	return true
}

// sampled says whether the next message is in the sample: one of each block of so many, and any of it. Each tenth of the messages
// of a service that answers all it gets would be nothing but answers.
func (w *Watcher) sampled() bool {
	if w.passed == 0 {
		w.chosen = rand.Uint64N(w.options.Sample)
	}
	yes := w.passed == w.chosen
	if w.passed++; w.passed == w.options.Sample {
		w.passed = 0
	}
	return yes
}

// offer queues ev if the watcher wants it and there is room. False: it had to be dropped.
func (w *Watcher) offer(ev *dispatch.Event, mate mate) bool {
	if !w.wants(ev) {
		return true
	}
	took := w.token(ev.Time)
	if took {
		took = w.room() && w.push(ev, mate)
		w.full = !took
	}
	if !took {
		w.drop()
	}
	w.tell()
	return took
}

// drop counts a record that cannot be taken.
func (w *Watcher) drop() {
	if w.full {
		w.lost.Slow++
		w.stats.Dropped.Slow++
	} else {
		w.lost.Rate++
		w.stats.Dropped.Rate++
	}
}

// minRecord is a size that records have at least: with less room the work of making one is not begun.
const minRecord = 128

// refill is the shortest time between refills of the bucket. In between, what is over the rate is dropped with one note
// at the end, and not every other record with a note for each.
const refill = 100 * time.Millisecond

// token takes one, if there is one.
func (w *Watcher) token(now time.Time) bool {
	if w.options.Rate < 0 {
		return true
	}
	if w.tokens < 1 {
		passed := now.Sub(w.filled)
		gained := passed.Seconds() * float64(w.options.Rate)
		if passed < refill || gained < 1 {
			return false
		}
		w.tokens, w.filled = min(float64(w.options.Rate), gained), now
	}
	w.tokens--
	return true
}

// room says whether there is any sense in making a record. After the queue was full it has to be half empty first, so that
// a note about lost records stands for many.
func (w *Watcher) room() bool {
	if w.full {
		w.full = w.queue.bytes() > w.queue.limit/2
	}
	return !w.full && w.queue.room(minRecord)
}

// push queues the note about what was lost before, and the record.
func (w *Watcher) push(ev *dispatch.Event, mate mate) bool {
	if !w.flushLost() {
		return false
	}
	w.fill(ev, mate)
	return w.queue.end(AppendRecord(w.queue.begin(), &w.record))
}

// flushLost queues a LOST message if records were dropped.
func (w *Watcher) flushLost() bool {
	if w.lost.Sum() == 0 {
		return true
	}
	e := line{append(w.queue.begin(), "LOST"...), ' '}
	e.number("rate", w.lost.Rate)
	e.number("slow", w.lost.Slow)
	e.number("total", w.stats.Dropped.Sum())
	e.number("watch", w.id)
	if !w.queue.end(e.dst) {
		return false
	}
	w.lost = Lost{}
	return true
}

// fill makes the record.
func (w *Watcher) fill(ev *dispatch.Event, mate mate) {
	r := &w.record
	text := r.Text[:0]
	*r = Record{
		Watch: w.id, Seq: w.tracer.seq, Time: ev.Time, Mono: w.tracer.mono(ev.Time),
		Link: ev.Link, Name: ev.Name, Peer: ev.Peer,
		Direction: ev.Direction, Outcome: ev.Outcome, Handler: ev.Handler, Took: ev.Took,
		Pair: mate.seq, Latency: mate.latency, Answer: mate.answer,
	}
	limit := w.options.Bytes
	if ev.Message == nil {
		shown, hidden := brokenText(ev.Raw)
		if len(shown) > max(limit, 0) {
			shown, r.Cut = shown[:max(limit, 0)], true
		}
		if hidden {
			r.Hidden = 1
		}
		r.Text, r.Size = append(text, shown...), len(ev.Raw)
		if ev.Err != nil {
			r.Error = clip(ev.Err.Error())
		}
		return
	}
	var sh shown
	r.Text, sh = w.tracer.secrets.appendShown(text, ev.Message, max(limit, 0))
	r.Size, r.Hidden, r.Cut = sh.size, sh.hidden, sh.cut
	r.JSON = ev.Message.IsJSON() || len(ev.Raw) > 0 && ev.Raw[0] == '{'
	if ev.Err != nil {
		r.Error = w.tracer.secrets.errorText(ev.Message, ev.Err.Error())
	}
}

// tell calls Ready once.
func (w *Watcher) tell() {
	if !w.told && w.Ready != nil {
		w.told = true
		w.Ready()
	}
}

// Take hands lines to send, the oldest first, until it returns an error; that line is kept for the next Take. A line is
// the text of a TRACE or LOST message, borrowed until send returns.
func (w *Watcher) Take(send func(line []byte) error) error {
	for w.queue.len() > 0 {
		line := w.queue.front()
		if err := send(line); err != nil {
			return err
		}
		if w.closed {
			return nil
		}
		if line[0] == 'T' {
			w.stats.Sent++
		}
		w.queue.pop()
		if w.full && w.room() {
			w.tracer.wake()
		}
	}
	w.told = false
	return nil
}

// Owes says whether records were dropped since the last one that was queued. The note about them is queued with the next
// record; when none may come for a while, TellLost queues it.
func (w *Watcher) Owes() bool { return w.lost.Sum() > 0 }

// TellLost queues a LOST message if one is owed and there is room.
func (w *Watcher) TellLost() {
	if w.Owes() && !w.closed && w.flushLost() {
		w.tell()
	}
}
