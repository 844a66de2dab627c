package watch

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/reactor"
)

// readsOfProcesses bounds the events of one turn of the loop.
const readsOfProcesses = 256

// OnReady is for the loop.
func (w *ProcessesWatch) OnReady(reactor.Source, reactor.Interest) {
	for range readsOfProcesses {
		empty, err := w.connector.read(w.apply)
		switch {
		case errors.Is(err, unix.ENOBUFS):
			w.lose()
		case err != nil:
			w.fallBack()
		}
		if empty || err != nil {
			break
		}
	}
	w.deliver()
}

// OnPanic is for the loop: deliver has seen to the rest.
func (w *ProcessesWatch) OnPanic(reactor.Source, error) {}

// lose looks at all processes after events were dropped. Those that are left are dropped, too: to a start that is among them
// the end may be missing. What the kernel says from now on waits for the look, so that it comes in order.
func (w *ProcessesWatch) lose() {
	w.stats.Lost++
	w.outbox = append(w.outbox, ProcessEvent{Kind: ProcessLost})
	for range connectorReceive / nlHeader {
		if empty, _ := w.connector.read(func(procChange) {}); empty {
			break
		}
	}
	_ = w.source.SetInterest(0)
	w.look()
}

// fallBack goes on without the connector.
func (w *ProcessesWatch) fallBack() {
	w.source.Remove()
	w.connector.close()
	w.timer.Cancel() // if a look is to be tried again
	w.stats.Method = Polling
	w.outbox = append(w.outbox, ProcessEvent{Kind: ProcessLost})
	w.timer = w.loop.Every(w.options.Interval, w.options.Name, func(int) { w.look() })
	w.look()
}

func (w *ProcessesWatch) apply(e procChange) {
	w.stats.Events++
	switch e.what {
	case evFork:
		if e.child == e.childTgid { // else it is a thread
			w.forked(e.childTgid, e.tgid)
		}
	case evExec:
		w.renamed(e.tgid, "")
	case evComm:
		if e.pid == e.tgid {
			w.renamed(e.tgid, e.name)
		}
	case evExit:
		if e.pid == e.tgid {
			w.exited(e.tgid, exitOf(e.tgid, e.status))
		}
	}
}

// forked is about a new process, which has its parent's name until it runs another program.
func (w *ProcessesWatch) forked(pid, parent int) {
	p := process{parent: parent, name: w.known[parent].name}
	if !w.options.byNumber(pid) || len(w.options.Names) > 0 && p.name == "" {
		return // if the parent's name were asked for, the parent would be known
	}
	s, err := readStat(w.options.Proc, pid)
	if old, ok := w.known[pid]; ok && (err != nil || old.start == s.start) {
		return // a look found it
	} else if ok {
		w.ended(pid, Exit{PID: pid, Code: -1, Err: ErrUnknown}, true)
	}
	switch {
	case err == nil && p.name == "":
		p = s.process
	case err == nil:
		p.parent, p.start = s.parent, s.start
	}
	w.noted(pid, p, false)
}

// renamed is about a process that runs another program, or has given itself another name. It may have ended already: then its
// name is not known any more.
func (w *ProcessesWatch) renamed(pid int, name string) {
	if !w.options.byNumber(pid) {
		return
	}
	s, err := readStat(w.options.Proc, pid)
	p := s.process
	if err != nil {
		p = w.known[pid]
		if name == "" {
			return
		}
		p.name = name
	} else if old, ok := w.known[pid]; ok && old.start != 0 && old.start != s.start {
		return // the number has a new owner; its own events follow
	}
	if w.options.wants(pid, p.name) {
		w.noted(pid, p, false)
	} else {
		w.ended(pid, Exit{PID: pid, Code: -1, Err: ErrUnknown}, false)
	}
}

// exited is about the end of a process's first thread.
func (w *ProcessesWatch) exited(pid int, exit Exit) {
	if _, ok := w.known[pid]; !ok || w.partial[pid] != nil {
		return
	}
	if s, err := readStat(w.options.Proc, pid); err == nil && s.threads > 1 {
		watch, err := Process(w.loop, pid, func() {
			delete(w.partial, pid)
			w.ended(pid, exit, false)
			w.deliver()
		}, ProcessOptions{})
		if err == nil {
			w.partial[pid] = watch
			return
		}
	}
	w.ended(pid, exit, false)
}

// byNumber says whether a process is asked for, as far as its number goes.
func (o *ProcessesOptions) byNumber(pid int) bool {
	return len(o.PIDs) == 0 || slices.Contains(o.PIDs, pid)
}
