package reactor

// spare is a timer that was cancelled in the callback that runs, until the end of that or until another one is made. The next one is
// often of the same name and function, and takes its node over as it is: the node is pending and in its slot meanwhile, but
// no handle matches it. There is none outside of callbacks.
type spare struct {
	key  key    // of the next timer; 0: there is none
	call uint32 // of the node
}

// stow ends the spare timer for good.
func (l *Loop) stow() {
	if l.timed.spare.key != 0 {
		l.stowOne()
	}
}

func (l *Loop) stowOne() {
	s, w := &l.timed.spare, &l.timed.wheel
	id := s.key.id()
	n := w.at(id)
	s.key = 0
	w.kill(n)
	l.timed.calls.release(n.call)
	n.call = 0
	w.nodes.give(id)
}
