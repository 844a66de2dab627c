package control

import (
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/transport"
)

// Admits says whether a visitor is let in.
func Admits(c *Control, conn transport.Conn) bool { return c.accept(conn) != nil }

// HideSecrets is what is shown of a command line.
func HideSecrets(argv ...string) []string { return hideSecrets(argv) }

// SetGroup sets Options.Group after the file was made.
func SetGroup(c *Control, group string) { c.options.Group = group }

// SetProc has the process looked up elsewhere than in /proc.
func SetProc(c *Control, root string) { c.system.Root = root }

// Kept is how many connections it is known of what is at their ends.
func Kept(c *Control) int { return len(c.ends) }

// Age has all visitors be there, silent or deaf, for so much longer.
func Age(c *Control, by time.Duration) {
	for l := range c.server.Links() {
		s := sessionOf(l)
		s.came, s.progress = s.came.Add(-by), s.progress.Add(-by)
		if !s.asked.IsZero() {
			s.asked = s.asked.Add(-by)
		}
	}
}

// Taken is how many places are, and how many visitors were turned away and have not gone.
func Taken(c *Control) (places, away int) { return c.taken(), c.away.Stats().Links }

// Visitors is how many have a place, with those on their way out.
func Visitors(c *Control) int { return c.server.Stats().Links }

// Deaf is how many visitors have taken nothing for so long that they may lose their places.
func Deaf(c *Control) (n int) {
	for l := range c.server.Links() {
		if _, ok := sessionOf(l).useless(c.loop.Now()); ok {
			n++
		}
	}
	return n
}

// RefusedSockets is of how many sockets it is remembered that they could not be watched.
func RefusedSockets(f *Feed) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.refused)
}

// When is what an item of a process of this machine is ordered by.
func When(i Followed, latest map[address.Address]int64) int64 {
	return (&Feed{local: true}).when(i, latest)
}

// Local says whether a feed goes by the clock that the processes of this machine share.
func Local(f *Feed) bool { return f.local }

// Missing is what is told as lost at the end of a watch.
func Missing(shown uint64, told inspect.Lost, all, rate uint64) *Loss {
	return (&tally{shown, told}).missing(all, rate)
}
