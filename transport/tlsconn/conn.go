package tlsconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// Conn is a transport.Conn that encrypts what goes over another one.
type Conn struct {
	loop   *local
	set    *settings
	below  transport.Conn
	h      transport.Handler
	tls    *tls.Conn // nil until the handshake has ended; then it belongs to the loop
	half   half      // what tls has below it
	alarm  *time.Timer
	timer  reactor.Timer // deadline of closing
	err    error         // for OnClose; the first reason counts
	out    []byte        // plaintext to be encrypted: out[off:]
	off    int
	state  state
	opened time.Time

	ledger
	in     uint64 // plaintext bytes handed over
	reads  uint64
	writes uint64
	high   int
	unsent int // line feeds that were thrown away before they were encrypted
}

// state is a set of facts about a connection.
type state uint16

const (
	shaking   state = 1 << iota // the handshake is going on
	isOpen                      // OnOpen came, or is being called
	busy                        // a callback runs; what it writes is sent when it returns
	queued                      // OnTurnEnd will come
	paused                      // the handler wants no data
	unread                      // there may be something to hand over without anything new from the peer
	eof                         // the peer's end of stream was read
	owed                        // an OnDrain is due when the queue is low
	finWanted                   // CloseWrite was called
	finSent                     // our end of stream was sent
	closing                     // Close was called, or the peer is beyond hope: flush and end
	leaving                     // the connection below has been told to close
	broken                      // the connection below takes nothing more
	sealing                     // crypto/tls is encrypting a piece
	orphan                      // the connection below has ended, and the handler has not heard all that came by it
	dead                        // OnClose came
)

// settings is what the connections of one listener, or one that was dialled, have in common.
type settings struct {
	transport.Options
	config *Config
	role   role
	host   string // what the server must prove to be
}

func newConn(l *local, set *settings, h transport.Handler) *Conn {
	c := &Conn{loop: l, set: set, h: h, opened: l.Now()}
	c.half.c = c
	return c
}

func (c *Conn) is(s state) bool { return c.state&s != 0 }

// carrier is the Conn as the handler of the connection below.
type carrier Conn

// OnOpen implements transport.Handler.
func (b *carrier) OnOpen(transport.Conn) { (*Conn)(b).start() }

// OnDrain implements transport.Handler. A queue that is short because it was thrown away is the end of writing.
func (b *carrier) OnDrain(below transport.Conn) {
	if below.Queued() == 0 && below.Stats().BytesOut < b.given {
		b.state |= broken
	}
	(*Conn)(b).settle()
}

// OnData implements transport.Handler.
func (b *carrier) OnData(_ transport.Conn, p []byte) { (*Conn)(b).arrived(p) }

// OnEOF implements transport.EOFHandler.
func (b *carrier) OnEOF(transport.Conn) { (*Conn)(b).cut() }

// OnClose implements transport.Handler.
func (b *carrier) OnClose(_ transport.Conn, err error) { (*Conn)(b).closed(err) }

// OnTurnEnd implements reactor.Ender: it does what was asked for outside of the callbacks of the connection below.
func (c *Conn) OnTurnEnd() {
	c.state &^= queued
	if !c.is(isOpen) || c.is(dead) {
		return
	}
	c.guarded(func() {
		if c.is(unread) {
			c.read()
		}
		c.settle()
		c.limitClose()
		if c.is(orphan) && c.is(leaving) {
			c.loop.Release()
			c.finish(c.err)
		}
	})
}

// later asks for OnTurnEnd, once.
func (c *Conn) later() {
	if !c.is(queued) {
		c.state |= queued
		c.loop.Later(c)
	}
}

var errPanic = errors.New("handler panicked")

// guarded runs callbacks that come from the loop. In those that come from the connection below, that one sees to panics.
func (c *Conn) guarded(f func()) {
	returned := false
	defer func() {
		if !returned { // the loop recovers and logs the panic, but knows nothing of connections
			c.state &^= busy
			c.Abort(c.fault("handle", errPanic))
		}
	}()
	f()
	returned = true
}

// settle does what the state asks for after a callback: encrypt and send, tell of a drained queue, half-close, end.
func (c *Conn) settle() {
	if !c.is(isOpen) || c.is(dead|leaving) {
		return
	}
	c.pump()
	if c.drained() {
		c.state = c.state&^owed | busy
		c.h.OnDrain(c)
		c.state &^= busy
		c.pump()
		if c.drained() {
			c.later() // one OnDrain a turn, or a fast peer would keep the loop
		}
	}
	if len(c.out) == 0 {
		c.afterFlush()
	}
}

// SetHandler implements transport.Conn.
func (c *Conn) SetHandler(h transport.Handler) { c.h = h }

// Local implements transport.Conn.
func (c *Conn) Local() address.Address { return secured(c.below.Local()) }

// Remote implements transport.Conn.
func (c *Conn) Remote() address.Address { return secured(c.below.Remote()) }

// Peer implements transport.Conn.
func (c *Conn) Peer() (transport.Credentials, bool) { return c.below.Peer() }

// ID implements transport.Conn. It is the number of the connection below.
func (c *Conn) ID() uint64 { return c.below.ID() }

// Stats implements transport.Conn. Bytes are those of the plaintext; Reads and Writes count batches, each of which is a
// system call or a few. BytesOut counts what is in records that the kernel took whole.
func (c *Conn) Stats() transport.Stats {
	c.account()
	return transport.Stats{
		BytesIn: c.in, BytesOut: c.bytesOut(), Reads: c.reads, Writes: c.writes,
		Queued: c.Queued(), HighWater: c.high, Opened: c.opened,
	}
}

// State tells what was agreed on and what the peer showed, once the handshake has ended. A certificate that was refused
// is in the error of OnClose, a *tls.CertificateVerificationError.
func (c *Conn) State() tls.ConnectionState {
	if c.tls == nil {
		return tls.ConnectionState{}
	}
	return c.tls.ConnectionState()
}

// PeerChain is the verified chain of the peer's certificate, its own first; nil if the peer showed none, or was not
// verified because Options.Insecure is set.
func (c *Conn) PeerChain() []*x509.Certificate {
	if chains := c.State().VerifiedChains; len(chains) > 0 {
		return chains[0]
	}
	return nil
}

// Ended implements transport.Ending.
func (c *Conn) Ended() bool {
	below, ok := c.below.(transport.Ending)
	return c.is(eof|broken|closing|dead) || ok && below.Ended()
}

// PeerNames implements transport.Named.
func (c *Conn) PeerNames() []string {
	if chain := c.PeerChain(); len(chain) > 0 {
		return Names(chain[0])
	}
	return nil
}

func (c *Conn) fault(op string, err error) error {
	return &transport.OpError{Op: op, Addr: c.Remote(), Err: err}
}
