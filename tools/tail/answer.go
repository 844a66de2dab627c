package tail

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// respond gives m what the operator asked for: --echo, --reply, --on. Without them nothing is sent.
func (l *listening) respond(from dispatch.Sender, m *message.Message, peer string, id uint64) {
	if (l.echo || len(l.replies) > 0) && answerable(m) {
		if l.echo {
			l.answer.Repeat(m)
			l.send(from, peer, id, &l.answer)
		}
		for _, r := range l.replies {
			l.answer.ReplyTo(m, r.Command())
			l.answer.CopyParams(r)
			readdress(&l.answer, r)
			l.send(from, peer, id, &l.answer)
		}
	}
	for _, t := range l.on {
		if t.command.Match(m.CommandBytes()) {
			l.trigger(t, from, m, peer, id)
		}
	}
}

// answerable says whether m may be answered at all: two programs that answer each other's complaints would never end.
func answerable(m *message.Message) bool {
	switch string(m.CommandBytes()) {
	case "INVALID", "UNKNOWN", "ABSOLUTELY", "COMMANDS":
		return false
	}
	return true
}

// readdress gives m the addresses that the operator wrote in r; those win over the sender of what is answered.
func readdress(m, r *message.Message) {
	if r.Service() != "" {
		m.SetServer(r.Server())
		m.SetService(r.Service())
	}
	if r.SentFromService() != "" || r.SentFromServer() != "" {
		m.SetSentFrom(r.SentFromServer(), r.SentFromService())
	}
}

// send sends m and shows it, or why it was not sent.
func (l *listening) send(to dispatch.Sender, peer string, id uint64, m *message.Message) {
	err := to.Send(m)
	if _, packet := to.(*link.Peer); packet && errors.Is(err, transport.ErrTooBig) {
		err = fmt.Errorf("%w of a datagram; --max-datagram raises it", err)
	}
	l.sent(peer, id, m, err)
}

func (l *listening) sent(peer string, id uint64, m *message.Message, err error) {
	if err == nil {
		l.sum.out++
	} else {
		l.sum.notSent++
	}
	if !l.filter.match(m, peer, true) {
		return
	}
	text := m.AppendReceived(nil)
	l.put(&entry{at: l.env.Now(), peer: peer, link: id, out: true, m: m, text: text, err: err})
}

// greetPackets sends what --send says over a packet socket that has a remote.
func (l *listening) greetPackets(s transport.PacketConn) {
	for _, m := range l.greet {
		l.sent(s.Remote().String(), s.ID(), m, l.packets.SendTo(s, m, address.Address{}))
	}
}

// trigger runs a shell command for m.
func (l *listening) trigger(t *trigger, from dispatch.Sender, m *message.Message, peer string, id uint64) {
	if p, ok := from.(*link.Peer); ok {
		from = p.Clone()
	}
	j := &job{trigger: t, command: m.Command(), peer: peer, link: id, from: from, address: m.Reply("")}
	j.env, j.size = environment(m, l.text, peer)
	if !l.runner.start(j) {
		l.warned.once("on", "too many shell commands wait; from now on some are not run")
	}
}

// event is what --json prints about something that is no message. It has no command, so `ed send --json` passes it over.
type event struct {
	V     int    `json:"v"`
	Time  string `json:"time"`
	Event string `json:"event"`
	Peer  string `json:"peer,omitempty"`
	Link  uint64 `json:"link,omitempty"`
	For   string `json:"for"` // the command of the message
	Run   string `json:"run"`
	Exit  int    `json:"exit"` // 128 and the signal's number for a death by signal; -1: it was not started
	How   string `json:"how"`
	Took  int64  `json:"took_ns"`
}

// ran reports how a shell command ended, and sends what it printed.
func (l *listening) ran(res result) {
	l.sendOutput(res)
	if l.form == asJSON {
		l.write() // what came before it
		err := l.out.JSONLine(event{
			V: 1, Time: l.env.Now().Format(time.RFC3339Nano), Event: "on", Peer: res.peer, Link: res.link,
			For: res.command, Run: res.trigger.line, Exit: res.exit, How: res.how, Took: int64(res.took),
		})
		if err != nil {
			l.fail(err)
		}
		return
	}
	how := res.how
	if res.exit != 0 {
		how = l.out.ErrPaint.Red(how)
	}
	l.out.Say("on %s: %s after %s: %s", res.command, how, toolkit.Short(res.took), toolkit.Escape(res.trigger.line))
}

// sendOutput sends each line that a shell command printed to the sender of its message.
func (l *listening) sendOutput(res result) {
	if res.lost {
		l.out.Warn("on %s: it printed more than %d bytes, the rest is not sent", res.command, maxReplyBytes)
	}
	for line := range bytes.Lines(res.out) {
		m, err := message.Parse(line)
		if errors.Is(err, message.ErrEmpty) {
			continue
		}
		if err != nil {
			l.out.Warn("on %s: what it printed is not sent: %v", res.command, err)
			continue
		}
		if m.Service() == "" {
			m.SetServer(res.address.Server())
			m.SetService(res.address.Service())
		}
		l.send(res.from, res.peer, res.link, m)
	}
}
