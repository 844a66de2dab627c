package router

import (
	"errors"
	"os"
	"time"

	"github.com/ed-toolbox/ed/core/watch"
)

// errPatience is why connections are cut that were not open when the router began to stop, or not empty when its time was over.
var errPatience = errors.New("the router ends")

// asked begins to stop, because somebody said so from outside of the messages.
func (d *daemon) asked(by string) {
	if stopping, _ := d.rules.Stopped(); stopping || d.ended {
		return
	}
	d.log.Info("told to stop", "by", by)
	d.rules.Stop(false)
	d.checkDone()
}

// Stopping implements rules.Host. Nobody new is let in, and the time is limited.
func (d *daemon) Stopping(bool) {
	d.notify.stopping("stopping")
	d.stopAt = d.loop.Now()
	for _, l := range d.listeners {
		_ = l.Close() // its file is gone, or somebody else's
	}
	for _, c := range d.sockets {
		_ = c.Close()
	}
	d.dropUnopened()
	d.loop.After(d.setup.stopTimeout, "stop", func() {
		d.log.Warn("time to stop is over, messages that wait are lost", "clients", d.rules.Stats().Clients)
		d.end()
	})
	for c := range d.jams {
		d.unjam(c)
	}
	d.tick.Cancel()
	d.tick = d.loop.After(0, "rules", d.ticked) // the rules close the clients, in a moment
}

// dropUnopened gives up connections that are being made, in a handshake for instance: the rules do not know them.
func (d *daemon) dropUnopened() {
	for _, c := range d.dials {
		c.Abort(errPatience)
	}
	for _, c := range d.crowd.list {
		if c.rules == nil {
			c.wire.Conn.Abort(errPatience)
		}
	}
}

// checkDone ends the loop when all clients have gone.
func (d *daemon) checkDone() {
	if d.rules.Done() && !d.ended {
		d.ended = true
		d.leave(lastTasks)
	}
}

// lastTasks is how long the end waits for tasks such as saving a file.
const lastTasks = 2 * time.Second

// leave ends the loop: not in this turn, so that what was put off to its end, such as the last answers, still goes out, and not
// before files are saved.
func (d *daemon) leave(patience time.Duration) {
	if d.clock != nil {
		d.clock.Cancel() // nobody wants to know any more
	}
	const pause = 2 * time.Millisecond
	d.loop.After(pause, "end", func() {
		if patience > 0 && watch.DefaultPool(d.loop).Running() > 0 {
			d.leave(patience - pause)
			return
		}
		d.loop.Stop()
	})
}

// end cuts what is left and ends the loop.
func (d *daemon) end() {
	if d.ended {
		return
	}
	d.ended = true
	d.dropUnopened()
	for c := range d.rules.Clients() {
		c.Conn().Abort(errPatience)
	}
	d.leave(lastTasks)
}

// closeAll gives back what is left at the end, or when the start failed.
func (d *daemon) closeAll() {
	for _, l := range d.listeners {
		_ = l.Close()
	}
	for _, c := range d.sockets {
		_ = c.Close()
	}
	_ = d.control.Close()
	for _, dir := range d.folders {
		_ = os.Remove(dir) // only if it is empty
	}
	d.closeMetrics()
	if d.crowd.unread != nil {
		_ = d.crowd.unread.Close()
	}
	if d.ready {
		s := d.rules.Stats()
		d.log.Info("router has ended", "after", time.Since(d.began).Round(time.Millisecond).String(), "forwarded", s.Forwarded, "lost", s.Lost)
	}
}
