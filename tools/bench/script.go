package bench

import (
	"bytes"
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

const (
	mostDigits  = 12 // of a sequence number, unless a size asks for more
	leastDigits = 6
	stampDigits = 12 // of a time stamp: nanoseconds, modulo 1000 s
	stampModulo = 1_000_000_000_000
	noSequence  = "none"
	serialName  = "serial" // parameter of ALIVE with its number
)

// line is one message as it is sent. The digits of its numbers are written over for each sending.
type line struct {
	text  []byte // with a line end
	name  []byte // its command
	param string // with its sequence number; "": there is none
	reply string // what its answer is expected to be called
	seq   int    // where the sequence number is; -1: nowhere
	at    int    // where the time of sending is; -1: nowhere
	due   int    // where the time at which it was due is; -1: nowhere
}

// script is what is sent, in turn.
type script struct {
	lines  []line
	name   string // of the parameter with the sequence number; "": there is none
	alive  bool   // some lines are ALIVE, which has its number in another one
	digits int    // of it
	modulo uint64 // 10^digits
	same   bool   // answers are expected to be what was sent, word for word: the quick way to compare may be tried
}

// size is how many bytes a message has on average, without its line end.
func (s *script) size() int {
	n := 0
	for _, l := range s.lines {
		n += len(l.text) - 1
	}
	return n / len(s.lines)
}

// longest is the longest message, without its line end.
func (s *script) longest() int {
	n := 0
	for _, l := range s.lines {
		n = max(n, len(l.text)-1)
	}
	return n
}

// wording is what messages are made of.
type wording struct {
	message string        // "", or one message
	params  []string      // NAME=VALUE
	path    string        // "", or a file with messages
	pattern string        // "", or a template
	seq     string        // name of the parameter with the sequence number, "none", or "" for the default
	reply   string        // command of the answers, or ""
	size    int           // of a message without its line end; 0: as it comes
	stamps  bool          // with the times of sending and being due, where they fit
	command string        // of the message where none is given
	timeout time.Duration // how long the file may be silent; 0: for ever
}

const defaultSize = 64

// reserves says that messages may get a parameter of that name besides.
func (w *wording) reserves(name string) bool {
	return name == "pad" || w.stamps && (name == "at" || name == "due")
}

// newScript makes what is sent of what was asked for. Only the message that it makes up itself has stamps.
func newScript(w wording, messages []*message.Message) (*script, error) {
	s := &script{name: "seq", digits: mostDigits}
	made := len(messages) == 0
	if made {
		messages = []*message.Message{message.New(w.command)}
		if w.size == 0 {
			w.size = defaultSize
		}
	}
	switch w.seq {
	case "":
	case noSequence:
		s.name = ""
	default:
		s.name = w.seq
	}
	if s.name != "" {
		if err := message.VerifyName(s.name); err != nil {
			return nil, toolkit.Errorf(toolkit.Usage, "option --seq: %w", err)
		}
	}
	if made && s.name != "" {
		s.digits = s.fitDigits(w, messages[0])
	}
	s.modulo = 1
	for range s.digits {
		s.modulo *= 10
	}
	for _, m := range messages {
		l, err := s.newLine(w, m, made)
		if err != nil {
			return nil, err
		}
		s.lines = append(s.lines, l)
	}
	s.same = w.reply == "" && !s.alive
	return s, nil
}

// number returns the sequence number in an answer, or in a message that a router brought.
func (s *script) number(m *message.Message) ([]byte, bool) {
	if s.name == "" {
		return nil, false
	}
	value, ok := m.Lookup(s.name)
	if !ok && s.alive {
		value, ok = m.Lookup(serialName)
	}
	return value, ok
}

// fitDigits returns how long the sequence number is to be, so that a small size is met exactly.
func (s *script) fitDigits(w wording, m *message.Message) int {
	rest := w.size - len(m.Command()) - len(" =") - len(s.name)
	switch {
	case rest < mostDigits:
		return max(rest, leastDigits)
	case rest < mostDigits+len(";pad="): // no room for padding
		return rest
	}
	return mostDigits
}

// newLine writes one message and finds its numbers.
func (s *script) newLine(w wording, m *message.Message, made bool) (line, error) {
	l := line{seq: -1, at: -1, due: -1, name: []byte(m.Command()), param: s.name, reply: cmp.Or(w.reply, m.Command())}
	if m.Command() == "ALIVE" { // every service answers it with its serial
		l.reply = cmp.Or(w.reply, "ABSOLUTELY")
		s.alive = true
		if w.seq == "" {
			l.param = serialName
		}
	}
	mark := strings.Repeat("9", s.digits)
	if l.param != "" {
		m.Set(l.param, mark)
	}
	stamp := strings.Repeat("8", stampDigits)
	stamped := false
	if made && w.stamps {
		m.Set("at", stamp).Set("due", stamp)
		text, err := m.AppendText(nil)
		if stamped = err == nil && len(text) <= w.size; !stamped {
			m.Delete("at")
			m.Delete("due")
		}
	}
	text, err := m.AppendText(nil)
	if err != nil {
		return l, toolkit.As(toolkit.Data, fmt.Errorf("message %q: %w", m.Command(), err))
	}
	if w.size > 0 {
		if text, err = pad(m, text, w.size); err != nil {
			return l, err
		}
	}
	if l.param != "" {
		if l.seq = valueAt(text, l.param, mark); l.seq < 0 {
			return l, toolkit.Errorf(toolkit.Internal, "message %q: its sequence number is not found", m.Command())
		}
	}
	if len(text) > mostSize {
		return l, toolkit.Errorf(toolkit.Data, "message %q: with its number it has %d bytes, and %d are the most", m.Command(), len(text), mostSize)
	}
	if stamped {
		l.at, l.due = valueAt(text, "at", stamp), valueAt(text, "due", stamp)
	}
	l.text = append(text, '\n')
	return l, nil
}

// pad brings a message to a size, by a parameter of that name. One that it has already gets longer.
func pad(m *message.Message, text []byte, size int) ([]byte, error) {
	short := size - len(text)
	if short == 0 {
		return text, nil
	}
	own, has := m.Get("pad")
	first := " pad="
	switch {
	case has:
		first = ""
	case m.Len() > 0:
		first = ";pad="
	}
	switch {
	case short < 0:
		return nil, toolkit.Errorf(toolkit.Usage, "option --size: the message %q has %d bytes as it is", m.Command(), len(text))
	case short < len(first):
		return nil, toolkit.Errorf(toolkit.Usage, "option --size: the message %q has %d bytes as it is, and from %d on any size is possible", m.Command(), len(text), len(text)+len(first))
	}
	m.Set("pad", own+strings.Repeat("x", short-len(first)))
	return m.AppendText(nil)
}

// valueAt returns where the value of a parameter begins in the text.
func valueAt(text []byte, name, value string) int {
	for _, before := range []string{" ", ";"} {
		if at := bytes.LastIndex(text, []byte(before+name+"="+value)); at >= 0 {
			return at + len(before) + len(name) + 1
		}
	}
	return -1
}

// first is the first message for people to read.
func (s *script) first() string {
	return report.Clip(string(bytes.TrimSuffix(s.lines[0].text, []byte("\n"))), 100)
}

// putDigits writes n with leading zeros.
func putDigits(dst []byte, n uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
}

// digits reads what putDigits wrote.
func digits(p []byte) (n uint64, ok bool) {
	for _, c := range p {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	return n, len(p) > 0
}

// increment adds one to a number in digits; after 99…9 comes 00…0.
func increment(p []byte) {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] != '9' {
			p[i]++
			return
		}
		p[i] = '0'
	}
}
