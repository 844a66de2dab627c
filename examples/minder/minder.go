package main

import (
	"errors"
	"log"
	"os"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/child"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/service"
)

// minder is all on one loop, so nothing in it is locked.
type minder struct {
	loop     *reactor.Loop
	settings settings
	listener transport.Listener
	server   *link.Server
	service  *service.Service
	clock    *link.Permanent
	tick     reactor.Timer
	signals  *watch.SignalWatch

	job      *child.Job // the run in hand
	wanted   []func()   // answers that wait for its end
	now      string     // what the clock said last
	output   string
	failure  string
	runs     int64
	stopping bool
}

// onRun answers later: the reply borrows nothing, and from is good for as long as the connection is.
func (m *minder) onRun(from dispatch.Sender, q *message.Message) error {
	reply := q.Reply("RESULT")
	m.run(func() {
		if err := from.Send(m.tell(reply)); err != nil {
			log.Print("minder: RESULT: ", err)
		}
	})
	return nil
}

func (m *minder) onLast(from dispatch.Sender, q *message.Message) error {
	return from.Send(m.tell(q.Reply("RESULT")))
}

func (m *minder) tell(reply *message.Message) *message.Message {
	reply.SetInt("runs", m.runs).SetInt("waiting", int64(len(m.wanted))).Set("output", m.output).Set("time", m.now)
	if m.failure != "" {
		reply.Set("failure", m.failure)
	}
	return reply
}

// run starts the command, unless it runs, and has then called at its end.
func (m *minder) run(then func()) {
	if then != nil {
		m.wanted = append(m.wanted, then)
	}
	if m.job != nil {
		return
	}
	if err := m.clock.Send(message.New("NOW")); err != nil {
		log.Print("minder: NOW: ", err)
	}
	job, err := child.Start(m.loop, child.Options{Keep: 4096, Limit: time.Minute, Done: m.onDone},
		child.Command{Path: "sh", Args: []string{"-c", m.settings.command}})
	if err != nil {
		m.onDone(&child.Result{Err: err})
		return
	}
	m.job = job
}

func (m *minder) onDone(r *child.Result) {
	m.job = nil
	m.runs++
	m.output, m.failure = string(r.Output), ""
	if err := r.Check(); err != nil {
		m.failure = err.Error()
	}
	wanted := m.wanted
	m.wanted = nil
	for _, answer := range wanted {
		answer()
	}
	m.close()
}

// onTime gets what the clock answers. An answer is a message like any other; which question it belongs to matters to us as little as
// whether there was one.
func (m *minder) onTime(_ dispatch.Sender, a *message.Message) error {
	m.now, _ = a.Get("now")
	return nil
}

func (m *minder) onSignal(s syscall.Signal, _ int) {
	if s != syscall.SIGHUP {
		m.stop()
		return
	}
	s2, err := load(os.Args[1:])
	if err != nil {
		log.Print("minder: the settings stay as they are: ", err)
		return
	}
	m.settings.interval, m.settings.command = s2.interval, s2.command // the addresses are those of the start
	m.tick.Cancel()
	m.tick = m.loop.Every(s2.interval, "run", func(int) { m.run(nil) })
	log.Print("minder: settings were read again")
}

// stop takes away all that keeps the loop alive: at once what brings new work, and the rest when the run in hand is over. A second
// call, by an impatient second signal, ends that run.
func (m *minder) stop() {
	switch {
	case !m.stopping:
		m.stopping = true
		m.tick.Cancel()
		m.listener.Close()
	case m.job != nil:
		m.job.Stop(errors.New("it was told to stop"))
	}
	m.close()
}

// close ends the connections in good order: what is queued goes out before. Run returns when the last of them has ended.
func (m *minder) close() {
	if m.stopping && m.job == nil {
		m.clock.Close()
		m.server.Close()
		m.service.Close()
		m.signals.Close()
	}
}
