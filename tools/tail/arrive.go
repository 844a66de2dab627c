package tail

import (
	"fmt"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/link"
)

// maxLabels bounds the labels kept for packet senders, each of which may come with a new port.
const maxLabels = 4096

// tap is a listening as the links see it. It does not trace: what is sent, send shows.
type tap listening

var _ link.Dispatcher = (*tap)(nil)

// Traced says no.
func (t *tap) Traced() bool { return false }

// Trace does nothing.
func (t *tap) Trace(*dispatch.Event) {}

// Dispatch takes each message that comes.
func (t *tap) Dispatch(from dispatch.Sender, m *message.Message) dispatch.Outcome {
	l := (*listening)(t)
	if l.over {
		return dispatch.Dropped
	}
	l.active = l.loop.Now()
	peer, id := l.origin(from)
	l.text = m.AppendReceived(l.text[:0])
	l.sum.arrived(m.CommandBytes(), len(l.text))
	if l.filter.match(m, peer, false) {
		l.put(&entry{at: l.env.Now(), peer: peer, link: id, m: m, text: l.text})
		l.seen++
	} else {
		l.sum.hidden++
	}
	if l.over { // it could not be written
		return dispatch.Handled
	}
	l.respond(from, m, peer, id)
	switch {
	case l.count > 0 && l.seen >= l.count:
		l.finish(nil)
	case l.until != nil && l.until.Match(m.CommandBytes()):
		l.finish(nil) // it came, whether it is shown or not
	}
	return dispatch.Handled
}

// malformed takes each line that is no message.
func (l *listening) malformed(from dispatch.Sender, line []byte, err error) {
	if l.over {
		return
	}
	l.active = l.loop.Now()
	l.sum.broken++
	peer, id := l.origin(from)
	l.put(&entry{at: l.env.Now(), peer: peer, link: id, text: line, err: err})
}

// put shows and records e.
func (l *listening) put(e *entry) {
	switch {
	case l.form != asRaw || e.err == nil:
	case e.out:
		l.out.Warn("to %s: not sent: %s", toolkit.Escape(e.peer), toolkit.Escape(e.err.Error()))
	default:
		l.out.Warn("from %s: %s", toolkit.Escape(e.peer), toolkit.Escape(e.err.Error()))
	}
	before := l.screen.grow()
	after := l.show.append(before, e)
	if l.recorder != nil {
		var err error
		if l.form == asJSON && !l.show.terminal {
			err = l.recorder.addLine(after[len(before):])
		} else {
			err = l.recorder.add(e)
		}
		if err != nil {
			l.fail(err)
		}
	}
	if err := l.screen.keep(after); err != nil {
		l.fail(err)
	}
	if !l.flushing {
		l.flushing = true
		l.loop.Later(l)
	}
}

// OnTurnEnd writes what this turn brought, before the loop waits.
func (l *listening) OnTurnEnd() {
	l.flushing = false
	l.write()
}

// write writes out recording and screen. The recording comes first: a reader of our output that is gone ends us.
func (l *listening) write() {
	if l.recorder != nil {
		if err := l.recorder.flush(); err != nil {
			l.fail(err)
		}
	}
	if err := l.screen.flush(); err != nil {
		l.fail(err)
	}
}

// fail ends the run because of an error of ours; it outweighs an end in good order that has begun.
func (l *listening) fail(err error) {
	if l.over && l.verdict == nil {
		l.verdict = err
	}
	l.finish(err)
}

// origin is the label of the sender, and the serial of its link.
func (l *listening) origin(from dispatch.Sender) (string, uint64) {
	switch p := from.(type) {
	case *link.Link:
		return l.labelOf(p), p.ID()
	case *link.Peer:
		return l.packetLabel(p.Address()), p.Conn().ID()
	case interface{ Link() *link.Link }: // a service's sender
		return l.labelOf(p.Link()), p.Link().ID()
	}
	return "", 0
}

// labelOf names the other end of a link. The peer of a Unix socket has no address; there its process is told.
func (l *listening) labelOf(lk *link.Link) string {
	if s, ok := lk.Value().(string); ok {
		return s
	}
	c := lk.Conn()
	s := c.Remote().String()
	if peer, ok := c.Peer(); ok {
		name := c.Local()
		if l.connect {
			name = c.Remote()
		}
		s = fmt.Sprintf("%s#%d", name, peer.PID)
	}
	lk.SetValue(s)
	return s
}

func (l *listening) packetLabel(a address.Address) string {
	if s, ok := l.labels[a]; ok {
		return s
	}
	if l.labels == nil || len(l.labels) >= maxLabels {
		l.labels = map[address.Address]string{}
	}
	s := ""
	if !a.IsZero() {
		s = a.String()
	}
	l.labels[a] = s
	return s
}
