package stream

import (
	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// Conn is a transport.Conn over a descriptor. There may be very many of them,
// mostly idle: what only some need, or only at times, is in rare.
type Conn struct {
	loop    *local
	set     *settings
	h       transport.Handler
	source  reactor.Source
	out     *buffer // what waits to be written; nil when nothing does
	rare    *rare
	id      uint64
	in, to  uint64 // bytes read and written
	reads   uint64
	writes  uint64
	opened  int64 // Unix time in ns
	fd      int32
	high    uint32   // high water of the queue
	ip      [16]byte // of the peer of an accepted IP connection; IPv4 is mapped
	port    uint16   // of the same; 0 where ip is none
	state   state
	hint    uint8 // class of buffer that was enough last time
	watched reactor.Interest
}

// state is a set of facts about a connection.
type state uint16

const (
	connecting state = 1 << iota // no OnOpen yet
	busy                         // a callback runs; what it writes is seen to when it returns
	queued                       // OnTurnEnd will come
	paused                       // the handler wants no data
	eof                          // the peer's end of stream was read
	blocked                      // the kernel takes no more; wait for write readiness
	owed                         // an OnDrain is due when the queue is low
	finWanted                    // CloseWrite was called
	finSent                      // our end of stream was sent
	closing                      // Close was called: flush and end
	lingering                    // flushed; unread input is being discarded
	broken                       // writing failed; what can be read still is
	dead                         // descriptor closed, OnClose to come
	ended                        // OnClose came
	fetched                      // something was, and OnData is to come; see ahead
)

// rare is what a connection has only while it connects or ends.
type rare struct {
	err     error           // for OnClose
	timer   reactor.Timer   // deadline of connecting, closing or lingering
	dial    *dialing        // while connecting
	remote  address.Address // of an accepted connection: Unix with a name, IPv6 with a zone
	unacked int             // at the end
	held    *held           // what was fetched before a pause

	discarded *discarded // nil: nothing was

	truncated uint64 // packets dropped
}

// New makes a connection of a ready descriptor. OnOpen comes at the end of the
// turn. With an error the descriptor is still the caller's.
func New(l *reactor.Loop, fd int, cfg Config, h transport.Handler) (*Conn, error) {
	c := newConn(localOf(l), newSettings(cfg), h)
	if err := c.attach(fd); err != nil {
		return nil, err
	}
	c.later()
	return c, nil
}

func newConn(loc *local, set *settings, h transport.Handler) *Conn {
	return &Conn{loop: loc, set: set, h: h, fd: -1, id: loc.ids.Next(), state: connecting | set.way.state(), opened: loc.Now().UnixNano()}
}

// attach gives c its descriptor, of which nothing is wanted yet.
func (c *Conn) attach(fd int) error {
	src, err := c.loop.Add(fd, c, reactor.SourceOptions{Name: c.set.Name, Kind: c.set.kind, Background: c.set.Background})
	if err != nil {
		return err
	}
	c.fd, c.source = int32(fd), src
	return nil
}

func (c *Conn) is(s state) bool { return c.state&s != 0 }

// open tells the handler that the connection can be used.
func (c *Conn) open() {
	c.state &^= connecting
	c.state |= busy
	c.h.OnOpen(c)
	c.state &^= busy
	c.settle()
	if c.set.toEnd {
		c.source.Again() // the end may be there already
	}
}

// OnReady implements reactor.Handler.
func (c *Conn) OnReady(src reactor.Source, ready reactor.Interest) {
	if c.is(connecting) {
		c.connected(src)
		return
	}
	if ready&reactor.Write != 0 {
		c.state &^= blocked
	}
	if ready&reactor.Read != 0 {
		c.read()
		if c.postpone() {
			return
		}
	}
	c.settle()
}

// OnPanic implements reactor.Panicker: a handler that panics loses its
// connection.
func (c *Conn) OnPanic(_ reactor.Source, err error) {
	c.state &^= busy
	c.Abort(c.fault("handle", err))
}

// OnTurnEnd implements reactor.Ender: it sends what was written outside of
// OnData, and delivers the end.
func (c *Conn) OnTurnEnd() {
	c.state &^= queued | busy
	switch {
	case c.is(dead) || c.dialling():
	case c.is(connecting):
		c.open()
	default:
		c.settle()
		c.limitClose()
	}
	if c.is(dead) {
		c.finish() // no handler is at work here; the next turn may never come
	}
}

// later asks for OnTurnEnd, once.
func (c *Conn) later() {
	if !c.is(queued) {
		c.state |= queued
		c.loop.Later(c)
	}
}

// settle does what the state asks for after a callback or readiness: send,
// tell of a drained queue, half-close, end, and watch what is left to wait for.
func (c *Conn) settle() {
	c.flush()
	if c.is(owed) && !c.is(dead|closing) && c.Queued() <= c.set.LowMark {
		c.state = c.state&^owed | busy
		c.h.OnDrain(c)
		c.state &^= busy
		c.flush()
		if c.is(owed) && c.Queued() <= c.set.LowMark {
			c.later() // one OnDrain a turn, or a fast peer would keep the loop
		}
	}
	switch {
	case c.is(dead):
	case c.beyond():
		c.end(c.rare.err)
	case c.out == nil && !c.is(broken):
		c.afterFlush()
	}
	c.watch()
}

// watch sets the interest that the state asks for.
func (c *Conn) watch() {
	if c.is(dead) {
		return
	}
	var want reactor.Interest
	if c.readable() || c.is(lingering) || c.hears() || c.set.way == Out && !c.set.file {
		want |= reactor.Read
	}
	if c.is(blocked) {
		want |= reactor.Write
	}
	if want == c.watched {
		return
	}
	c.watched = want
	if err := c.setInterest(want); err != nil {
		c.end(c.fault("watch", err))
	}
}
