package reactor

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// slot is what the loop knows of one source. It has no pointers, so the garbage collector does not walk the slots, and
// two fit in a cache line.
type slot struct {
	added    int64
	events   uint64
	gen      uint32   // counts the sources this slot has held; events and handles of earlier ones do not match
	fd       int32    // of a free slot: the next free one, plus one
	interest Interest // what the owner asks for
	kernel   Interest // what epoll was told; see adjust
	ready    Interest // found in this turn, callback still to come
	priority uint8
	flags    uint8
}

const (
	isUsed uint8 = 1 << iota
	isEnabled
	isAlways     // regular file
	isAgain      // queued in Loop.again
	isBackground // does not keep the loop alive
)

// owner is the part of a source with pointers.
type owner struct {
	handler Handler
	label   *label
}

// ref names a source safely.
type ref struct{ slot, gen uint32 }

// ready is a source with a callback to come in this turn.
type ready struct {
	ref
	priority uint8
}

// wanted is what the source may be called for.
func (s *slot) wanted() Interest {
	if s.flags&isEnabled == 0 {
		return 0
	}
	return s.interest
}

// freeSlot makes the slot ready for the next source. References to the old one, in handles, in events that epoll has
// handed out and in the queues of this turn, die by the new generation.
func (l *Loop) freeSlot(id uint32) {
	s := l.places.slot(id)
	if s.flags&isUsed == 0 {
		return
	}
	if !l.lost(id) {
		l.places.setHolder(int(s.fd), 0)
	}
	if l.cur.kind == inSource && l.cur.id == id && l.cur.gen == s.gen {
		l.cur.gone = l.sourceName(id) // a callback that removes its own source can still be named
	}
	l.places.give(id)
}

// vacant says why fd cannot become a source: it is one. Where epoll does not know the pair of fd and what it stands for, the one
// before was closed without Remove and the number is another's now; of a source that epoll was told nothing of, that cannot be known.
func (l *Loop) vacant(fd int) error {
	before := l.places.holder(fd)
	if before == 0 {
		return nil
	}
	id := before - 1
	s := l.places.slot(id)
	if s.kernel != 0 && l.poll.control(unix.EPOLL_CTL_MOD, fd, mask(s.kernel), id, s.gen) != nil {
		return nil
	}
	return fmt.Errorf("descriptor %d is source %s already: %w", fd, l.sourceName(id), unix.EEXIST)
}

// lost says whether the source's descriptor was closed without Remove and the number has gone to a later source, whose
// registration must not be touched.
func (l *Loop) lost(id uint32) bool { return l.places.holder(int(l.places.slot(id).fd)) != id+1 }

// adjust tells epoll of a change, or not yet. Less Read is not told: reading is often taken up again before anything
// arrives, and if something does, report tells epoll then. Less Write is told at once, because a socket is
// nearly always writable and would end the next wait.
func (l *Loop) adjust(id uint32) error {
	s := l.places.slot(id)
	want := s.wanted()
	if want&^s.kernel == 0 && s.kernel&^want&Write == 0 {
		return nil
	}
	return l.sync(id)
}

// sync makes epoll know exactly what is wanted. A source that wants nothing is taken out, because epoll reports
// hang-ups and errors of whatever is in.
func (l *Loop) sync(id uint32) error {
	s := l.places.slot(id)
	want := s.wanted()
	if s.flags&isAlways != 0 || s.kernel == want {
		return nil
	}
	op := unix.EPOLL_CTL_MOD
	switch {
	case l.lost(id):
		return os.NewSyscallError("epoll_ctl", unix.EBADF)
	case s.kernel == 0:
		op = unix.EPOLL_CTL_ADD
	case want == 0:
		op = unix.EPOLL_CTL_DEL
	}
	err := l.poll.control(op, int(s.fd), mask(want), id, s.gen)
	if errors.Is(err, unix.EPERM) && op == unix.EPOLL_CTL_ADD {
		s.flags |= isAlways
		l.always = append(l.always, ref{id, s.gen})
		return nil
	}
	if err == nil {
		s.kernel = want
	}
	return err
}

// renew exchanges the epoll for one that knows the sources there are. It is for events that nothing else would end: those of a descriptor
// that was closed before it was removed, against the rule, when others have its file open still, such as the shell our standard input.
func (l *Loop) renew() {
	if l.renewed == l.stats.turns {
		return // there may be more of them in this turn
	}
	l.renewed = l.stats.turns
	fd, err := l.poll.create()
	if err != nil {
		return // for lack of descriptors: the next event of the kind comes at once
	}
	old := l.poll
	l.poll.fd = fd
	for id := range uint32(l.places.made) {
		s := l.places.slot(id)
		if s.kernel == 0 {
			continue
		}
		here := !l.lost(id) && old.control(unix.EPOLL_CTL_MOD, int(s.fd), mask(s.kernel), id, s.gen) == nil
		s.kernel = 0
		if here { // else the number may be anything's by now
			_ = l.sync(id) // it fails for lack of memory, and the source's next change says so
		}
	}
	_ = unix.Close(old.fd)
}

func mask(i Interest) (m uint32) {
	if i&Read != 0 {
		m |= unix.EPOLLIN
	}
	if i&Write != 0 {
		m |= unix.EPOLLOUT
	}
	return m
}
