package link

import (
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// journal is the connection under the link of a Permanent. It remembers the lines that were written, in their order,
// until nobody need ask what became of them:
//
//	| in doubt: the kernel has them | in the connection's queue |
//	base                            taken                       put
type journal struct {
	transport.Conn
	p    *Permanent
	log  lines
	base uint64 // bytes written before the log begins
	next entry  // what the next line written is
	ours uint64 // where the last line of the Permanent's queue ends
	own  bool   // lines are our own: hello, heartbeat
	sure bool   // the peer confirms what it has read, by answers to the heartbeat

	receipt *receipt      // nil: the peer does not say what has left it
	timer   reactor.Timer // to forget what is old
	armed   bool
}

func (j *journal) begin(p *Permanent) { j.p = p }

// Write implements transport.Conn. Each call is one line.
func (j *journal) Write(line []byte) error {
	if err := j.Conn.Write(line); err != nil {
		return err
	}
	e := j.next
	e.given = j.p.now()
	switch {
	case j.own:
		e.kind = own
	case e.kind == reply:
		j.p.counts.Accepted++
	}
	j.log.push(line, e)
	if e.kind == queued {
		j.ours = j.put()
	}
	if j.log.bytes() > j.p.options.DoubtBytes {
		j.overflow()
	}
	if j.receipt != nil && e.kind != own {
		j.receipt.wrote()
	}
	if !j.armed {
		j.arm(j.p.options.DoubtTime)
	}
	return nil
}

// KeepsPackets implements transport.Framed if the connection does: then each packet is a line, and none has an end.
func (j *journal) KeepsPackets() bool { return transport.KeepsPackets(j.Conn) }

// Unacked implements transport.Acknowledger if the connection does.
func (j *journal) Unacked() (int, bool) {
	if a, ok := j.Conn.(transport.Acknowledger); ok {
		return a.Unacked()
	}
	return 0, false
}

// taken is how many bytes the kernel took.
func (j *journal) taken() uint64 { return j.Conn.Stats().BytesOut }

// put is how many bytes were written in all.
func (j *journal) put() uint64 { return j.base + uint64(j.log.bytes()) }

// gone is how many bytes may have reached the peer: all, for a connection that cannot tell.
func (j *journal) gone() uint64 {
	if _, ok := j.Conn.(transport.Acknowledger); ok {
		return j.taken()
	}
	return j.put()
}

// holds says whether the connection's queue has lines that another connection could carry.
func (j *journal) holds() bool { return j.ours > j.gone() }

// arrived is how many of so many bytes the other side's kernel has, as far as that can be known.
func (j *journal) arrived(of uint64) uint64 {
	n, _ := j.Unacked()
	return of - min(uint64(n), of)
}

// pop forgets the oldest line, which the kernel took.
func (j *journal) pop() {
	_, e := j.log.front()
	if e.kind != own {
		j.p.counts.Sent++
	}
	j.base += uint64(e.size)
	j.log.pop()
}

// trim forgets lines until at most so many bytes are left, but none that ends behind until.
func (j *journal) trim(bytes int, until uint64) {
	for j.log.len() > 0 && j.log.bytes() > bytes {
		if _, e := j.log.front(); j.base+uint64(e.size) > until {
			return
		}
		j.pop()
	}
}

// trimOwn forgets lines of our own that nothing else is in front of, up to a mark.
func (j *journal) trimOwn(mark uint64) {
	for j.log.len() > 0 {
		if _, e := j.log.front(); e.kind != own || j.base+uint64(e.size) > mark {
			return
		}
		j.pop()
	}
}

// overflow forgets the oldest lines. Where the peer confirms what it read they are kept, within reason: the queue is held
// back then, but replies are not.
func (j *journal) overflow() {
	limit := j.p.options.DoubtBytes
	if j.receipt != nil {
		j.receipt.forget(limit / 4 * 3)
		return
	}
	if j.sure && j.log.bytes() <= 2*limit+message.DefaultLimit {
		return
	}
	j.sure = false
	j.trim(limit/4*3, j.taken())
}

func (j *journal) arm(d time.Duration) {
	j.armed = true
	j.timer = j.p.loop.After(max(d, time.Millisecond), "forget what was sent", j.forget)
}

// forget drops what arrived and is old enough: a peer that lives has read it.
func (j *journal) forget() {
	j.armed = false
	if !j.sure && j.receipt == nil {
		for until, now := j.arrived(j.taken()), j.p.now(); j.log.len() > 0; j.pop() {
			if _, e := j.log.front(); j.base+uint64(e.size) > until || now-e.given < int64(j.p.options.DoubtTime) {
				break
			}
		}
	}
	if j.log.len() > 0 {
		j.arm(j.p.options.DoubtTime)
	}
}

// count adds what is in the log.
func (j *journal) count(c *Counts) {
	if j.receipt != nil {
		c.InDoubt += int(j.receipt.forgotten)
	}
	end, taken := j.base, j.taken()
	for _, e := range j.log.all() {
		end += uint64(e.size)
		switch {
		case e.kind == own:
		case end <= taken:
			c.Sent++
			c.InDoubt++
		default:
			c.Queued++
		}
	}
}

// settle decides, when the connection has ended, what became of each line. orderly says that the peer was given all and
// then closed its side too.
func (j *journal) settle(orderly bool, cause error) {
	j.timer.Cancel()
	p := j.p
	gone, now := j.gone(), p.now()
	arrived, old := j.arrived(gone), j.arrived(j.taken())
	uncertain, lost := because(ErrUncertain, cause), because(transport.ErrClosed, cause)
	if r := j.receipt; r != nil {
		r.timer.Cancel()
		p.counts.Uncertain += r.forgotten
		r.forgotten = 0
	}
	var again lines
	for ; j.log.len() > 0; j.log.pop() {
		line, e := j.log.front()
		start := j.base
		j.base += uint64(e.size)
		switch {
		case e.kind == own:
		case start >= gone && e.kind == queued:
			again.push(line, *e)
		case start >= gone:
			p.counts.Abandoned++
			p.report(line, lost)
		case orderly && j.base <= arrived, !j.sure && j.receipt == nil && j.base <= old && now-e.given >= int64(p.options.DoubtTime):
			p.counts.Sent++
		default:
			p.counts.Sent++
			p.counts.Uncertain++
			if j.base > arrived {
				p.counts.Unacked++
			}
			p.report(line, uncertain)
		}
	}
	p.requeue(&again)
}
