package control

import (
	"fmt"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// maxAway bounds those who were told that there is no place and have not gone yet.
const maxAway = 64

// How long a visitor may keep a place that others need.
const (
	mutePatience = 2 * time.Second  // without asking anything
	deafPatience = 10 * time.Second // without reading what waits for it
	idlePatience = 10 * time.Minute // without a watch, and without asking again
)

// place finds one for a visitor: a link of its own, or one by which it is told that all are taken. Those who do not use theirs
// have to go when others need them, and only then.
func (c *Control) place(conn transport.Conn) transport.Handler {
	if c.taken() < maxConns || c.makeRoom(c.loop.Now()) {
		return c.server.Accept(conn)
	}
	if !c.full {
		c.full = true // said once until there is room again
		c.log.Warn("visitor of the control socket was refused: all places are taken", "visitors", maxConns)
	}
	others := 0
	for l := range c.away.Links() { // the newest first
		if others++; others >= maxAway {
			l.Abort(nil)
		}
	}
	return c.away.Accept(conn)
}

// turnAway tells a visitor that there is no place, and leaves the closing to it: what it asks meanwhile would else be a reset that takes
// the place of the reason.
func (c *Control) turnAway(l *link.Link) {
	busy := message.New("SERVICE_UNAVAILABLE").Set("destination_service", c.options.Name).Set("unsent_command", "")
	if l.Send(busy.Set("message", fmt.Sprintf("busy: %d visitors", maxConns))) != nil || l.CloseWrite() != nil {
		l.Abort(nil)
	}
}

// taken is how many places are, without those of visitors who are on their way out.
func (c *Control) taken() int { return c.server.Stats().Links - c.leaving }

// makeRoom ends the visit that was of no use for longest, if there is one.
func (c *Control) makeRoom(now time.Time) bool {
	var worst *session
	var since time.Time
	for l := range c.server.Links() {
		s := sessionOf(l)
		if from, ok := s.useless(now); ok && (worst == nil || from.Before(since)) {
			worst, since = s, from
		}
	}
	if worst == nil {
		return false
	}
	worst.leaving = true
	c.leaving++
	worst.link.Abort(nil)
	return true
}

// useless says since when a visitor does not use its place, if that is for too long.
func (s *session) useless(now time.Time) (time.Time, bool) {
	switch {
	case s == nil || s.leaving:
		return time.Time{}, false
	case s.deaf(now):
		return s.progress, now.Sub(s.progress) >= deafPatience
	case s.asked.IsZero():
		return s.came, now.Sub(s.came) >= mutePatience
	}
	return s.asked, len(s.watchers)+len(s.snapshots) == 0 && now.Sub(s.asked) >= idlePatience
}

// deaf says whether something waits for the visitor of which it takes nothing, and notes how far it is.
func (s *session) deaf(now time.Time) bool {
	if !s.link.Conn().Congested() {
		return false
	}
	if out := s.link.Conn().Stats().BytesOut; out != s.taken {
		s.taken, s.progress = out, now
	}
	return true
}

// BusyError is a control socket that has no place left for us.
type BusyError struct{ Message string }

func (e *BusyError) Error() string { return e.Message }
