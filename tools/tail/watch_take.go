package tail

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/control"
)

// take shows one item.
func (w *watching) take(i control.Followed) error {
	switch {
	case i.Record != nil:
		return w.message(i)
	case i.Lost != nil:
		w.lost.Rate += i.Lost.Rate
		w.lost.Slow += i.Lost.Slow
		return w.event(i, w.lossText(i.Lost))
	}
	return w.state(i)
}

func (w *watching) lossText(l *control.Loss) string {
	var why []string
	if l.Slow > 0 {
		why = append(why, fmt.Sprintf("%s lost, we were too slow", toolkit.Plural(l.Slow, "message")))
	}
	if l.Rate > 0 {
		why = append(why, fmt.Sprintf("%s lost, more than %d a second (--rate)", toolkit.Plural(l.Rate, "message"), w.watch.Rate))
	}
	return strings.Join(why, "; ")
}

// state tells that a service came or went.
func (w *watching) state(i control.Followed) error {
	who := i.From.String()
	switch i.State {
	case control.Attached:
		w.services[i.From.Name] = true
		if i.Gap > 0 {
			w.gaps++
			return w.event(i, "watched again; what happened in "+toolkit.Short(i.Gap)+" was not seen")
		}
		if !w.full {
			w.out.Say("watching %s", toolkit.Escape(who))
		}
		if w.form == asJSON && !w.summary {
			return w.event(i, "")
		}
	case control.Detached:
		text := "has gone"
		if i.Err != nil {
			text = "was lost: " + i.Err.Error()
		}
		return w.event(i, text)
	case control.Refused:
		if len(w.services) == 0 && !w.wait && w.only(i) {
			return w.cannot(i)
		}
		if !w.full {
			w.out.Warn("%s cannot be watched: %v", toolkit.Escape(who), i.Err)
		}
	}
	return nil
}

// only notes who refused, and says whether that leaves nobody.
func (w *watching) only(i control.Followed) bool {
	w.waiting[i.From.Addr.String()] = i.Err
	found, _ := control.Find(w.targets)
	for _, s := range found {
		if w.waiting[s.Addr.String()] == nil {
			return false
		}
	}
	return true
}

// cannot is the error for a target that does not let us.
func (w *watching) cannot(i control.Followed) error {
	err := ui.Unwatchable(fmt.Errorf("watch %s: %w", i.From, i.Err))
	if _, busy := errors.AsType[*control.BusyError](err); busy {
		return toolkit.WithHint(err, "%s; --wait waits", toolkit.HintOf(err))
	}
	return err
}

// message shows and records one message.
func (w *watching) message(i control.Followed) error {
	r := i.Record
	m, err := r.Message()
	if err != nil {
		m = nil // one that is none, whatever the service took it for, must not end the watching of others
	}
	w.seen++
	w.meter.Record(r, m)
	e := entry{at: r.Time, peer: r.Peer, link: r.Link, out: r.Direction == dispatch.Out, m: m, text: r.Text, source: i.From.String(), note: note(r)}
	if e.err = err; r.Broken() {
		e.err = errors.New(r.Error)
	}
	return w.put(&e, i, m, err)
}

// put prints and records.
func (w *watching) put(e *entry, i control.Followed, m *message.Message, err error) error {
	var line []byte
	if w.recorder != nil || w.form == asJSON && !w.summary {
		line = ui.AppendMessage(nil, &i, m, err)
	}
	if w.recorder != nil {
		if err := w.recorder.addLine(line); err != nil {
			return err
		}
	}
	if w.summary || w.full {
		return nil
	}
	if w.form == asJSON {
		return w.printLine(line)
	}
	return w.screen.keep(w.show.append(w.screen.grow(), e))
}

// printLine prints a line of JSON.
func (w *watching) printLine(line []byte) error {
	if w.show.terminal {
		line = toolkit.EscapeJSON(line)
	}
	return w.screen.keep(append(w.screen.grow(), line...))
}

// event tells in its place that something happened to a service.
func (w *watching) event(i control.Followed, text string) error {
	line := ui.AppendItem(nil, &i)
	if w.recorder != nil {
		if err := w.recorder.addLine(line); err != nil {
			return err
		}
	}
	if w.full {
		return nil
	}
	if w.summary {
		if text != "" {
			w.out.Detail(1, "%s: %s", toolkit.Escape(i.From.String()), toolkit.Escape(text))
		}
		return nil
	}
	if w.form == asJSON {
		return w.printLine(line)
	}
	buf := w.show.appendTime(w.screen.grow(), i.At)
	buf = append(append(buf, w.show.paint.Bold(toolkit.Escape(i.From.String()))...), ' ')
	buf = append(append(buf, w.show.paint.Yellow("("+toolkit.Escape(text)+")")...), '\n')
	return w.screen.keep(buf)
}

func (w *watching) flush() error {
	if w.recorder != nil {
		if err := w.recorder.flush(); err != nil {
			return err
		}
	}
	return w.screen.flush()
}
