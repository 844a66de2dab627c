package stream

import (
	"bytes"

	"github.com/ed-toolbox/ed/core/reactor"
	"golang.org/x/sys/unix"
)

// Where many connections have something to read, that is first taken from the
// kernel for some of them and then handed to their handlers: see
// reactor.Fetcher. In between a handler may pause, close or abort any other
// connection.
const (
	mostFetched  = 64      // connections at a time
	enoughToRead = 8 << 10 // bytes at a time: they are to stay in the cache
	fetchRoom    = enoughToRead + 64<<10
)

// fetch is what recv gave.
type fetch struct {
	c     *Conn // nil if it is held with the connection
	p     []byte
	n     int
	errno unix.Errno
}

// ahead is what was fetched for the connections of a loop, in the order in
// which they are called.
type ahead struct {
	room []byte
	used int
	list []fetch
	next int // those before were taken
}

// OnFetch implements reactor.Fetcher.
func (c *Conn) OnFetch(reactor.Source) (more bool) {
	if c.set.plain || c.set.packets || c.is(connecting|broken|fetched) || !c.readable() {
		return true
	}
	a := &c.loop.ahead
	if a.next > 0 || a.full() || a.room == nil {
		a.clear()
	}
	p := a.room[a.used:]
	p = p[:min(len(p), c.set.ReadBudget)]
	n, errno := c.recv(p)
	c.state |= fetched
	a.list = append(a.list, fetch{c, p, n, errno})
	a.used += max(n, 0)
	return !a.full()
}

func (a *ahead) full() bool { return a.used >= enoughToRead || len(a.list) == mostFetched }

// clear makes room for the next.
func (a *ahead) clear() {
	if a.room == nil {
		a.room = make([]byte, fetchRoom)
	}
	for i := a.next; i < len(a.list); i++ {
		if c := a.list[i].c; c != nil && c.is(fetched) {
			a.hold(c) // a callback has ended Run
			c.source.Again()
		}
	}
	clear(a.list)
	a.list, a.next, a.used = a.list[:0], 0, 0
}

// take returns what was fetched for a connection, in the room for more that
// there was.
func (a *ahead) take(c *Conn) (p []byte, n int, errno unix.Errno) {
	c.state &^= fetched
	if c.rare != nil && c.rare.held != nil {
		f := c.rare.held
		c.rare.held = nil
		return f.p, f.n, f.errno
	}
	for a.list[a.next].c != c { // others have ended, or are paused
		a.next++
	}
	f := &a.list[a.next]
	a.next++
	return f.p, f.n, f.errno
}

// hold keeps what was fetched for a connection until it reads again.
func (a *ahead) hold(c *Conn) {
	for i := a.next; i < len(a.list); i++ {
		if f := &a.list[i]; f.c == c {
			c.lazy().held = &fetch{p: bytes.Clone(f.p[:max(f.n, 0)]), n: f.n, errno: f.errno}
			f.c = nil
			return
		}
	}
}
