package link_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

func TestClientOnALoop(t *testing.T) {
	s := serve(t, "tcp://127.0.0.1:0", link.Options{}, transport.Options{})
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	defer loop.Close()
	var got []string
	var ended error
	d := dispatch.New(dispatch.Options{})
	require.NoError(t, d.On("PING", func(from dispatch.Sender, m *message.Message) error {
		got = append(got, m.Command())
		return from.(*link.Link).Close()
	}))
	var c *link.Client
	c = link.NewClient(link.Options{
		Dispatcher: d,
		OnOpen:     func(*link.Link) { require.NoError(t, c.Send(message.New("PING"))) },
		OnClose:    func(_ *link.Link, err error) { ended = err },
	})
	require.ErrorIs(t, c.Send(message.New("PING")), transport.ErrClosed, "there is no connection yet")
	_, err = open.Dial(loop, s.at, transport.Options{}, c)
	require.NoError(t, err)
	require.NoError(t, loop.Run(soon(t)), "the loop ends with its last connection")
	require.Equal(t, []string{"PING"}, got)
	require.NoError(t, ended)
	require.Nil(t, c.Link())
	require.ErrorIs(t, c.Send(message.New("PING")), transport.ErrClosed)
	require.Equal(t, link.Stats{Opened: 1, In: 1, Out: 1}, c.Stats())
}

func TestClientTellsThatConnectingFailed(t *testing.T) {
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	defer loop.Close()
	ends := 0
	c := link.NewClient(link.Options{OnClose: func(_ *link.Link, err error) {
		ends++
		var op *transport.OpError
		require.ErrorAs(t, err, &op)
		require.Equal(t, "connect", op.Op)
	}})
	where := parse(t, "unix:"+filepath.Join(t.TempDir(), "none"))
	if _, err := open.Dial(loop, where, transport.Options{}, c); err == nil {
		require.NoError(t, loop.Run(soon(t)))
		require.Equal(t, 1, ends)
	}
	require.Nil(t, c.Link())
}

// answering is a service that looks a parameter of STATUS up and repeats the message.
func answering(t *testing.T) *dispatch.Dispatcher {
	d := dispatch.New(dispatch.Options{})
	var reply message.Message
	require.NoError(t, d.On("STATUS", func(from dispatch.Sender, m *message.Message) error {
		_, _ = m.Lookup("seq")
		reply.Repeat(m)
		return from.Send(&reply)
	}))
	return d
}

// The hot path of a service must not allocate: decode, dispatch, look up, reply.
func TestLinkAllocations(t *testing.T) {
	server := link.NewServer(link.Options{Dispatcher: answering(t)})
	line := []byte("STATUS detail=\"a;quoted value, 20 by\";seq=000123;service=eventd\n")
	plain := &sink{}
	h := server.Accept(plain)
	h.OnOpen(plain)
	require.Zero(t, testing.AllocsPerRun(1000, func() { h.OnData(plain, line) }))
	require.Equal(t, 1001*len(line), plain.taken)

	c := &lender{}
	h = server.Accept(c)
	h.OnOpen(c)
	require.Zero(t, testing.AllocsPerRun(1000, func() { h.OnData(c, line) }))
	require.Equal(t, 1001*len(line), c.taken)

	// Nor where replies are longer than what is left of the room.
	long := []byte(strings.Repeat("STATUS detail="+strings.Repeat("v", 1000)+"\n", 20))
	c.taken = 0
	require.Zero(t, testing.AllocsPerRun(100, func() { h.OnData(c, long) }))
	require.Equal(t, 101*len(long), c.taken)
}

// sink is a connection that takes everything.
type sink struct {
	transport.Conn
	taken int
}

func (s *sink) Write(p []byte) error { s.taken += len(p); return nil }
func (s *sink) Congested() bool      { return false }

// lender is a sink that has a queue, which it empties when it is full, and lends room there.
type lender struct {
	sink
	queue [16 << 10]byte
	used  int
}

func (c *lender) Write(p []byte) error {
	if len(c.queue)-c.used < len(p) {
		c.used = 0
	}
	c.used += copy(c.queue[c.used:], p)
	return c.sink.Write(p)
}

func (c *lender) Lend() []byte { return c.queue[c.used:c.used] }

func (c *lender) Commit(p []byte) {
	if c.used += len(p); c.used > len(c.queue)/2 {
		c.used = 0
	}
	c.taken += len(p)
}
