package transporttest

import (
	"slices"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// Medium is what RunStream needs to know of a medium of streams.
type Medium struct {
	// Listen listens on an address that no other test uses.
	Listen func(l *reactor.Loop, o transport.Options, accept transport.Accept) (transport.Listener, error)
	Dial   func(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error)

	Refused     address.Address // where nobody listens
	Silent      address.Address // where a connection is neither made nor refused; zero: there is no such thing
	Resets      bool            // a peer learns of Abort as ECONNRESET
	Descriptors bool            // connections are descriptors, of which a process has only so many
	Handshake   bool            // a connection opens when the two ends have agreed: one that is refused never opens
	Many        int             // connections that are held at once; default 2,000

	// Without names tests that mean nothing for this medium, and says why.
	Without map[string]string
}

type streamTest struct {
	name string
	run  func(*Pair)
}

// RunStream checks that a medium keeps the contract of transport.Conn and
// transport.Listener. make is called for each test.
func RunStream(t *testing.T, make func(t *testing.T) Medium) {
	tests := []streamTest{
		{"echo", testEcho},
		{"addresses", testAddresses},
		{"write before open", testWriteBeforeOpen},
		{"half-close by the client", testHalfCloseClient},
		{"half-close by the server", testHalfCloseServer},
		{"replies after the end of stream", testReplyAfterEOF},
		{"pipelined then half-closed", testPipelined},
		{"pipelined with long replies", testPipelinedLong},
		{"close inside callbacks", testCloseInside},
		{"panic inside callbacks", testPanicInside},
		{"handler replaced", testSetHandler},
		{"close sends the queue", testCloseSendsQueue},
		{"close has a deadline", testCloseDeadline},
		{"close under unread input", testCloseUnread},
		{"abort", testAbort},
		{"write after the end", testWriteAfterEnd},
		{"reset while writing", testResetWhileWriting},
		{"an end to come", testEnded},
		{"last words of a peer that left", testLastWords},
		{"back-pressure", testBackPressure},
		{"too big", testTooBig},
		{"pause and resume", testPause},
		{"one-byte writes", testOneByte},
		{"10 MiB both ways", testBulk},
		{"random lives", testRandomLives},
		{"many connections", testMany},
		{"connection refused", testRefused},
		{"connect deadline", testConnectDeadline},
		{"connect cancelled", testConnectCancelled},
		{"most connections", testMaxConns},
		{"refused by accept", testAcceptRefuses},
		{"no descriptors left", testStarved},
		{"listener closed", testListenerClosed},
		{"no allocation", testNoAllocation},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("ED_VERIFY", "1")
			switch tt.name {
			case "no allocation", "many connections":
				t.Setenv("ED_VERIFY", "0") // the checks allocate, and they look at the stack: with many that takes most of the time
			}
			p := &Pair{World: NewWorld(t), Medium: make(t)}
			for name := range p.Without {
				if !slices.ContainsFunc(tests, func(tt streamTest) bool { return tt.name == name }) {
					t.Fatalf("there is no test %q to do without", name)
				}
			}
			if why := p.Without[tt.name]; why != "" {
				t.Log("means nothing here:", why)
				return
			}
			tt.run(p)
			p.finish()
		})
	}
}

// Pair is a world with a listener and one connection through it.
type Pair struct {
	*World
	Medium
	Listener transport.Listener
	Options  transport.Options // of the server side

	client transport.Conn
	conns  []transport.Conn // all, to be ended after the test
}

// listen opens the listener; each connection gets the handler that accept makes.
func (p *Pair) listen(accept transport.Accept) {
	p.T.Helper()
	l, err := p.Medium.Listen(p.Loop, p.Options, func(c transport.Conn) transport.Handler {
		p.conns = append(p.conns, c)
		return accept(c)
	})
	if err != nil {
		p.T.Fatal(err)
	}
	p.Listener = l
}

func (p *Pair) dial(a address.Address, o transport.Options, h transport.Handler) transport.Conn {
	p.T.Helper()
	c, err := p.Medium.Dial(p.Loop, a, o, h)
	if err != nil {
		p.T.Fatal(err)
	}
	p.conns = append(p.conns, c)
	return c
}

// connect opens a listener and one connection with these handlers at its ends.
// Neither is open yet.
func (p *Pair) connect(client, server transport.Handler) {
	p.T.Helper()
	p.listen(func(transport.Conn) transport.Handler { return server })
	p.client = p.dial(p.Listener.Addr(), transport.Options{}, client)
}

// pair connects two recorders and waits until both ends are open.
func (p *Pair) pair() (client, server *Recorder) {
	p.T.Helper()
	client, server = p.recorder("client"), p.recorder("server")
	p.connect(client, server)
	p.opened(client, server)
	return client, server
}

func (p *Pair) recorder(name string) *Recorder { return &Recorder{T: p.T, Name: name} }

func (p *Pair) half(name string) *HalfRecorder {
	return &HalfRecorder{Recorder: Recorder{T: p.T, Name: name}}
}

func (p *Pair) opened(rs ...*Recorder) {
	p.T.Helper()
	for _, r := range rs {
		p.Until(r.Name+" opens", func() bool { return r.Opened > 0 })
	}
}

// closed waits for OnClose of all and then a little longer: nothing may follow.
func (p *Pair) closed(rs ...*Recorder) {
	p.T.Helper()
	for _, r := range rs {
		p.Until(r.Name+" closes", func() bool { return r.Closed > 0 })
	}
}

// finish ends what is left. The loop must then be idle: nothing is forgotten on it.
func (p *Pair) finish() {
	for _, c := range p.conns {
		c.Abort(nil)
	}
	if p.Listener != nil {
		if err := p.Listener.Close(); err != nil {
			p.T.Error(err)
		}
	}
	p.Idle()
	if p.Listener == nil {
		return
	}
	if n := p.Listener.Stats().Open; n != 0 {
		p.T.Errorf("the listener counts %d open connections after all were closed", n)
	}
}

// packetPiece fits into one packet.
const packetPiece = 32 << 10

// put writes b, in pieces if c is a connection of packets.
func put(c transport.Conn, b []byte) error {
	for transport.KeepsPackets(c) && len(b) > packetPiece {
		if err := c.Write(b[:packetPiece]); err != nil {
			return err
		}
		b = b[packetPiece:]
	}
	return c.Write(b)
}

// equal fails the test unless got is want.
func equal[V comparable](t testing.TB, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// noError fails the test if there is an error.
func noError(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
