package link

import (
	"cmp"
	"errors"
	"io"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// Dialer begins to connect: open.Dial with an address. It is called for each attempt, so that names are looked up anew. An attempt
// fails if it returns an error, or panics; a connection that it has begun by then is ended.
type Dialer func(*reactor.Loop, transport.Handler) (transport.Conn, error)

// Permanent is the connecting role that lasts: it connects, and whenever that fails or the connection ends it connects
// again after a pause, until Close. Messages sent meanwhile wait in a queue. Each message it has taken is sent once, or
// reported; see Counts. It is a dispatch.Sender.
type Permanent struct {
	loop     *reactor.Loop
	dial     Dialer
	options  PermanentOptions
	shared   *shared
	schedule schedule
	greeting time.Duration // how long the answer to the hello may take

	session *session // nil between connections
	waiting lines
	soonest int64 // no message in waiting expires before; 0: none does
	counts  Counts
	serial  uint64 // of heartbeats

	state    State
	since    time.Time
	next     time.Time
	attempts int
	err      error
	retry    reactor.Timer
	expiry   reactor.Timer
	limit    reactor.Timer // of Close
	closing  bool
	last     bool // the attempt going on is the last
	wantRoom bool // Send returned ErrFull
	room     bool // there is room again

	later   bool // OnTurnEnd comes
	reports reports
	changes []Status
}

// NewPermanent begins to connect, on the goroutine of the loop. The error is that of dial, about its arguments; what
// goes wrong later is only told by OnState.
func NewPermanent(loop *reactor.Loop, dial Dialer, o PermanentOptions) (*Permanent, error) {
	o = o.withDefaults()
	o.Loop = loop
	p := &Permanent{loop: loop, dial: dial, schedule: newSchedule(&o), greeting: cmp.Or(o.HelloTimeout, 10*time.Second)}
	if o.asks() {
		o.Options.HelloTimeout = 0
	}
	p.options = o
	p.shared = newShared(o.Options)
	p.shared.owner, p.shared.keeper = p, p
	if d := p.schedule.first(); d > 0 {
		p.wait(d)
		return p, nil
	}
	if err := p.begin(); err != nil {
		p.changes = nil // there is no Permanent whose state they could be
		return nil, err
	}
	return p, nil
}

// Send has m sent, now or when there is a connection; m may be used again at once. It returns transport.ErrFull if the
// queue is full, transport.ErrTooBig if m never fits, transport.ErrClosed after Close, or what is wrong with a name in m.
func (p *Permanent) Send(m *message.Message) error { return p.SendTTL(m, p.options.Queue.TTL) }

// SendTTL is Send for a message that is of no use after ttl, if that is more than 0. A message that the connection has
// taken does not expire any more.
func (p *Permanent) SendTTL(m *message.Message, ttl time.Duration) error {
	if p.closing {
		return transport.ErrClosed
	}
	s := p.session
	line, err := p.shared.encode(m, p.shared.asJSON(s != nil && s.link != nil && s.link.json))
	if err != nil {
		return err
	}
	line = append(line, '\n')
	p.shared.out = line
	e := entry{kind: queued}
	if until := p.now() + int64(ttl); ttl > 0 && until > 0 { // a sum that overflows is never
		e.expires = until
	}
	if p.waiting.len() == 0 && s.open() {
		err = s.give(line, e)
	} else {
		err = transport.ErrClosed
	}
	switch {
	case err == nil:
		p.shared.sent(s.link, m, line[:len(line)-1], nil)
		s.beat.gave()
	case errors.Is(err, transport.ErrTooBig):
		p.shared.sent(p, m, line[:len(line)-1], err)
		return err
	default:
		if err = p.enqueue(line, e); err != nil {
			p.shared.sent(p, m, line[:len(line)-1], err)
			return err
		}
	}
	p.counts.Accepted++
	return nil
}

// Close ends the Permanent in good order: no further message is taken, and what is queued is sent, within CloseTimeout;
// without a connection there is one more attempt for it. The peer is told with a half-close, and then has the rest of
// the time to close its side, which is taken as a sign that it has read all; one that answers the heartbeat is asked
// before. What could not be sent is reported. State Closed comes last, never from inside Close.
// Calling it again does nothing.
func (p *Permanent) Close() {
	if p.closing {
		return
	}
	p.closing = true
	p.setState(Closing)
	if d := p.options.CloseTimeout; d > 0 {
		p.limit = p.loop.After(d, "close link", p.tooLate)
	}
	switch {
	case p.session != nil:
		p.pump()
	case p.waiting.len() > 0:
		p.connectLast()
	default:
		p.finish()
	}
}

// Abort ends the Permanent now: what is queued is reported, the connection is reset.
func (p *Permanent) Abort(err error) {
	if p.state == Closed {
		return
	}
	p.closing, p.last = true, true
	if p.session == nil {
		p.err = err
		p.finish()
		return
	}
	p.session.abort(err)
}

// Link is the link while there is a connection, else nil.
func (p *Permanent) Link() *Link {
	if p.session == nil {
		return nil
	}
	return p.session.link
}

// Stats are the counters of all its links together.
func (p *Permanent) Stats() Stats { return p.shared.stats }

// Status tells how it is now.
func (p *Permanent) Status() Status {
	st := Status{State: p.state, Since: p.since, Next: p.next, Attempts: p.attempts, Err: p.err, Counts: p.counts}
	st.Counts.Queued, st.Counts.QueuedBytes = p.waiting.len(), p.waiting.bytes()
	if s := p.session; s != nil && s.conn.Conn != nil {
		s.conn.count(&st.Counts)
		st.Remote = s.conn.Remote()
	}
	return st
}

// Label fills an event with the peer.
func (p *Permanent) Label(ev *dispatch.Event) {
	if s := p.session; s != nil && s.link != nil {
		s.link.Label(ev)
	}
}

func (p *Permanent) now() int64 { return p.loop.Now().UnixNano() }

// begin makes an attempt to connect.
func (p *Permanent) begin() error {
	p.retry.Cancel()
	p.next = time.Time{}
	p.attempts++
	s := &session{p: p}
	s.conn.begin(p)
	p.session = s
	if !p.closing {
		p.setState(Connecting)
	}
	conn, err := p.dial(p.loop, s)
	if err != nil {
		p.session = nil
		return err
	}
	s.conn.Conn = conn
	return nil
}

// errDial is why an attempt failed whose dial panicked: the loop tells more of that.
var errDial = errors.New("dial panicked")

func (p *Permanent) connect() {
	err := errDial
	defer func() {
		if err != nil {
			p.session = nil
			p.failed(err)
		}
	}()
	err = p.begin()
}

// connectLast makes one more attempt to get rid of the queue.
func (p *Permanent) connectLast() {
	p.last = true
	p.connect()
}

// over is called when the connection or the attempt has ended, and everything about it is settled.
func (p *Permanent) over(s *session, err error) {
	p.session = nil
	if s.ready && p.now()-s.since >= int64(cmp.Or(p.options.Steady, p.schedule.steady())) {
		p.schedule.restart()
		p.attempts = 0
	}
	if err == nil {
		err = io.EOF
	}
	p.failed(err)
}

// failed decides what comes after an attempt or a connection.
func (p *Permanent) failed(err error) {
	p.err = err
	switch {
	case p.closing && (p.last || p.waiting.len() == 0):
		p.finish()
	case p.closing:
		p.connectLast()
	default:
		if d, more := p.schedule.next(); more {
			p.wait(d)
			return
		}
		p.closing = true
		p.finish()
	}
}

// wait arms the timer for the next attempt.
func (p *Permanent) wait(d time.Duration) {
	p.retry = p.loop.After(d, "connect again", p.connect)
	p.next = p.loop.Now().Add(d)
	p.setState(Waiting)
}

// tooLate ends a Close whose time is over.
func (p *Permanent) tooLate() {
	p.last = true
	switch s := p.session; {
	case s == nil: // cannot be: a Close without a connection makes an attempt or ends
		p.finish()
	case s.link == nil, p.waiting.len() == 0 && s.conn.Queued() == 0:
		s.crossed = true // there was no sign that the peer has read all
		s.close()        // nothing is left to be sent
	default:
		s.abort(&transport.OpError{Op: "close", Addr: s.conn.Remote(), Err: transport.ErrTimeout})
	}
}

// finish is the end.
func (p *Permanent) finish() {
	if p.state == Closed {
		return
	}
	p.limit.Cancel()
	p.retry.Cancel()
	p.expiry.Cancel()
	why := because(transport.ErrClosed, p.err)
	for ; p.waiting.len() > 0; p.waiting.pop() {
		line, _ := p.waiting.front()
		p.counts.Abandoned++
		p.report(line, why)
	}
	p.next = time.Time{}
	p.setState(Closed)
}

var _ dispatch.Sender = (*Permanent)(nil)
