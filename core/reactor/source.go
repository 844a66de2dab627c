package reactor

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Interest is what a source waits for, and what it was found ready for.
type Interest uint8

const (
	Read  Interest = 1 << iota // something to read, a connection to accept, the peer's end, an error
	Write                      // room to write, a connect that came to its end, an error
)

// DefaultPriority is the priority of a source until SetPriority; 0 comes first, 255 last.
const DefaultPriority = 100

// Handler gets the events of a source, on the loop's goroutine. OnReady must not block. Spurious readiness is allowed:
// do the I/O and expect EAGAIN. Hang-up and error come as readiness of what the source waits for, so that the handler
// meets them by doing its I/O. Within the callback every call on the loop is allowed, also Remove of any source.
type Handler interface {
	OnReady(s Source, ready Interest)
}

// Panicker is implemented by handlers, and by Enders, that want to clean up after their own panic: OnPanic is called on the
// loop's goroutine with a *PanicError, and the source stays as it is. Sources of other handlers are removed.
type Panicker interface {
	OnPanic(s Source, err error)
}

// SourceOptions describe a source to Add. The zero value is a nameless source that waits for nothing yet.
type SourceOptions struct {
	Name     string // for people: "tcp 10.0.0.1:4040"
	Kind     string // what it is: "listener", "stream", "signal"
	Interest Interest
	// Background sources do not keep the loop alive: those of visitors who only look.
	Background bool
}

// Source is a handle to a registered descriptor: small, comparable, to be copied. The zero Source is none. A handle whose
// source was removed is harmless: its methods do nothing or say ErrGone, whatever uses the descriptor by then.
type Source struct {
	loop *Loop
	slot uint32
	gen  uint32
}

// Add registers fd, enabled and with DefaultPriority. The loop never closes fd: Remove first, then close. A regular
// file, which epoll refuses, becomes a source that is ready in every turn. One descriptor is one source: until that is
// removed, adding it again fails with EEXIST.
func (l *Loop) Add(fd int, h Handler, o SourceOptions) (Source, error) {
	l.check("Add")
	switch {
	case l.poll.fd < 0:
		return Source{}, ErrClosed
	case h == nil:
		return Source{}, errors.New("add source: no handler")
	case fd < 0:
		return Source{}, fmt.Errorf("add source %s: %w", o.Name, unix.EBADF)
	case !l.places.knows(fd): // which grows to the number: it has to be one
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
			return Source{}, fmt.Errorf("add source %s: %w", o.Name, os.NewSyscallError("fcntl", err))
		}
	}
	if err := l.vacant(fd); err != nil {
		return Source{}, fmt.Errorf("add source %s: %w", o.Name, err)
	}
	id := l.places.take()
	s := l.places.slot(id)
	s.fd, s.interest, s.priority, s.flags = int32(fd), o.Interest&(Read|Write), DefaultPriority, isUsed|isEnabled
	s.added = l.clock()
	*l.places.owner(id) = owner{h, l.places.call(o.Name, o.Kind)}
	l.places.setHolder(fd, id+1)
	if err := l.sync(id); err != nil {
		l.freeSlot(id)
		return Source{}, fmt.Errorf("add source %s: %w", o.Name, err)
	}
	if o.Background {
		s.flags |= isBackground
	} else {
		l.enabled++
	}
	return Source{l, id, s.gen}, nil
}

// SetInterest changes what the source waits for; no interest keeps it silent but, while enabled, the loop alive. After an error it may be
// tried again: epoll has not been told.
func (s Source) SetInterest(i Interest) error {
	t := s.find("SetInterest")
	if t == nil {
		return ErrGone
	}
	t.interest = i & (Read | Write)
	return s.loop.adjust(s.slot)
}

// Interest is what the source waits for while it is enabled.
func (s Source) Interest() Interest {
	if t := s.find("Interest"); t != nil {
		return t.interest
	}
	return 0
}

// SetEnabled switches the source off or on. While off it gets no callback, not even in the turn in which it is already
// found ready, and does not keep the loop alive. For an error, see SetInterest.
func (s Source) SetEnabled(on bool) error {
	t := s.find("SetEnabled")
	if t == nil {
		return ErrGone
	}
	switch was := t.flags&isEnabled != 0; {
	case was == on:
	case t.flags&isBackground != 0:
		t.flags ^= isEnabled
	case on:
		t.flags |= isEnabled
		s.loop.enabled++
	default:
		t.flags &^= isEnabled
		s.loop.enabled--
	}
	return s.loop.adjust(s.slot)
}

// Enabled is true from Add on, until SetEnabled(false) or Remove.
func (s Source) Enabled() bool {
	t := s.find("Enabled")
	return t != nil && t.flags&isEnabled != 0
}

// SetPriority orders the source among those ready in the same turn: 0 first. It counts from the next turn on.
func (s Source) SetPriority(p uint8) {
	if t := s.find("SetPriority"); t != nil {
		t.priority = p
	}
}

// SetName changes the name shown to people.
func (s Source) SetName(name string) {
	if s.find("SetName") != nil {
		o := s.loop.places.owner(s.slot)
		o.label = &label{name, o.label.kind}
	}
}

// Again is for work left over, by a read budget or in a buffer of the handler's own: the source gets a callback in the
// next turn, which does not wait. It comes as Read if the source waits for that, else as what it waits for; if it
// waits for nothing by then, not at all.
func (s Source) Again() {
	if t := s.find("Again"); t != nil && t.flags&isAgain == 0 {
		t.flags |= isAgain
		s.loop.again = append(s.loop.again, ref{s.slot, s.gen})
	}
}

// Remove takes the source off the loop; no callback comes after it. Call it before closing the descriptor.
func (s Source) Remove() {
	t := s.find("Remove")
	if t == nil {
		return
	}
	l := s.loop
	if t.kernel != 0 && !l.lost(s.slot) {
		// It fails if the descriptor was closed before, against the rule; epoll has then forgotten it by itself, or else see renew.
		_ = l.poll.control(unix.EPOLL_CTL_DEL, int(t.fd), 0, 0, 0)
	}
	if t.flags&(isEnabled|isBackground) == isEnabled {
		l.enabled--
	}
	l.freeSlot(s.slot)
}

// Valid is true until Remove.
func (s Source) Valid() bool { return s.find("Valid") != nil }

// FD is the descriptor given to Add, or -1.
func (s Source) FD() int {
	if t := s.find("FD"); t != nil {
		return int(t.fd)
	}
	return -1
}

// find checks the handle.
func (s Source) find(method string) *slot {
	if s.loop == nil {
		return nil
	}
	s.loop.check(method)
	if t := s.loop.places.slot(s.slot); t.gen == s.gen && t.flags&isUsed != 0 {
		return t
	}
	return nil
}
