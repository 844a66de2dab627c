package link

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// BlockingOptions of a Blocking. The zero value is useful.
type BlockingOptions struct {
	// Limit is the length of a line in bytes, without its end: a longer one is left out, and told. 0 means 65,536.
	Limit int
	// Form of what is written; FormAuto means text.
	Form Form
	// MaxLine is the longest line that Send takes, in bytes without its end; 0 is any. Over packets it does not count.
	MaxLine int
	// SendTimeout bounds the wait of Send and Close for a peer that does not read. 0 means 10 s, negative no limit.
	SendTimeout time.Duration
}

// Blocking is the role for programs without a loop: it talks to one peer, over a stream or by packets, and runs a loop
// of its own on a goroutine. All methods may be called from any goroutine. Close must be called at the end.
type Blocking struct {
	options BlockingOptions
	loop    *reactor.Loop
	carrier carrier       // belongs to the loop
	opened  chan struct{} // the carrier can be used
	ended   chan struct{} // the loop is over
	inbox   inbox
	outbox  outbox
	// reported is signalled when refused was set.
	reported chan struct{}
	// packets says that messages go without a line feed, one in a packet.
	packets bool

	mu       sync.Mutex
	progress progress
	eof      bool  // the peer has ended its side
	cut      bool  // the connection takes nothing more; why is told by its end
	err      error // why the connection ended; io.EOF after an orderly end
	lost     error // why not all that was sent went out
	refused  error // what the network reported about a packet
}

// carrier is what is under a Blocking. Its methods belong to the loop.
type carrier interface {
	// write takes whole messages, each with a line feed, and says how many bytes it took.
	write(p []byte) (int, error)
	// read goes on reading after the inbox was full.
	read()
	closeWrite() error
	close() error
	abort(err error)
	// queued is what the kernel has not taken yet.
	queued() int
}

// Dial connects over a stream. dial is given the handler for open.Dial, on a loop that belongs to the Blocking. Dial
// waits until the connection is there, dial's time-out passed or ctx ended.
func Dial(ctx context.Context, dial func(*reactor.Loop, transport.Handler) (transport.Conn, error), o BlockingOptions) (*Blocking, error) {
	return start(ctx, o, func(b *Blocking) (carrier, error) {
		s := &streamCarrier{b: b, most: writePiece, decoder: b.decoder()}
		var err error
		if s.conn, err = dial(b.loop, s); err == nil {
			s.packets = transport.KeepsPackets(s.conn)
			b.packets = s.packets
		}
		return s, err
	})
}

// DialPackets is Dial for packets: open is given the handler for open.Packet.
func DialPackets(ctx context.Context, open func(*reactor.Loop, transport.PacketHandler) (transport.PacketConn, error), o BlockingOptions) (*Blocking, error) {
	return start(ctx, o, func(b *Blocking) (carrier, error) {
		p := &packetCarrier{b: b}
		var err error
		p.conn, err = open(b.loop, p)
		return p, err
	})
}

func start(ctx context.Context, o BlockingOptions, open func(*Blocking) (carrier, error)) (*Blocking, error) {
	if o.SendTimeout == 0 {
		o.SendTimeout = 10 * time.Second
	}
	loop, err := reactor.New(reactor.Options{Name: "blocking link"})
	if err != nil {
		return nil, err
	}
	b := &Blocking{options: o, loop: loop, opened: make(chan struct{}), ended: make(chan struct{})}
	b.inbox.arrived = make(chan struct{}, 1)
	b.outbox.room = make(chan struct{}, 1)
	b.reported = make(chan struct{}, 1)
	if b.carrier, err = open(b); err != nil {
		loop.Close()
		return nil, err
	}
	go b.run()
	select {
	case <-b.opened:
		return b, nil
	case <-ctx.Done():
		// The loop may end at the same moment: then there is nobody left to abort, and nothing to do about it.
		_ = loop.Post(func() { b.carrier.abort(context.Cause(ctx)) })
		<-b.ended
	case <-b.ended:
	}
	return nil, b.failure()
}

// decoder makes one that leaves out what is too long: who waits for what comes behind it would else wait for nothing.
func (b *Blocking) decoder() *message.Decoder {
	return message.NewDecoder(message.DecoderOptions{Limit: b.options.Limit, Oversize: message.Skip})
}

// run is the goroutine of the loop. It ends when the connection is closed and nothing is left to wait for.
func (b *Blocking) run() {
	err := b.loop.Run(context.Background())
	b.end(err)
	b.loop.Close()
	close(b.ended)
}

// end notes why the connection ended; the first reason counts.
func (b *Blocking) end(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
	signal(b.inbox.arrived)
	signal(b.outbox.room)
}

// closed is what a carrier calls last.
func (b *Blocking) closed(err error) {
	b.mu.Lock()
	b.lost = err
	if err == nil && len(b.outbox.text) > 0 {
		b.lost = fmt.Errorf("write: %d bytes were not sent: %w", len(b.outbox.text), transport.ErrClosed)
	}
	var then []func()
	then, b.outbox.then = b.outbox.then, nil
	b.mu.Unlock()
	if err == nil {
		err = io.EOF
	}
	b.end(err)
	for _, f := range then { // what waits for the queue to go out waits for nothing now
		f()
	}
}

// failure is why nothing can be sent any more, nil while all is well.
func (b *Blocking) failure() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.ended:
		if b.err == nil {
			return transport.ErrClosed
		}
	default:
	}
	return b.err
}

// CloseWrite tells the peer that nothing more will be sent, once what was sent went out. Messages still arrive. After the
// end of the connection it returns transport.ErrClosed.
func (b *Blocking) CloseWrite() error {
	// A connection that breaks meanwhile is told by Recv.
	if b.finish(func() { _ = b.carrier.closeWrite() }) != nil {
		return transport.ErrClosed
	}
	return nil
}

// Close ends the connection in good order: what was sent goes out first, within SendTimeout and then the transport's
// close time-out. It returns why the connection broke, if it did before all was sent. A peer that has ended its side may be
// gone: over IP it has up to a second to acknowledge what it was sent, or to say so.
func (b *Blocking) Close() error {
	// These belong to the loop, whose timer is at hand; one of the runtime's would wake a thread or two for the shortest of runs.
	var late reactor.Timer
	given := false
	limit := func() {
		if !given && b.options.SendTimeout > 0 {
			late = b.loop.After(b.options.SendTimeout, "close", func() {
				b.carrier.abort(fmt.Errorf("close: the peer does not read: %w", transport.ErrTimeout))
			})
		}
	}
	// A loop that is over has closed everything already.
	_ = b.loop.Post(limit)
	_ = b.finish(func() {
		given = true
		late.Cancel()
		_ = b.carrier.close()
	})
	<-b.ended
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lost
}

// signal leaves a note in a channel of one place.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
