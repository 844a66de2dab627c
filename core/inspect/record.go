package inspect

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// Record is one message that came or went in a process that is watched.
type Record struct {
	Watch uint64 // which of the watches on this connection
	Seq   uint64 // counts the events of the process while it is watched, shown or not
	Time  time.Time
	Mono  time.Duration // monotonic time of the machine, the same for all its processes

	Link uint64 // serial of the connection
	Name string // of the connection: our end of it
	Peer string // the other end

	Direction dispatch.Direction
	Outcome   dispatch.Outcome
	Handler   string
	Took      time.Duration // time in the handler
	Error     string

	Text   []byte // the message as canonical text, secrets hidden; or the line that is none
	Size   int    // bytes that the text had, before anything was hidden or cut
	Hidden int    // values hidden
	Cut    bool   // values were cut or left out
	JSON   bool   // it came as JSON

	// Pair is the Seq of the request that this answers, or of the answer that this request got; 0 if none is known.
	Pair    uint64
	Latency time.Duration // between the two
	Answer  bool          // it is the answer of the two
}

// Broken says that the record is of a line that is no message.
func (r *Record) Broken() bool { return r.Outcome == dispatch.Malformed }

// Message decodes the text. The message is the caller's.
func (r *Record) Message() (*message.Message, error) {
	if r.Broken() {
		return nil, fmt.Errorf("no message: %s", r.Error)
	}
	return message.Parse(r.Text)
}

// Event makes an event of the record, for a Filter; m may be nil, then the text is decoded.
func (r *Record) Event(m *message.Message) dispatch.Event {
	if m == nil {
		m, _ = r.Message() // nil for a broken line, as in any event
	}
	return dispatch.Event{Time: r.Time, Direction: r.Direction, Link: r.Link, Name: r.Name, Peer: r.Peer, Message: m,
		Outcome: r.Outcome, Handler: r.Handler, Took: r.Took}
}

// AppendRecord appends the record as the canonical text of a TRACE message, which ParseRecord reads. The parameters are in the order of their
// names; what is empty is left out.
func AppendRecord(dst []byte, r *Record) []byte {
	e := line{append(dst, "TRACE"...), ' '}
	e.flag("answer", r.Answer)
	e.flag("cut", r.Cut)
	e.text("direction", r.Direction.String())
	e.text("error", r.Error)
	e.text("handler", r.Handler)
	e.number("hidden", uint64(r.Hidden))
	e.flag("json", r.JSON)
	e.span("latency", r.Latency)
	e.number("link", r.Link)
	raw := bytes.IndexByte(r.Text, 0) >= 0
	if !raw {
		e.bytes("message", r.Text)
	}
	e.span("mono", r.Mono)
	e.text("name", r.Name)
	e.text("outcome", r.Outcome.String())
	e.number("pair", r.Pair)
	e.text("peer", r.Peer)
	if raw { // only a broken line can have a NUL
		e.name("raw_base64")
		e.dst = base64.StdEncoding.AppendEncode(e.dst, r.Text)
	}
	e.number("seq", r.Seq)
	if r.Size != len(r.Text) {
		e.number("size", uint64(r.Size))
	}
	if !r.Time.IsZero() {
		e.name("time")
		e.dst = message.TimespecOf(r.Time).AppendText(e.dst)
	}
	e.span("took", r.Took)
	e.number("watch", r.Watch)
	return e.dst
}

// line writes parameters one after the other.
type line struct {
	dst  []byte
	mark byte
}

func (e *line) name(name string) {
	e.dst = append(append(append(e.dst, e.mark), name...), '=')
	e.mark = ';'
}

func (e *line) flag(name string, b bool) {
	if b {
		e.name(name)
		e.dst = append(e.dst, "true"...)
	}
}

func (e *line) number(name string, n uint64) {
	if n != 0 {
		e.name(name)
		e.dst = strconv.AppendUint(e.dst, n, 10)
	}
}

func (e *line) span(name string, d time.Duration) {
	if d != 0 {
		e.name(name)
		e.dst = message.TimespecOfDuration(d).AppendText(e.dst)
	}
}

func (e *line) text(name, s string) {
	if s != "" {
		var room [256]byte // short ones stay on the stack
		e.bytes(name, append(room[:0], clean(s)...))
	}
}

func (e *line) bytes(name string, b []byte) {
	if len(b) > 0 {
		e.name(name)
		e.dst = message.AppendValue(e.dst, b)
	}
}

// ParseRecord reads a TRACE message. The record keeps nothing of m.
func ParseRecord(m *message.Message, r *Record) error {
	if string(m.CommandBytes()) != "TRACE" {
		return fmt.Errorf("read record: %s is no TRACE", m.Command())
	}
	p := parser{m: m}
	*r = Record{
		Watch: p.number("watch"), Seq: p.number("seq"), Mono: p.span("mono"),
		Link: p.number("link"), Name: p.text("name"), Peer: p.text("peer"),
		Handler: p.text("handler"), Took: p.span("took"), Error: p.text("error"),
		Text: []byte(p.text("message")), Hidden: int(p.number("hidden")), Cut: m.Has("cut"), JSON: m.Has("json"),
		Pair: p.number("pair"), Latency: p.span("latency"), Answer: m.Has("answer"),
	}
	if m.Has("time") {
		t, err := m.Timespec("time")
		p.note(err)
		r.Time = t.Time()
	}
	if p.text("direction") == dispatch.Out.String() {
		r.Direction = dispatch.Out
	}
	r.Outcome = p.outcome()
	if raw, ok := m.Lookup("raw_base64"); ok {
		var err error
		r.Text, err = base64.StdEncoding.AppendDecode(nil, raw)
		p.note(err)
	}
	if r.Size = int(p.number("size")); r.Size == 0 {
		r.Size = len(r.Text)
	}
	if p.err != nil {
		return fmt.Errorf("read record: %w", p.err)
	}
	return nil
}

// parser reads parameters and keeps the first error.
type parser struct {
	m   *message.Message
	err error
}

func (p *parser) note(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *parser) text(name string) string {
	s, _ := p.m.Get(name)
	return s
}

func (p *parser) number(name string) uint64 {
	if !p.m.Has(name) {
		return 0
	}
	n, err := p.m.Uint(name)
	p.note(err)
	return n
}

func (p *parser) span(name string) time.Duration {
	if !p.m.Has(name) {
		return 0
	}
	t, err := p.m.Timespec(name)
	p.note(err)
	return t.Duration()
}

func (p *parser) outcome() dispatch.Outcome {
	text := p.text("outcome")
	for o := dispatch.Handled; o <= dispatch.Sent; o++ {
		if o.String() == text {
			return o
		}
	}
	p.note(fmt.Errorf("there is no outcome %q", text))
	return 0
}
