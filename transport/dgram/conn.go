package dgram

import (
	"cmp"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/internal/perloop"
	"github.com/ed-toolbox/ed/transport/internal/sockaddr"
)

// Config is what a medium tells the engine.
type Config struct {
	transport.Options // MaxPacket must be set

	Scheme    address.Scheme
	Local     address.Address // as bound
	Remote    address.Address // default destination
	Connected bool            // the descriptor is connected to Remote
	Senders   bool            // ask who sent each packet: the descriptor has SO_PASSCRED
	Closed    func()          // called when the connection ends, after the descriptor was closed

	// Permit is called when the system refuses to send to an address (EACCES) and
	// says whether it has been persuaded; nil: it has not.
	Permit func(fd int, to address.Address) bool
}

// Conn is a transport.PacketConn over a descriptor.
type Conn struct {
	loop   *reactor.Loop
	shared *shared
	cfg    Config
	h      transport.PacketHandler
	source reactor.Source
	ear    *ear // nil: none
	fd     int
	family int
	id     uint64
	state  state
	stats  transport.PacketStats

	to    sockaddr.Raw // Remote, encoded
	queue queue
	retry reactor.Timer
	stuck []sockaddr.Raw // scratch of flush: receivers that take nothing now

	names names
	held  []heldPacket          // received, but the handler paused, or panicked at one before
	next  int                   // of the batch that is handed over
	batch int                   // packets in it
	who   transport.Credentials // of the sender of the packet at hand
	known bool                  // who holds

	fault error // for OnError, at the end of the turn
	err   error // for OnClose
	limit reactor.Timer
}

type state uint16

const (
	queued  state = 1 << iota // OnTurnEnd will come
	paused                    // the handler wants no packets
	blocked                   // wait for write readiness, or the retry timer
	owed                      // OnDrain is due when the queue is empty
	closing                   // Close was called
	dead                      // descriptor closed, OnClose to come
	ended                     // OnClose came
	opened                    // OnOpen came
	busy                      // OnReady runs, and sends what is queued when it ends
)

// New makes a packet connection of a descriptor. With an error the descriptor
// is still the caller's.
func New(l *reactor.Loop, fd int, cfg Config, h transport.PacketHandler) (*Conn, error) {
	c := Prepare(l, cfg, h)
	if err := c.Attach(fd, cfg.Local, cfg.Remote, cfg.Connected); err != nil {
		return nil, err
	}
	return c, nil
}

// Prepare makes a packet connection whose descriptor comes later, by Attach, or
// not, by Abort. Packets wait until then.
func Prepare(l *reactor.Loop, cfg Config, h transport.PacketHandler) *Conn {
	cfg.Options = cfg.Options.WithDefaults()
	cfg.MaxPacket = min(cfg.MaxPacket, cfg.HighMark) // a longer one would never fit
	cfg.Name = cmp.Or(cfg.Name, cfg.Local.String(), cfg.Remote.String(), cfg.Scheme.String())
	c := &Conn{loop: l, shared: sharedOf(l), cfg: cfg, h: h, fd: -1, id: perloop.SerialOf(l).Next()}
	c.stats.Opened = l.Now()
	return c
}

// Attach gives c its descriptor. With an error, also because c has ended
// meanwhile, the descriptor is still the caller's.
func (c *Conn) Attach(fd int, local, remote address.Address, connected bool) error {
	if c.is(dead) {
		return transport.ErrClosed
	}
	name, err := sockaddr.Local(fd)
	if err != nil {
		return err
	}
	c.family = name.Family()
	if !remote.IsZero() {
		if c.to, err = sockaddr.From(remote, c.ipFamily()); err != nil {
			return err
		}
	}
	src, err := c.loop.Add(fd, c, reactor.SourceOptions{Name: c.cfg.Name, Kind: c.cfg.Scheme.String(), Interest: c.wanted()})
	if err != nil {
		return err
	}
	c.fd, c.source = fd, src
	c.cfg.Local, c.cfg.Remote, c.cfg.Connected = local, remote, connected
	c.later() // OnOpen, and what was queued
	return nil
}

// OnEnd has f called when c ends, or at once if it has.
func (c *Conn) OnEnd(f func()) {
	if c.is(dead) {
		f()
		return
	}
	before := c.cfg.Closed
	c.cfg.Closed = func() {
		if before != nil {
			before()
		}
		f()
	}
}

func (c *Conn) is(s state) bool { return c.state&s != 0 }

// OnReady implements reactor.Handler.
func (c *Conn) OnReady(_ reactor.Source, ready reactor.Interest) {
	c.state |= busy
	if ready&reactor.Write != 0 {
		c.state &^= blocked
		c.flush()
	}
	if ready&reactor.Read != 0 {
		c.read(c.fd)
	}
	c.state &^= busy
	c.flush()
	c.settle()
}

// OnPanic implements reactor.Panicker. A packet that the handler panics at is lost, and nothing else: those who send packets
// share the socket, so one of them could take it from all others.
func (c *Conn) OnPanic(reactor.Source, error) {
	c.state &^= busy
	c.known = false
	c.keepBatch()
	c.goOn()
	c.later()
}

// OnTurnEnd implements reactor.Ender.
func (c *Conn) OnTurnEnd() {
	c.state &^= queued
	if !c.is(dead) {
		c.open()
		c.flush()
		c.settle()
		c.limitClose()
	}
	if c.is(dead) {
		c.finish() // no handler is at work here; the next turn may never come
	}
}

// open tells the handler that the socket can be used.
func (c *Conn) open() {
	if c.fd < 0 || c.is(opened|closing) {
		return
	}
	c.state |= opened
	if h, ok := c.h.(transport.PacketOpenHandler); ok {
		h.OnOpen(c)
	}
}

func (c *Conn) later() {
	if !c.is(queued) {
		c.state |= queued
		c.loop.Later(c)
	}
}

// settle tells what is to be told and watches what is left to wait for.
func (c *Conn) settle() {
	c.tellFault()
	if c.is(dead) {
		return
	}
	if c.is(owed) && c.queue.len() == 0 && !c.is(closing) {
		c.state &^= owed
		c.h.OnDrain(c) // what it sends goes out at the end of the turn
	}
	if c.is(closing) && c.queue.len() == 0 {
		c.end(nil)
		return
	}
	c.watch()
}

func (c *Conn) watch() {
	if c.fd < 0 {
		return
	}
	if err := c.source.SetInterest(c.wanted()); err != nil {
		c.end(c.opError("watch", err))
		return
	}
	if c.ear != nil {
		if err := c.ear.source.SetInterest(c.wanted() & reactor.Read); err != nil {
			c.end(c.opError("watch", err))
		}
	}
}

func (c *Conn) wanted() (i reactor.Interest) {
	if !c.is(paused | closing) {
		i |= reactor.Read
	}
	if c.is(blocked) && c.readinessTells() {
		i |= reactor.Write
	}
	return i
}

func (c *Conn) opError(op string, err error) error {
	return &transport.OpError{Op: op, Addr: cmp.Or(c.cfg.Remote, c.cfg.Local), Err: err}
}

// tellFault tells the first error of this turn.
func (c *Conn) tellFault() {
	if err := c.fault; err != nil {
		c.fault = nil
		if h, ok := c.h.(transport.PacketErrorHandler); ok {
			h.OnError(c, err)
		}
	}
}

// report counts an error and keeps the first of a turn for OnError.
func (c *Conn) report(err error) {
	c.stats.Errors++
	c.stats.LastError = err
	if c.fault == nil {
		c.fault = err
		c.later()
	}
}
