package control

import (
	"context"
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// ErrSilent is the end of a question that was not answered in time.
var ErrSilent = errors.New("it does not answer")

// ConnectError is the end of a question whose socket could not be connected to.
type ConnectError struct{ Err error }

func (e *ConnectError) Error() string { return e.Err.Error() }

// Unwrap gives the reason.
func (e *ConnectError) Unwrap() error { return e.Err }

// Visits asks any number of processes for tables, again and again and all at the same time, on one goroutine: a Client
// for each would be a thread for each. It stays connected with those that it has asked, until they go.
type Visits struct {
	loop  *reactor.Loop
	ended chan struct{}
	open  map[address.Address]*visit // the loop's
}

// Question is what Visits asks one process.
type Question struct {
	To      address.Address
	Tables  []string      // none: the table of tables
	Timeout time.Duration // from when the process has answered the questions before; it has to be there
	// Done is called once, on the goroutine of the Visits, and must not block. It may ask again. The sheets come in the order of
	// Tables. err is a *ConnectError, a *RefusedError, a *BusyError, ErrSilent, io.EOF when the process went, or what is wrong with its answer;
	// after any but a *RefusedError the next question begins with a new connection.
	Done func(sheets []*inspect.Sheet, err error)
}

// NewVisits begins without any. Close must be called at the end.
func NewVisits() (*Visits, error) {
	loop, err := reactor.New(reactor.Options{Name: "visits"})
	if err != nil {
		return nil, err
	}
	v := &Visits{loop: loop, ended: make(chan struct{}), open: map[address.Address]*visit{}}
	loop.Hold()
	go func() {
		v.endAll(loop.Run(context.Background()))
		_ = loop.Close()
		close(v.ended)
	}()
	return v, nil
}

// Ask asks. After Close, Done is called with transport.ErrClosed before Ask returns.
func (v *Visits) Ask(q Question) {
	if v.loop.OnLoop() {
		v.ask(q)
	} else if v.loop.Post(func() { v.ask(q) }) != nil {
		q.Done(nil, transport.ErrClosed)
	}
}

// Close ends all visits, and questions with transport.ErrClosed.
func (v *Visits) Close() {
	_ = v.loop.Post(func() {
		v.endAll(transport.ErrClosed)
		v.loop.Release()
	})
	<-v.ended
}

// endAll ends all visits. What is asked meanwhile, by who is told the end, has none any more.
func (v *Visits) endAll(err error) {
	all := v.open
	v.open = nil
	for _, w := range all {
		w.end(err)
	}
}

func (v *Visits) ask(q Question) {
	if v.open == nil {
		q.Done(nil, transport.ErrClosed)
		return
	}
	w := v.open[q.To]
	if w == nil {
		w = &visit{visits: v, to: q.To}
		v.open[q.To] = w
		w.questions = append(w.questions, q)
		w.connect()
		return
	}
	w.questions = append(w.questions, q)
	w.next()
}

// visit is the connection with one process. It is the link.Dispatcher of its link.
type visit struct {
	visits    *Visits
	to        address.Address
	conn      transport.Conn
	link      *link.Link // nil until it is there
	questions []Question // the first is being asked
	asked     bool
	over      bool
	serial    uint64
	sheets    inspect.SheetReader
	got       []*inspect.Sheet
	late      reactor.Timer
}

func (w *visit) connect() {
	client := link.NewClient(link.Options{
		Dispatcher: w, Limit: maxLine, Mute: true,
		OnOpen: func(l *link.Link) {
			w.link = l
			w.next()
		},
		OnClose:     func(_ *link.Link, err error) { w.end(err) },
		OnMalformed: func(_ dispatch.Sender, _ []byte, err error) { w.end(err) },
	})
	w.wait()
	conn, err := open.Dial(w.visits.loop, w.to, transport.Options{}, client)
	if err != nil {
		w.end(err)
		return
	}
	w.conn = conn
	if w.over { // it was told before Dial returned
		conn.Abort(nil)
	}
}

// wait bounds the question in hand.
func (w *visit) wait() {
	w.late.Cancel()
	w.late = w.visits.loop.After(w.questions[0].Timeout, "answer", func() { w.end(ErrSilent) })
}

// next asks the first question, if there is one that was not asked.
func (w *visit) next() {
	if w.over || w.asked || w.link == nil || len(w.questions) == 0 {
		return
	}
	w.asked = true
	w.wait()
	w.serial++
	m := inspection(w.questions[0].Tables).SetUint("serial", w.serial)
	if err := w.link.Send(m); err != nil && !errors.Is(err, transport.ErrClosed) { // then OnClose follows, and knows why
		w.end(err)
	}
}

// Dispatch takes an answer.
func (w *visit) Dispatch(_ dispatch.Sender, m *message.Message) dispatch.Outcome {
	if w.over {
		return dispatch.Handled
	}
	err := refusal(m, "INSPECT")
	if _, busy := errors.AsType[*BusyError](err); busy {
		w.end(err) // it closes, whether it was asked or not
		return dispatch.Handled
	}
	if !w.asked {
		return dispatch.Handled
	}
	if err != nil {
		w.answered(nil, err)
		return dispatch.Handled
	}
	sheet, err := w.sheets.Add(m)
	if err != nil {
		w.end(err)
		return dispatch.Failed
	}
	if sheet != nil && sheet.Serial == strconv.FormatUint(w.serial, 10) {
		w.got = append(w.got, sheet)
		if len(w.got) >= max(1, len(w.questions[0].Tables)) {
			w.answered(w.got, nil)
		}
	}
	return dispatch.Handled
}

// Traced implements link.Dispatcher.
func (w *visit) Traced() bool { return false }

// Trace implements link.Dispatcher.
func (w *visit) Trace(*dispatch.Event) {}

// answered ends the question in hand.
func (w *visit) answered(sheets []*inspect.Sheet, err error) {
	q := w.questions[0]
	w.questions = w.questions[1:]
	w.asked, w.got = false, nil
	w.late.Cancel()
	q.Done(sheets, err)
	w.next()
}

// end ends the visit and all its questions. The first reason counts.
func (w *visit) end(err error) {
	if w.over {
		return
	}
	w.over = true
	if w.visits.open[w.to] == w {
		delete(w.visits.open, w.to)
	}
	w.late.Cancel()
	switch {
	case err == nil:
		err = io.EOF
	case w.link == nil && !errors.Is(err, ErrSilent) && !errors.Is(err, transport.ErrClosed):
		err = &ConnectError{err}
	}
	if w.conn != nil {
		w.conn.Abort(nil)
	}
	questions := w.questions
	w.questions = nil
	for _, q := range questions {
		q.Done(nil, err)
	}
}
