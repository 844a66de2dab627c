package tail

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// form is how messages are printed.
type form uint8

const (
	asText form = iota
	asJSON
	asRaw // the message and nothing else
)

// entry is a message, or a line that is none, that came or went. Its bytes are borrowed.
type entry struct {
	at   time.Time
	peer string
	link uint64
	out  bool
	m    *message.Message // nil for a line that is no message
	text []byte           // the canonical text of m, or the line as it came
	err  error            // why it is no message, or why it was not sent

	source string // who saw it, where several look
	note   string // what became of it, where that is known
}

func (e *entry) traffic() toolkit.Traffic {
	return toolkit.Traffic{Time: e.at, Peer: e.peer, Link: e.link, Direction: direction(e.out)}
}

// printer turns entries into lines.
type printer struct {
	form     form
	stamps   string // "abs", "delta" or "none"
	hexdump  bool   // dump the bytes of broken lines
	terminal bool   // nothing that came may steer it
	paint    toolkit.Palette
	last     time.Time // of the line before, for delta
}

// append appends the line, or lines, for e. Nothing is appended for what the form cannot show: a broken line when raw
// messages are wanted.
func (p *printer) append(dst []byte, e *entry) []byte {
	switch {
	case p.form == asJSON:
		return p.appendJSON(dst, e)
	case p.form == asText:
		return p.appendText(dst, e)
	case e.err == nil:
		return append(append(dst, e.text...), '\n')
	}
	return dst
}

func (p *printer) appendJSON(dst []byte, e *entry) []byte {
	start := len(dst)
	dst = appendRecord(dst, e)
	if p.terminal {
		dst = append(dst[:start], toolkit.EscapeJSON(dst[start:])...)
	}
	return dst
}

// appendRecord is the line of JSON for e, as in a recording.
func appendRecord(dst []byte, e *entry) []byte {
	err := e.err
	if err == nil {
		start := len(dst)
		if dst, err = toolkit.AppendMessage(dst, e.m, e.traffic()); err == nil {
			return append(dst, '\n')
		}
		dst = dst[:start] // it can be received but not written: a server without a service
	}
	return append(toolkit.AppendBroken(dst, e.text, err, e.traffic()), '\n')
}

// appendText prints one line. Names and notes, which others chose, are escaped in a pipe, too: an error may have line ends in it, and
// what comes behind them would be taken for a message.
func (p *printer) appendText(dst []byte, e *entry) []byte {
	dst = p.appendTime(dst, e.at)
	if e.source != "" {
		dst = append(append(dst, p.paint.Bold(toolkit.Escape(e.source))...), ' ')
	}
	arrow := p.paint.Cyan("<-")
	if e.out {
		arrow = p.paint.Green("->")
	}
	peer := e.peer
	if peer == "" {
		peer = "(unnamed)"
	}
	dst = append(append(dst, arrow...), ' ')
	dst = append(append(dst, toolkit.Escape(peer)...), ' ')
	if e.err != nil {
		return p.appendBroken(dst, e)
	}
	dst = p.appendMessage(dst, e.text)
	if e.note != "" {
		dst = append(append(dst, "  "...), p.paint.Dim(toolkit.Escape("# "+e.note))...)
	}
	return append(dst, '\n')
}

// appendMessage prints the command so that the eye finds it.
func (p *printer) appendMessage(dst, text []byte) []byte {
	if p.paint {
		from, to := commandIn(text)
		dst = append(dst, text[:from]...)
		dst = append(dst, p.paint.Bold(string(text[from:to]))...)
		text = text[to:]
	}
	if p.terminal {
		return toolkit.AppendEscaped(dst, text)
	}
	return append(dst, text...)
}

// commandIn finds the command in the canonical text of a message.
func commandIn(text []byte) (from, to int) {
	if len(text) > 0 && text[0] == '<' {
		from = bytes.IndexByte(text, ' ') + 1
	}
	to = len(text)
	if end := bytes.IndexByte(text[from:], ' '); end >= 0 {
		to = from + end
	}
	return from + bytes.LastIndexAny(text[from:to], ":/") + 1, to
}

// maxBroken is how many bytes of a broken line are shown as text. A peer may send 64 KiB of anything.
const maxBroken = 256

// appendBroken prints why, and the line with all that is not plain text escaped, whatever the output is: a packet may hold
// line ends, too.
func (p *printer) appendBroken(dst []byte, e *entry) []byte {
	var syntax *message.SyntaxError
	var long *message.TooLongError
	var why string
	switch {
	case e.m != nil:
		why = "not sent: " + e.err.Error()
	case errors.As(e.err, &syntax):
		why = "broken at byte " + strconv.Itoa(syntax.Offset) + ": " + syntax.Reason
	case errors.As(e.err, &long):
		why = "broken at byte " + strconv.Itoa(long.Limit) + ": " + long.Error()
	default:
		why = "broken: " + e.err.Error()
	}
	dst = append(dst, p.paint.Red("("+toolkit.Escape(why)+")")...)
	text := e.text
	if len(text) > 0 {
		dst = append(dst, ' ')
	}
	if e.m == nil && len(text) > maxBroken {
		dst = toolkit.AppendEscaped(dst, text[:maxBroken])
		dst = fmt.Appendf(dst, "… (%d bytes)", len(text))
	} else {
		dst = toolkit.AppendEscaped(dst, text)
	}
	dst = append(dst, '\n')
	if p.hexdump && e.m == nil {
		offset := 0
		if syntax != nil {
			offset = syntax.Offset
		}
		dst = appendDump(dst, text, offset)
	}
	return dst
}

// appendDump shows the bytes around the offending one, in whole rows of sixteen.
func appendDump(dst, line []byte, offset int) []byte {
	first := max(0, offset/16-4) * 16
	last := min(len(line), first+16*16)
	if first >= last {
		return dst
	}
	for row := first; row < last; row += 16 {
		part := line[row:min(row+16, last)]
		dump := hex.Dump(part) // "00000000  41 2a …  |A*B|\n"
		dst = fmt.Appendf(dst, "    %08x%s", row, dump[8:])
	}
	return dst
}

func (p *printer) appendTime(dst []byte, at time.Time) []byte {
	switch p.stamps {
	case "none":
		return dst
	case "delta":
		var d time.Duration
		if !p.last.IsZero() {
			d = at.Sub(p.last)
		}
		p.last = at
		return append(dst, p.paint.Dim(fmt.Sprintf("%+.6f", d.Seconds()))+" "...)
	}
	if p.paint {
		return append(dst, p.paint.Dim(at.Format("15:04:05.000000"))+" "...)
	}
	return append(at.AppendFormat(dst, "15:04:05.000000"), ' ')
}
