package on

import (
	"errors"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// commandFailed counts a failure.
func (r *run) commandFailed(code int) {
	r.sum.failed++
	r.exit = code
	if r.failFast {
		r.finish(nil)
		for _, w := range r.runners {
			w.cancel()
		}
	}
}

// unsentEvent is a message that was not sent, as JSON.
type unsentEvent struct {
	V     int    `json:"v"`
	Time  string `json:"time"`
	Event string `json:"event"`
	To    string `json:"to"`
	Text  string `json:"text"`
	Error string `json:"error"`
}

// notSent tells of a message that was not sent, or perhaps not.
func (r *run) notSent(text string, to address.Address, err error) {
	r.sum.notSent++
	r.unsent = toolkit.KindOf(err)
	if r.out.JSON {
		r.write(r.out.JSONLine(unsentEvent{1, r.env.Now().Format(time.RFC3339Nano), "unsent", to.String(), text, err.Error()}))
	}
	why := toolkit.Why(err)
	switch {
	case errors.Is(err, link.ErrUncertain):
		why = "perhaps lost with the connection, " + why
	case errors.Is(err, transport.ErrFull):
		why = "too many wait already"
	}
	r.out.Warn("not sent to %s: %s (%s)", to, toolkit.Escape(text), toolkit.Escape(why))
	if r.failFast {
		r.finish(nil)
	}
}

// result is the run's error: why it ended, or that something it did failed.
func (r *run) result() error {
	switch {
	case r.verdict != nil:
		return r.verdict
	case r.sum.failed > 0 && r.exitStatus && r.exit > 0:
		return &toolkit.Exited{Code: r.exit}
	case r.sum.failed > 0:
		return toolkit.Silent(toolkit.Other) // each was told when it happened
	case r.sum.notSent > 0:
		return toolkit.Silent(r.unsent)
	}
	return nil
}

// once warns, unless it has done so before.
func (r *run) once(format string, args ...any) {
	if r.said == nil {
		r.said = map[string]bool{}
	}
	if !r.said[format] {
		r.said[format] = true
		r.out.Warn(format, args...)
	}
}
