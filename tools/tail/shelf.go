package tail

import (
	"fmt"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/transport/control"
)

// shelf is where items wait for the screen. It never makes who puts them there wait: a terminal that takes nothing must not keep
// anybody from recording. Its methods may be called from any goroutine.
type shelf struct {
	mu      sync.Mutex
	items   ui.Window // the screen keeps no more than that either
	skipped int       // of the oldest
	over    bool
	err     error
	news    chan struct{} // there is something, or it is over
	left    chan struct{} // nobody pulls any more
}

func newShelf() *shelf {
	return &shelf{news: make(chan struct{}, 1), left: make(chan struct{})}
}

// put adds an item.
func (s *shelf) put(item control.Followed) {
	s.mu.Lock()
	s.skipped += s.items.Push(item)
	s.mu.Unlock()
	s.tell()
}

// close says that nothing comes any more, and why.
func (s *shelf) close(err error) {
	s.mu.Lock()
	s.over, s.err = true, err
	s.mu.Unlock()
	s.tell()
}

func (s *shelf) tell() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// leave ends the waiting of pull: the screen has ended.
func (s *shelf) leave() { close(s.left) }

// gatherFor is how long a batch is gathered, so that a flood does not draw the screen for each message.
const gatherFor = 50 * time.Millisecond

// pull waits for what comes, and for what else comes within a moment.
func (s *shelf) pull() tea.Msg {
	select {
	case <-s.news:
	case <-s.left:
		return nil
	}
	moment := time.NewTimer(gatherFor)
	defer moment.Stop()
	select {
	case <-moment.C:
	case <-s.left:
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	items := s.items.Take()
	switch {
	case s.over && len(items) == 0:
		return ended{s.err}
	case s.over:
		s.tell() // the end comes next
	}
	if s.skipped > 0 {
		gap := control.Followed{At: time.Now(), Err: fmt.Errorf("%d that came while the terminal was slow are not kept here", s.skipped)}
		items, s.skipped = append([]control.Followed{gap}, items...), 0
	}
	return came{items}
}
