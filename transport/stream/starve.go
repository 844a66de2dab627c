package stream

import (
	"os"
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
	"golang.org/x/sys/unix"
)

// A process that has used up its descriptors cannot accept, but the peer waits
// in the backlog and the listener stays ready: the loop would spin and the
// peer would hang. So each listener keeps one descriptor in reserve; it gives
// it up to accept the peer and close it, and takes it again.

const (
	retryAfter    = 100 * time.Millisecond
	complainEvery = time.Second
)

// reserve makes a descriptor that costs next to nothing and needs no file
// system; -1 if there is none left.
func reserve() int {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return -1
	}
	return fd
}

func (l *Listener) giveReserve() {
	if l.reserve >= 0 {
		_ = unix.Close(l.reserve)
		l.reserve = -1
	}
}

// shed accepts and closes one connection with the reserve. It returns false if
// there is nothing more to accept, or no way to.
func (l *Listener) shed(cause error) bool {
	l.giveReserve()
	fd, err := sockaddr.Accept(l.fd, &l.raw)
	if err == nil {
		_ = unix.Close(fd)
	}
	l.reserve = reserve()
	switch err {
	case nil:
		l.stats.Starved++
		l.stats.LastError = os.NewSyscallError("accept4", cause)
		l.complain("connection closed at once", l.stats.LastError)
		return true
	case unix.EMFILE, unix.ENFILE: // another thread was quicker, or there was no reserve
		l.wait(err)
		return false
	case unix.EAGAIN: // accept4 looks for a descriptor before it looks for a peer
		return false
	default:
		l.stats.Aborted++
		return true
	}
}

// wait stops accepting for a moment.
func (l *Listener) wait(err error) {
	l.stats.Failed++
	l.stats.LastError = os.NewSyscallError("accept4", err)
	l.complain("accept failed", l.stats.LastError)
	if err := l.source.SetInterest(0); err != nil {
		return
	}
	l.retry = l.loop.After(retryAfter, l.set.Name, func() {
		if l.fd < 0 {
			return
		}
		if l.reserve < 0 {
			l.reserve = reserve()
		}
		_ = l.source.SetInterest(reactor.Read) // cannot fail for a source that was added
	})
}

// complain logs at most once a second.
func (l *Listener) complain(what string, err error) {
	l.silent++
	if now := l.loop.Now(); l.logged.IsZero() || now.Sub(l.logged) >= complainEvery {
		l.set.Logger.Warn(what, "listener", l.set.Name, "error", err, "times", l.silent)
		l.logged, l.silent = now, 0
	}
}
