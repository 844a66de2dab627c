package ui

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/control"
)

// AppendItem appends the line of JSON for what a service did, as ed watch prints and records it. Lines that are no messages
// have an "event"; tools that read messages pass them over.
func AppendItem(dst []byte, i *control.Followed) []byte {
	if i.Record == nil {
		return appendEvent(dst, i)
	}
	m, err := i.Record.Message()
	return AppendMessage(dst, i, m, err)
}

// AppendMessage is AppendItem for a message that was decoded already, or could not be.
func AppendMessage(dst []byte, i *control.Followed, m *message.Message, err error) []byte {
	r := i.Record
	if r.Broken() {
		err = errors.New(r.Error)
	}
	traffic := toolkit.Traffic{Time: r.Time, Peer: r.Peer, Link: r.Link, Direction: r.Direction.String()}
	start := len(dst)
	if err == nil {
		dst, err = toolkit.AppendMessage(dst, m, traffic)
	}
	if err != nil { // no message, or one that can be received but not written: a server without a service
		dst = toolkit.AppendBroken(dst[:start], r.Text, err, traffic)
	}
	return appendKnown(dst[:len(dst)-len("}")], i)
}

// appendKnown appends what is known of a message beside it, and ends the line.
func appendKnown(dst []byte, i *control.Followed) []byte {
	r := i.Record
	field := func(name, value string) {
		if value != "" {
			dst = append(append(append(dst, `,"`...), name...), `":`...)
			dst = append(dst, quote(value)...)
		}
	}
	number := func(name string, n int64) {
		if n != 0 {
			dst = append(append(append(dst, `,"`...), name...), `":`...)
			dst = strconv.AppendInt(dst, n, 10)
		}
	}
	field("source", i.From.String())
	number("seq", int64(r.Seq))
	number("mono_ns", int64(r.Mono))
	field("outcome", r.Outcome.String())
	field("handler", r.Handler)
	if WasHandled(r) {
		dst = strconv.AppendInt(append(dst, `,"took_ns":`...), int64(r.Took), 10)
	}
	if !r.Broken() {
		field("reason", r.Error) // "error" is for lines that are no message
	}
	field("local", r.Name)
	number("pair", int64(r.Pair))
	number("latency_ns", int64(r.Latency))
	if r.Answer {
		dst = append(dst, `,"answer":true`...)
	}
	number("hidden", int64(r.Hidden))
	if r.Cut {
		dst = append(dst, `,"cut":true`...)
		number("size", int64(r.Size))
	}
	return append(dst, "}\n"...)
}

// WasHandled says that something was done with the message, which took a time.
func WasHandled(r *inspect.Record) bool {
	return r.Direction == dispatch.In && r.Outcome <= dispatch.Invalid
}

// quote is a string of JSON; bytes that are not UTF-8 are replaced.
func quote(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return []byte(`""`) // it does not fail on strings
	}
	return b
}

// appendEvent is the line for what happened to a service.
func appendEvent(dst []byte, i *control.Followed) []byte {
	line := struct {
		V      int       `json:"v"`
		Time   time.Time `json:"time"`
		Event  string    `json:"event"`
		Source string    `json:"source"`
		Slow   uint64    `json:"slow,omitempty"`
		Rate   uint64    `json:"rate,omitempty"`
		Total  uint64    `json:"total,omitempty"`
		Gap    int64     `json:"gap_ns,omitempty"`
		Error  string    `json:"reason,omitempty"`
	}{V: 1, Time: i.At, Event: eventOf(i), Source: i.From.String(), Gap: int64(i.Gap)}
	if i.Lost != nil {
		line.Slow, line.Rate, line.Total = i.Lost.Slow, i.Lost.Rate, i.Lost.Total
	}
	if i.Err != nil {
		line.Error = i.Err.Error()
	}
	b, err := json.Marshal(line)
	if err != nil {
		return dst // it does not fail on these
	}
	return append(append(dst, b...), '\n')
}

// eventOf is the name of an item that is no message: attached, detached, refused, lost, or gap where a Trace says that
// something is missing.
func eventOf(i *control.Followed) string {
	switch {
	case i.Lost != nil:
		return "lost"
	case i.State == control.None:
		return "gap"
	}
	return i.State.String()
}
