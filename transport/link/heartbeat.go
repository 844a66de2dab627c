package link

import (
	"strconv"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// beat is the heartbeat of one connection. Its answers tell more than that the peer lives: streams keep their order, so
// the peer has read what it was sent before the question.
type beat struct {
	s        *session
	timer    reactor.Timer
	over     bool   // no more questions
	silent   bool   // a question is out and nothing came since
	asked    bool   // a question is out and its answer is not there
	heard    bool   // something came since the timer was armed
	serial   uint64 // of the question
	stamp    string // its timestamp
	mark     uint64 // bytes written with it
	waited   int    // intervals that it has waited for its answer, while other messages came
	until    uint64 // bytes written when a sign of life was asked for
	progress uint64 // bytes that the kernel had when the timer was armed
}

func (b *beat) on() bool { return b.s != nil }

// begin asks at once: a peer that does not answer is not sent the queue.
func (b *beat) begin(s *session) {
	if s.p.options.Heartbeat.Interval <= 0 {
		return
	}
	b.s = s
	b.ask(false)
}

// end stops asking; answers still count.
func (b *beat) end() {
	b.over = true
	b.timer.Cancel()
}

// arm has tick called after d.
func (b *beat) arm(d time.Duration) {
	if b.over {
		return
	}
	b.heard = false
	b.progress = b.s.conn.taken()
	b.timer.Cancel()
	b.timer = b.s.p.loop.After(d, "heartbeat", b.tick)
}

func (b *beat) tick() {
	o := &b.s.p.options.Heartbeat
	switch {
	case b.silent && b.progress < min(b.until, b.s.conn.taken()):
		b.arm(o.Timeout) // the question waited behind a queue, and that got shorter
	case b.silent:
		b.s.fail("heartbeat", transport.ErrTimeout)
	case b.heard && b.asked:
		if b.waited++; b.waited > 1 {
			b.s.conn.sure = false // it lives but does not answer: do not wait for that
			b.s.p.pump()
		}
		b.arm(o.Interval)
	case b.heard && b.s.conn.log.len() == 0:
		b.arm(o.Interval)
	default:
		b.ask(b.s.conn.Queued() > 0)
	}
}

// ask sends a question and expects a sign of life. Behind a queue it may take longer.
func (b *beat) ask(behind bool) {
	_ = b.send()
	b.silent = true
	b.arm(b.s.p.options.Heartbeat.Timeout)
	b.until = b.s.conn.put()
	if !behind {
		b.progress = b.until
	}
}

// send sends a question, whatever the rate limits say. It fails if the connection takes nothing: the silence that follows is
// the peer's all the same.
func (b *beat) send() error {
	s, p := b.s, b.s.p
	p.serial++
	now := p.loop.Now()
	stamp := strconv.FormatInt(now.Unix(), 10) + "." + strconv.Itoa(1e9 + now.Nanosecond())[1:]
	err := s.say(message.New("ALIVE").SetUint("serial", p.serial).Set("timestamp", stamp))
	if err == nil {
		b.asked, b.waited, b.serial, b.stamp, b.mark = true, 0, p.serial, stamp, s.conn.put()
	}
	return err
}

// say sends a message of our own, whatever the rate limits say.
func (s *session) say(m *message.Message) error {
	p := s.p
	line, err := p.shared.encode(m, p.shared.asJSON(s.link.json))
	if err != nil {
		return err
	}
	text := len(line)
	if !s.link.packets {
		line = append(line, '\n')
		p.shared.out = line
	}
	s.conn.own = true
	err = s.conn.Write(line)
	s.conn.own = false
	p.shared.sent(s.link, m, line[:text], err)
	return err
}

// received notes a sign of life, and says whether m is the answer to a question of ours.
func (b *beat) received(m *message.Message) bool {
	if !b.on() {
		return false
	}
	b.heard = true
	if b.silent {
		b.silent = false
		b.arm(b.s.p.options.Heartbeat.Interval)
	}
	if string(m.CommandBytes()) != "ABSOLUTELY" {
		return false
	}
	stamp, _ := m.Lookup("timestamp")
	serial, err := m.Uint("serial")
	if !b.asked || err != nil || serial != b.serial || string(stamp) != b.stamp {
		return false
	}
	b.asked = false
	b.s.p.shared.trace(b.s.link, dispatch.Event{Message: m, Outcome: dispatch.Handled, Handler: "heartbeat"})
	b.confirm()
	return true
}

// confirm forgets all that was written before the question that was answered.
func (b *beat) confirm() {
	j := &b.s.conn
	j.sure = true
	switch {
	case j.receipt == nil || b.s.asking: // at the end it is enough that the peer has read all
		j.trim(0, b.mark)
	default:
		j.trimOwn(b.mark)
	}
	b.gave()
	switch {
	case b.s.asking:
		b.s.halfClose()
	case b.s.ready:
		b.s.p.pump()
	}
}

// room says whether more may be sent ahead of an answer.
func (b *beat) room() bool {
	return !b.s.confirms() || b.s.conn.receipt != nil || b.s.conn.log.bytes() < b.s.p.options.DoubtBytes
}

// gave asks between the beats when much is in doubt.
func (b *beat) gave() {
	if b.on() && b.s.conn.receipt == nil && !b.asked && !b.over && b.s.conn.log.bytes() > b.s.p.options.DoubtBytes/2 {
		_ = b.send() // when it cannot be sent, the next beat is soon enough
	}
}

// confirms says whether the peer answers with what it was asked.
func (s *session) confirms() bool { return s != nil && s.conn.sure }
