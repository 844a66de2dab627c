package message

import (
	"bytes"
	"math"
)

// DefaultLimit is how many bytes a line may have, without its end, where nothing else is said.
const DefaultLimit = 65536

// Oversize says what a Decoder does with a line over its limit.
type Oversize uint8

const (
	// Close ends the decoding: every further Feed returns the error again, and the connection is to be closed.
	Close Oversize = iota
	// Skip drops the line up to its end and goes on behind it.
	Skip
)

// DecoderOptions are for NewDecoder.
type DecoderOptions struct {
	Limit    int      // bytes in a line, without its LF or CR LF; 0 is DefaultLimit
	Oversize Oversize // what to do with longer ones; the default is Close
}

// Decoder cuts a stream of bytes, fed in any portions, into lines that end in LF or CR LF. The zero value uses the defaults.
// A line that is whole in one portion is handed on without a copy; between portions only an unfinished line is kept, and
// when there is none the Decoder holds no memory.
type Decoder struct {
	held     []byte // what came but was not handed on
	most     uint32 // bytes in a line; 0: the default
	oversize Oversize
	lines    bool // held begins with whole lines, because the receiver had enough
	state    decoderState
}

type decoderState uint8

const (
	inLine   decoderState = iota
	skipping              // inside a line over the limit
	closed                // after one
)

// NewDecoder returns a decoder.
func NewDecoder(o DecoderOptions) *Decoder {
	return &Decoder{most: uint32(min(uint64(max(o.Limit, 0)), math.MaxUint32)), oversize: o.Oversize}
}

// Held returns how many bytes are kept.
func (d *Decoder) Held() int { return len(d.held) }

func (d *Decoder) limit() int {
	if d.most > 0 {
		return int(d.most)
	}
	return DefaultLimit
}

// Feed takes the next bytes of the stream and calls f with each line that is whole, without its end; lines without a byte are
// left out. The line is borrowed until f returns; f must not call the Decoder. When f returns false it is not called again:
// what is left is kept, however much it is, and comes first in the next Feed, which may be one of no bytes.
//
// A *TooLongError tells that lines over the limit were dropped, and how many. Each is told once, as soon as the limit is
// passed; with Skip the good lines around them were still handed on.
func (d *Decoder) Feed(p []byte, f func(line []byte) bool) error {
	feed := feed{Decoder: d, to: lineFunc(f)}
	return feed.take(p)
}

// Receiver gets what Decode finds. Its methods run in Decode, must not call the Decoder, and say whether to go on.
type Receiver interface {
	// OnMessages is called with lines that came together, nearly all of which are messages. It is to call Next until that returns
	// false, or it has enough. The batch is borrowed until it returns.
	OnMessages(b *Batch) bool
	// OnLine is called with each other line, borrowed until it returns, and what is wrong with it: an error of Message.Decode, or nil
	// for a message that is only written in an unusual way.
	OnLine(line []byte, err error) bool
}

// lineFunc is the Receiver of those who want but the line.
type lineFunc func(line []byte) bool

func (f lineFunc) OnLine(line []byte, _ error) bool { return f(line) }

func (f lineFunc) OnMessages(*Batch) bool { return true } // lines are not decoded

// Decode is Feed and Message.Decode in one: each line is decoded into m before to gets it. Both are borrowed until the next one, or
// until to returns. It is much quicker than the two, as it looks at many lines at once.
func (d *Decoder) Decode(p []byte, m *Message, to Receiver) error {
	feed := feed{Decoder: d, m: m, to: to}
	return feed.take(p)
}

// Hold keeps what comes behind the line at which the receiver had enough, as Feed does when f returns false. It is for those who
// found lines by themselves, at the beginning of one and with nothing kept: see Between.
func (d *Decoder) Hold(rest []byte) {
	if len(rest) > 0 {
		d.held, d.lines = bytes.Clone(rest), true
	}
}

// Finish tells that the stream has ended, and hands on the last line if it had no end. Lines that are kept because f
// returned false come before it; when f returns false again the rest is kept for another Finish. The error is that of Feed.
func (d *Decoder) Finish(f func(line []byte) bool) error {
	feed := feed{Decoder: d, to: lineFunc(f)}
	if d.lines {
		feed.resume(nil)
	}
	if !feed.stopped && len(d.held) > 0 {
		line := d.held
		d.release()
		feed.line(line)
	}
	return feed.err()
}

// release lets go of what is held.
func (d *Decoder) release() { d.held, d.lines = nil, false }

// feed is one call of Feed, Decode or Finish.
type feed struct {
	*Decoder
	to      Receiver
	m       *Message // of Decode
	stopped bool     // the receiver has had enough
	dropped int      // lines
}

// take is all of Feed and Decode.
func (d *feed) take(p []byte) error {
	switch {
	case d.state == closed:
		return &TooLongError{Limit: d.limit()}
	case d.lines:
		d.resume(p)
	case len(d.held) > 0:
		d.complete(p)
	default:
		if used := d.cut(p); used < len(p) {
			d.rest(p, used)
		}
	}
	return d.err()
}

func (d *feed) err() error {
	if d.dropped == 0 {
		return nil
	}
	return &TooLongError{Limit: d.limit(), Lines: d.dropped}
}

// cut hands on the whole lines of p, which begins where a line does unless one is being skipped, and returns how many bytes are
// done with.
func (d *feed) cut(p []byte) (used int) {
	for used < len(p) && !d.stopped && d.state != closed {
		if d.m != nil && wide && d.state == inLine {
			if n := d.known(p[used:]); n > 0 || d.stopped {
				used += n
				continue
			}
		}
		n := bytes.IndexByte(p[used:], '\n')
		if n < 0 {
			break
		}
		line := p[used : used+n : used+n]
		used += n + 1
		if d.state == skipping {
			d.state = inLine
			continue
		}
		d.line(line)
	}
	return used
}

// line hands on one line, or drops it when it is too long.
func (d *feed) line(line []byte) {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	switch {
	case len(line) == 0:
	case len(line) > d.limit():
		d.drop(inLine)
	case d.m != nil:
		d.stopped = !d.to.OnLine(line, d.m.Decode(line))
	default:
		d.stopped = !d.to.OnLine(line, nil)
	}
}

// drop counts a line over the limit. What follows in the stream is still a part of it (skipping), or the next line (inLine).
func (d *feed) drop(next decoderState) {
	d.dropped++
	if d.state = next; d.oversize == Close {
		d.state = closed
	}
}

// rest deals with what cut left of p: it keeps a copy, as that is borrowed.
func (d *feed) rest(p []byte, used int) {
	switch p = p[used:]; {
	case len(p) == 0 || d.state != inLine:
	case d.stopped:
		d.Hold(p)
	case d.tooLong(len(p), p[len(p)-1]):
		d.drop(skipping)
	default:
		d.held = d.keep(p)
	}
}

// tooLong says whether n bytes without an end, the last of which may belong to a CR LF, are over the limit already.
func (d *feed) tooLong(n int, last byte) bool {
	return n-1 > d.limit() || n-1 == d.limit() && last != '\r'
}

// complete adds p to the unfinished line that is held.
func (d *feed) complete(p []byte) {
	n := bytes.IndexByte(p, '\n')
	if n < 0 {
		if len(p) > 0 && d.tooLong(len(d.held)+len(p), p[len(p)-1]) {
			d.release()
			d.drop(skipping)
			return
		}
		d.held = append(d.held, p...)
		return
	}
	if len(d.held)+n-1 > d.limit() {
		d.release()
		d.drop(inLine)
	} else {
		line := append(d.held, p[:n+1]...)
		d.release()
		if d.cut(line) < len(line) && d.stopped {
			d.Hold(append(line, p[n+1:]...))
			return
		}
		d.letGo(line)
	}
	p = p[n+1:]
	d.rest(p, d.cut(p))
}

// resume goes on with the lines that are held since f returned false; p comes behind them.
func (d *feed) resume(p []byte) {
	d.held = append(d.held, p...)
	used := d.cut(d.held)
	if d.stopped && used < len(d.held) {
		d.held = d.held[used:]
		return
	}
	held := d.held
	d.release()
	d.rest(held, used)
}
