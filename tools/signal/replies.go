package signal

import (
	"strconv"
	"sync"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/link"
)

// console prints for two goroutines: the one that sends and the one that receives.
type console struct {
	mu       sync.Mutex
	out      *toolkit.Output
	target   address.Address
	terminal bool // standard output is one
	asIs     bool // lines are printed with all that is in them
}

// onTheWay are the parameters that routers give to a message that goes from one node to another. They are about its way, not of it.
func onTheWay() []string {
	return []string{"broadcast_msgid", "broadcast_hops", "broadcast_timeout", "broadcast_informed_neighbors", "broadcast_originator", "secure_remote"}
}

// text is the line for people: as it came, without what routers wrote into it.
func (c *console) text(r link.Received) string {
	if c.asIs || r.Message == nil || !r.Message.Has("broadcast_msgid") || r.Line[0] == '{' {
		return string(r.Line)
	}
	m := r.Message.Clone()
	for _, name := range onTheWay() {
		m.Delete(name)
	}
	line, err := m.AppendText(nil)
	if err != nil {
		return string(r.Line) // it cannot be written: a server without a service
	}
	return string(line)
}

// received prints a line that arrived: as text, or as JSON with all that is in it. rtt is left out where it is 0.
func (c *console) received(r link.Received, rtt time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Err != nil {
		c.out.Warn("received a line that is no message: %v", r.Err)
	}
	if !c.out.JSON {
		if overlong(r) {
			return nil
		}
		return c.out.Line("%s", c.out.Received(c.text(r)))
	}
	from := r.From
	if from.IsZero() {
		from = c.target
	}
	line := recordOf(r, toolkit.Traffic{Time: r.Time, Peer: from.String(), Direction: "in"})
	if rtt > 0 {
		line = append(line[:len(line)-1], `,"rtt_ns":`...)
		line = append(strconv.AppendInt(line, int64(rtt), 10), '}')
	}
	if c.terminal {
		line = toolkit.EscapeJSON(line)
	}
	return c.out.Raw(append(line, '\n'))
}

// overlong says that the line was over the limit: nothing of it is there to print.
func overlong(r link.Received) bool { return r.Err != nil && len(r.Line) == 0 }

// recordOf is the line of JSON for what arrived, without its end.
func recordOf(r link.Received, t toolkit.Traffic) []byte {
	err := r.Err
	if err == nil {
		var line []byte
		if line, err = toolkit.AppendMessage(nil, r.Message, t); err == nil {
			return line
		}
	}
	return toolkit.AppendBroken(nil, r.Line, err, t) // also for a server without a service, which cannot be written
}

func (c *console) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.Say(format, args...)
}

func (c *console) detail(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.Detail(1, format, args...)
}

func (c *console) warn(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.Warn(format, args...)
}

func (c *console) progress(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.Progress(format, args...)
}

func (c *console) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.Done()
}

// tally follows a wait for replies.
type tally struct {
	want    int            // messages; 0: no number was asked for
	until   *dispatch.Glob // of the command that ends the wait; nil for none
	got     int
	broken  int  // lines that were no message
	done    bool // nothing more is waited for
	refusal bool // a reply said that the service is not there
}

// add counts r and reports whether the wait is over.
func (t *tally) add(r link.Received) bool {
	switch {
	case r.Err != nil:
		t.broken++
		return t.done
	case r.Message.Command() == "SERVICE_UNAVAILABLE":
		t.refusal = true
	}
	t.got++
	t.done = t.done || t.want > 0 && t.got >= t.want || t.until != nil && t.until.Match(r.Message.CommandBytes())
	return t.done
}

// babble says whether all that came was no message.
func (t *tally) babble() bool { return t.broken > 0 && t.got == 0 }

// missing says what did not come, as the rest of a sentence.
func (t *tally) missing() string {
	switch {
	case t.until != nil && t.want == 0:
		return "without " + t.until.String()
	case t.want > 1 || t.got > 0:
		return "after " + strconv.Itoa(t.got) + " of " + strconv.Itoa(t.want) + " replies"
	}
	return "without a reply"
}
