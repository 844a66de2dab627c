package link

import (
	"bytes"
	"errors"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// writePiece is how much is given to a connection at once: the outbox may be larger than its high mark. Where that is even
// lower, it is less.
const writePiece = 32 << 10

// lastWait is how long a peer that has ended its side has to acknowledge what it was sent.
const lastWait = time.Second

// streamCarrier is the transport.Handler under a Blocking.
type streamCarrier struct {
	b       *Blocking
	conn    transport.Conn
	decoder *message.Decoder
	most    int  // writePiece, or less
	packets bool // each packet is a line
	ending  bool // we have ended one direction, or both
	full    bool // lines wait for room in the inbox
	eof     bool // the peer has ended its side, and the connection is there
}

func (s *streamCarrier) write(p []byte) (int, error) {
	s.b.progress.taken(s.conn.Stats().BytesOut) // the mutex is held
	n := 0
	for n < len(p) {
		piece, taken := s.piece(p[n:])
		err := s.conn.Write(piece)
		switch {
		case errors.Is(err, transport.ErrFull):
			return n, nil // OnDrain follows
		case errors.Is(err, transport.ErrTooBig) && !s.packets && s.most > 1:
			s.most = max(1, len(piece)/2)
		case errors.Is(err, transport.ErrClosed) && !s.ending:
			s.b.cut = true
			return n, nil // OnClose follows, and knows why
		case err != nil:
			return n, err
		default:
			n += taken
		}
	}
	return n, nil
}

// piece is what goes out at once: a packet without its line end, or a part of a stream.
func (s *streamCarrier) piece(p []byte) (piece []byte, taken int) {
	if s.packets {
		end := bytes.IndexByte(p, '\n')
		return p[:end], end + 1
	}
	n := min(s.most, len(p))
	return p[:n], n
}

func (s *streamCarrier) read() {
	s.conn.Resume()
	s.full = false
	s.feed(nil)
}

func (s *streamCarrier) closeWrite() error {
	s.ending = true
	return s.conn.CloseWrite()
}

func (s *streamCarrier) close() error {
	s.ending = true
	s.part(int(lastWait / flushLook))
	return nil
}

// part closes the connection. A peer that has ended its side is waited for, so many looks long, until it has acknowledged what it
// was sent: nothing is read any more by which it could say that it is gone. If it did, CloseWrite finds out.
func (s *streamCarrier) part(looks int) {
	if s.eof {
		if looks > 0 && (s.conn.Queued() > 0 || s.unacked()) {
			s.b.loop.After(flushLook, "acknowledgement", func() { s.part(looks - 1) })
			return
		}
		_ = s.conn.CloseWrite()
	}
	_ = s.conn.Close()
}

// unacked says that the peer's kernel lacks something. That of a Unix socket's peer is ours.
func (s *streamCarrier) unacked() bool {
	a, ok := s.conn.(transport.Acknowledger)
	if !ok || !s.conn.Remote().Scheme.IsIP() {
		return false
	}
	n, known := a.Unacked()
	return known && n > 0
}

func (s *streamCarrier) abort(err error) { s.conn.Abort(err) }

func (s *streamCarrier) OnOpen(c transport.Conn) { close(s.b.opened) }

func (s *streamCarrier) OnData(c transport.Conn, p []byte) { s.feed(p) }

func (s *streamCarrier) feed(p []byte) {
	err := s.decoder.Feed(p, s.line)
	if err == nil && s.packets && !s.full {
		err = s.decoder.Finish(s.line) // the end of a packet ends a line
	}
	if err == nil {
		return
	}
	if s.packets {
		s.decoder = s.b.decoder() // the next packet is no part of the line
	}
	s.keep(nil, err)
}

func (s *streamCarrier) line(line []byte) bool { return s.keep(line, nil) }

// keep keeps one line, or why it was left out. Without room for another, the rest waits in the decoder and in the kernel.
func (s *streamCarrier) keep(line []byte, problem error) bool {
	room := s.b.accept(line, s.conn.Remote(), problem)
	if !room {
		s.conn.Pause()
	}
	s.full = !room
	return room
}

func (s *streamCarrier) OnDrain(c transport.Conn) {
	s.b.noteProgress(c)
	s.b.flush()
}

// OnEOF leaves the way out open: the peer may still read.
func (s *streamCarrier) OnEOF(c transport.Conn) {
	err := s.decoder.Finish(func(line []byte) bool {
		s.b.accept(line, c.Remote(), nil)
		return true
	})
	if err != nil {
		s.b.accept(nil, c.Remote(), err)
	}
	s.eof = true
	s.b.hungUp()
}

// OnClose hands on the whole lines that waited for room: they arrived, and there will be no other time.
func (s *streamCarrier) OnClose(c transport.Conn, err error) {
	s.eof = false
	// Lines over the limit are told by the end.
	_ = s.decoder.Feed(nil, func(line []byte) bool {
		s.b.accept(line, c.Remote(), nil)
		return true
	})
	s.b.noteProgress(c)
	s.b.closed(err)
}

// packetCarrier is the transport.PacketHandler under a Blocking.
type packetCarrier struct {
	b    *Blocking
	conn transport.PacketConn
}

// write is never given anything: Send sends packets itself, to tell what became of each.
func (p *packetCarrier) write([]byte) (int, error) { return 0, nil }

func (p *packetCarrier) send(packet []byte) error { return p.conn.WriteTo(packet, address.Address{}) }

func (p *packetCarrier) read()             { p.conn.Resume() }
func (p *packetCarrier) closeWrite() error { return nil } // packets know no end
func (p *packetCarrier) close() error      { return p.conn.Close() }
func (p *packetCarrier) abort(err error)   { p.conn.Abort(err) }

// OnOpen is called when the socket can be used.
func (p *packetCarrier) OnOpen(c transport.PacketConn) { close(p.b.opened) }

func (p *packetCarrier) OnPacket(c transport.PacketConn, packet []byte, from address.Address) {
	if !p.b.accept(bytes.TrimRight(packet, "\r\n"), from, nil) {
		c.Pause()
	}
}

func (p *packetCarrier) OnDrain(c transport.PacketConn) { signal(p.b.outbox.room) }

func (p *packetCarrier) OnError(c transport.PacketConn, err error) {
	p.b.mu.Lock()
	p.b.refused = err
	p.b.mu.Unlock()
	signal(p.b.inbox.arrived)
	signal(p.b.reported)
}

func (p *packetCarrier) OnClose(c transport.PacketConn, err error) {
	p.b.closed(err)
}
