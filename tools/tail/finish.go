package tail

import (
	"cmp"
	"fmt"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// commandGrace is how long shell commands may go on after the end, where --on-timeout says nothing.
const commandGrace = 10 * time.Second

// awaits says whether the run is for something that has to come: then an end without it is a failure.
func (l *listening) awaits() bool { return l.count > 0 || l.until != nil }

// missing says what was waited for in vain.
func (l *listening) missing() string {
	if l.count > 0 {
		return fmt.Sprintf("%d of %d messages came", l.seen, l.count)
	}
	return fmt.Sprintf("no %s came", l.until)
}

func (l *listening) timeUp(when string) {
	switch {
	case l.awaits():
		l.finish(toolkit.Errorf(toolkit.Timeout, "%s %s", l.missing(), when))
	case l.connected < len(l.clients):
		late := toolkit.Errorf(toolkit.Timeout, "%d of %s made %s", l.connected, toolkit.Plural(len(l.clients), "connection"), when)
		l.finish(cmp.Or(l.failure, late))
	case l.routed != nil && !l.taken:
		l.finish(toolkit.Errorf(toolkit.Timeout, "no router registered service %s %s", l.service.name, when))
	default:
		l.finish(nil)
	}
}

// peersGone is the verdict when every peer that was dialled has gone.
func (l *listening) peersGone() error {
	switch {
	case l.failure != nil:
		return l.failure
	case l.awaits():
		return toolkit.Errorf(toolkit.Unavailable, "%s before the peer closed the connection", l.missing())
	}
	return nil
}

// interrupt is the end by a signal: what runs is ended, too.
func (l *listening) interrupt(cause error) {
	l.out.Interrupted()
	l.finish(cause)
	for _, c := range l.conns {
		if c.Remote().Scheme == address.Exec {
			c.Abort(nil) // the terminal does not reach a command: TERM instead of a wait for its end
		}
	}
	if l.runner != nil {
		l.runner.cancel()
	}
}

// finish begins the end: nothing that comes from now on is looked at. The loop ends when the last answers went out and
// the last shell command is done.
func (l *listening) finish(verdict error) {
	if l.over {
		return
	}
	l.over, l.verdict = true, verdict
	for _, t := range l.timers {
		t.Cancel()
	}
	for _, listener := range l.listeners {
		_ = listener.Close() // a socket file that is gone already is as good
	}
	if l.runner == nil || !l.runner.busy() {
		l.hangUp()
		return
	}
	l.timers = append(l.timers[:0], l.loop.After(cmp.Or(l.onTimeout, commandGrace), "shell commands", l.runner.cancel))
}

// drained is called when no shell command runs or waits.
func (l *listening) drained() {
	if l.over {
		for _, t := range l.timers {
			t.Cancel()
		}
		l.hangUp()
	}
}

// hangUp closes every connection, in good order: the transport ends it when what is queued went out, or after closeTimeout.
func (l *listening) hangUp() {
	l.server.Close()
	for i, c := range l.clients {
		if lk := c.Link(); lk != nil {
			_ = lk.Close()
		} else {
			_ = l.conns[i].Close() // it is connecting, or has ended
		}
	}
	for _, s := range l.sockets {
		_ = s.Close()
	}
	if l.routed != nil {
		l.routed.Close()
	}
}

// end is what is left after the loop: writing out, closing the recording, the summary.
func (l *listening) end() error {
	l.write()
	if l.recorder != nil {
		if err := l.recorder.close(); err != nil && l.verdict == nil {
			l.verdict = err
		}
	}
	if l.runner != nil {
		l.runner.kill()
		if n := l.runner.dropped; n > 0 {
			l.out.Warn("%s not run", toolkit.Plural(n, "shell command"))
		}
	}
	var starved uint64
	for _, listener := range l.listeners {
		starved += listener.Stats().Starved
	}
	for _, s := range l.sockets {
		l.sum.cut += s.Stats().Truncated
	}
	links := l.server.Stats().Opened
	if l.routed != nil {
		links += l.routed.Link().Stats().Opened
	}
	for _, c := range l.clients {
		links += c.Stats().Opened
	}
	l.sum.say(l.out, links, starved, l.loop.Now().Sub(l.began))
	return l.verdict
}
