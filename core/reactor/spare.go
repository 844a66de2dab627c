package reactor

// spare is a timer that was cancelled in the callback that runs, until the end of that or until another one is made. The next one is
// often of the same name and function, and takes its node over as it is: the node is pending and in its slot meanwhile, but
// no handle matches it. There is none outside of callbacks.
type spare struct {
	id   uint32 // 0: none
	node *node
}

// stow ends the spare timer for good.
func (l *Loop) stow() {
	s := &l.timed.spare
	if s.id == 0 {
		return
	}
	l.timed.wheel.kill(s.node)
	l.timed.calls.release(s.node.call)
	s.node.call = 0
	l.timed.wheel.nodes.give(s.id)
	s.id = 0
}
