package link

import (
	"bytes"
	"io"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// session is one connection of a Permanent, from the attempt to its end. It is the transport.Handler until the
// connection opens; from then on the link is.
type session struct {
	p         *Permanent
	conn      journal
	link      *Link // nil before
	beat      beat
	greet     reactor.Timer // the answer to the hello is late
	since     int64         // when it became ready, in ns of the loop's clock
	ready     bool          // the queue may be sent
	finishing bool          // the queue is empty for good
	asking    bool          // the peer is asked whether it has read all
	crossed   bool          // it closed its side before it can have known that we did, or not in time
}

// OnOpen is called by the transport.
func (s *session) OnOpen(c transport.Conn) {
	if s.p.session != s {
		c.Abort(transport.ErrClosed) // its dial has failed nevertheless
		return
	}
	s.conn.Conn = c
	s.link = newLink(&s.conn, s.p.shared)
	c.SetHandler(s.link)
	s.link.OnOpen(&s.conn)
	if s.link.closing {
		return // OnClose follows
	}
	s.beat.begin(s)
	if !s.p.options.asks() {
		s.up()
		return
	}
	if s.p.greeting > 0 {
		s.greet = s.p.loop.After(s.p.greeting, "answer to hello", func() { s.fail("hello", transport.ErrTimeout) })
	}
	if !s.p.closing {
		s.p.setState(Greeting)
	}
}

// OnData and OnDrain are called by the transport only while no link is open.
func (s *session) OnData(transport.Conn, []byte) {}

// OnDrain does nothing: see OnData.
func (s *session) OnDrain(transport.Conn) {}

// OnClose tells that the attempt failed.
func (s *session) OnClose(c transport.Conn, err error) {
	if s.p.session != s {
		return
	}
	s.conn.Conn = c
	s.p.over(s, err)
}

// opened says hello: it comes before OnOpen.
func (p *Permanent) opened(l *Link) {
	p.shared.stats.Links++
	p.shared.stats.Opened++
	if p.options.Hello == nil {
		return
	}
	s := p.session
	if err := s.hello(); err != nil {
		s.fail("hello", err)
	}
}

// hello lets the program say its hello; if that panics, what comes later is not taken for one.
func (s *session) hello() error {
	s.conn.own = true
	defer func() { s.conn.own = false }()
	return s.p.options.Hello(s.link)
}

// closed is the end of a connection that had opened.
func (p *Permanent) closed(l *Link, err error) {
	s := p.session
	p.shared.stats.Links--
	s.greet.Cancel()
	s.beat.end()
	cause := err
	if cause == nil {
		cause = io.EOF
	}
	s.conn.settle(s.finishing && !s.crossed && err == nil, cause)
	p.over(s, err)
}

// received implements keeper: it looks for the answer to the hello and for those to the heartbeat.
func (p *Permanent) received(l *Link, m *message.Message) bool {
	s := p.session
	if s == nil || s.link != l {
		return false
	}
	ours := s.beat.received(m) || s.conn.receipt != nil && s.conn.receipt.received(m)
	if s.ready || l.closing {
		return ours
	}
	ready := p.options.Ready == nil
	if !ready && !ours {
		var err error
		if ready, err = p.options.Ready(m); err != nil {
			s.fail("hello", err)
		}
	}
	if ready && !l.closing {
		s.up()
	}
	return ours
}

// drained implements keeper.
func (p *Permanent) drained(l *Link) {
	if s := p.session; s != nil && s.link == l {
		p.pump()
	}
}

// ended implements keeper: the peer has closed its side. Replies still go out to it, but what is left of the queue is
// for the next connection.
func (p *Permanent) ended(l *Link) {
	if s := p.session; s != nil && s.link == l {
		if s.conn.holds() {
			l.Abort(io.EOF)
			return
		}
		n, known := s.conn.Unacked()
		s.crossed = s.asking || known && n > 0 // over TCP our own end of stream counts as a byte
	}
	l.Close()
}

// up sends the queue.
func (s *session) up() {
	s.ready = true
	s.since = s.p.now()
	s.greet.Cancel()
	if !s.p.closing {
		s.p.setState(Up)
	}
	s.p.pump()
}

// open says whether the connection takes messages of the queue.
func (s *session) open() bool {
	return s != nil && s.ready && !s.finishing && !s.link.closing && !s.conn.Congested() && s.beat.room()
}

// give writes one line of the queue, which has its end, unless it has been written by a connection of packets before.
func (s *session) give(line []byte, e entry) error {
	switch ended := bytes.HasSuffix(line, lineEnd); {
	case s.link.packets:
		line = bytes.TrimSuffix(line, lineEnd)
	case !ended:
		line = append(append(s.p.shared.out[:0], line...), '\n')
		s.p.shared.out = line
	}
	s.conn.next = e
	err := s.link.write(line)
	s.conn.next = entry{}
	return err
}

// finish ends a connection that has nothing left to send. A peer that answers the heartbeat is asked whether it has read
// all; then, and from others at once, its own end is asked for by a half-close.
func (s *session) finish() {
	if s.finishing {
		return
	}
	s.finishing = true
	s.beat.end()
	if s.conn.sure && s.conn.log.len() > 0 && s.beat.send() == nil {
		s.asking = true
		return
	}
	s.halfClose()
}

func (s *session) halfClose() {
	s.asking = false
	_ = s.conn.CloseWrite() // a connection that broke meanwhile tells by OnClose
}

// close ends a connection or an attempt in good order.
func (s *session) close() {
	if s.link != nil {
		s.link.Close()
	} else if s.conn.Conn != nil {
		_ = s.conn.Close() // it has no error to tell: OnClose follows
	}
}

// abort ends it now.
func (s *session) abort(err error) {
	if s.link != nil {
		s.link.Abort(err)
	} else if s.conn.Conn != nil {
		s.conn.Abort(err)
	}
}

// fail ends a connection whose peer does not do what it should.
func (s *session) fail(op string, err error) {
	s.abort(&transport.OpError{Op: op, Addr: s.conn.Remote(), Err: err})
}

var (
	_ transport.Handler = (*session)(nil)
	_ keeper            = (*Permanent)(nil)
)
