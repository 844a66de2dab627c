package control

import (
	"time"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// session is one visitor: the tables that are being sent to it, and its watches. A nil session has none.
type session struct {
	control   *Control
	link      *link.Link
	snapshots []*inspect.Snapshot // the first is being sent
	watchers  []*inspect.Watcher
	owed      reactor.Timer // notes about lost records are due
	queued    bool          // OnTurnEnd comes
	ended     bool
	leaving   bool      // another visitor needs its place
	came      time.Time // when
	asked     time.Time // when it sent a message last; zero: never
	progress  time.Time // when it was seen last to take of what waits for it,
	taken     uint64    // and how many bytes it had taken by then
	m         message.Message
}

// lostTime is how long a note about lost records waits for a record to go with.
const lostTime = 100 * time.Millisecond

// later has OnTurnEnd called. It may be called inside a trace hook.
func (s *session) later() {
	if s != nil && !s.queued && !s.ended {
		s.queued = true
		s.control.loop.Later(s)
	}
}

// OnTurnEnd sends what there is, as far as the visitor reads: records first, then one piece of a table.
func (s *session) OnTurnEnd() {
	s.queued = false
	if s.ended {
		return
	}
	owed := false
	for _, w := range s.watchers {
		if w.Take(s.send) != nil {
			s.deaf(s.control.loop.Now())
			return // OnDrain follows
		}
		owed = owed || w.Owes()
	}
	if owed && !s.owed.Active() {
		s.owed = s.control.loop.After(lostTime, "lost records", func() {
			for _, w := range s.watchers {
				w.TellLost()
			}
		})
	}
	if len(s.snapshots) == 0 || s.link.Conn().Congested() {
		return
	}
	done, err := s.snapshots[0].Step()
	if err != nil {
		s.link.Abort(err) // half a table is nothing to go on from
		return
	}
	if done {
		s.snapshots = s.snapshots[1:]
	}
	if len(s.snapshots) > 0 {
		s.later()
	}
}

// send sends the line of a record while the visitor reads.
func (s *session) send(line []byte) error {
	if s.link.Conn().Congested() {
		return transport.ErrFull
	}
	if err := s.m.Decode(line); err != nil {
		return err
	}
	return s.link.Send(&s.m)
}

// unwatch ends watches: those of that number, or all for 0. It returns them.
func (s *session) unwatch(id uint64) []*inspect.Watcher {
	var gone, kept []*inspect.Watcher
	for _, w := range s.watchers {
		if id != 0 && w.ID() != id {
			kept = append(kept, w)
			continue
		}
		w.Close()
		gone = append(gone, w)
	}
	s.watchers = kept
	return gone
}

// end lets go of everything.
func (s *session) end() {
	if s == nil || s.ended {
		return
	}
	s.ended = true
	s.unwatch(0)
	s.snapshots = nil
	s.owed.Cancel()
}
