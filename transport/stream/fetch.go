package stream

import (
	"bytes"
	"slices"

	"github.com/ed-toolbox/ed/core/reactor"
	"golang.org/x/sys/unix"
)

// Where many connections have something to read, that is first taken from the
// kernel for some of them and then handed to their handlers: see
// reactor.Fetcher. In between a handler may pause, close or abort any other
// connection.
const (
	mostFetched  = 64       // connections at a time
	enoughToRead = 32 << 10 // bytes at a time: they are to stay in the cache
	mostToRead   = 64 << 10 // bytes of one connection
)

// ahead is what is fetched for the connections of a loop, in the order in
// which they are called.
type ahead struct {
	conns []*Conn // those that are fetched for; nil where that is not needed any more
	calls []call  // of the same
	made  int     // calls
	next  int     // those before have been dealt with
	room  []byte
	used  int // bytes of the room, by calls before the next
}

// held is what was fetched for a connection that does not read now.
type held struct {
	p     []byte
	errno unix.Errno
}

// OnFetch implements reactor.Fetcher.
func (c *Conn) OnFetch(reactor.Source) (more bool) {
	if c.set.plain || c.set.packets || c.is(connecting|broken|fetched) || !c.readable() {
		return true
	}
	a := &c.loop.ahead
	if a.next > 0 || a.made > 0 || len(a.conns) == mostFetched {
		a.clear()
	}
	c.state |= fetched
	a.conns = append(a.conns, c)
	a.calls = append(a.calls, call{fd: int(c.fd), size: min(c.set.ReadBudget, mostToRead)})
	return len(a.conns) < mostFetched
}

// OnFetched implements reactor.Fetcher.
func (c *Conn) OnFetched() {
	if a := &c.loop.ahead; len(a.calls) > 0 && a.made == 0 {
		a.receive()
	}
}

// take returns what was fetched for a connection, in the room for more that
// there was.
func (a *ahead) take(c *Conn) (p []byte, n int, errno unix.Errno) {
	c.state &^= fetched
	if c.rare != nil && c.rare.held != nil {
		h := c.rare.held
		c.rare.held = nil
		return h.p, len(h.p), h.errno
	}
	for a.conns[a.next] != c {
		a.pass() // it reads no more
	}
	if a.next >= a.made {
		a.receive()
	}
	call := &a.calls[a.next]
	p = a.room[a.used : a.used+call.size]
	n, errno = call.result()
	a.pass()
	return p, n, errno
}

// pass goes on to the next.
func (a *ahead) pass() {
	if a.next < a.made {
		a.used += max(a.calls[a.next].got, 0)
	}
	a.conns[a.next] = nil // it may end before the list is used again
	a.next++
}

// receive makes calls from the next on, until they have brought enough. All
// before have been dealt with, so that there is all the room.
func (a *ahead) receive() {
	if a.room == nil {
		a.room = make([]byte, enoughToRead+mostToRead)
	}
	a.made = a.next + recvAll(a.calls[a.next:], a.room, enoughToRead)
	a.used = 0
}

// keep is for a connection that pauses: what has come for it waits until it
// reads again.
func (a *ahead) keep(c *Conn) {
	p, errno := a.drop(c)
	if errno != unix.EAGAIN && errno != unix.EINTR {
		c.lazy().held = &held{bytes.Clone(p), errno}
		c.state |= fetched
	}
}

// drop forgets a connection that is fetched and says what has come for it, in
// the room; EAGAIN where that is nothing.
func (a *ahead) drop(c *Conn) (p []byte, errno unix.Errno) {
	i := a.index(c)
	if i < 0 {
		return nil, unix.EAGAIN
	}
	c.state &^= fetched
	a.conns[i] = nil
	a.calls[i].fd = -1 // when the call is made the descriptor may be another's
	if i >= a.made {
		return nil, unix.EAGAIN
	}
	at := a.used
	for k := a.next; k < i; k++ {
		at += max(a.calls[k].got, 0)
	}
	n, errno := a.calls[i].result()
	return a.room[at : at+max(n, 0)], errno
}

// index says where a connection is; -1: it is not fetched, or held already.
func (a *ahead) index(c *Conn) int {
	if c.is(fetched) {
		if i := slices.Index(a.conns[a.next:], c); i >= 0 {
			return a.next + i
		}
	}
	return -1
}

// forget drops what was fetched for a connection that reads no more. It was
// read, and counts as that.
func (c *Conn) forget() {
	p, _ := c.loop.ahead.drop(c)
	if c.is(fetched) {
		p = c.rare.held.p
		c.rare.held = nil
		c.state &^= fetched
	}
	if len(p) > 0 {
		c.in += uint64(len(p))
		c.reads++
	}
}

// clear makes room for others. All that were fetched have been taken, kept or
// dropped: Loop.Run goes on with its turn also when a callback has ended it.
func (a *ahead) clear() {
	clear(a.conns)
	a.conns, a.calls, a.made, a.next, a.used = a.conns[:0], a.calls[:0], 0, 0, 0
}
