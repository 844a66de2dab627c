package link_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// strict is a connection that lends room of any size, and holds who borrows it to the contract.
type strict struct {
	transport.Conn
	t         *rapid.T
	sizes     []int // of what it lends, in turn; 0 is nothing
	low, high int
	lent      []byte // that was not given back
	lending   *int   // how many connections lend
	queue     []byte
	out       []byte // what went out
	ended     bool
	paused    bool
}

func (c *strict) rest() {
	require.Nil(c.t, c.lent, "the room is to be given back first")
}

func (c *strict) Write(p []byte) error {
	c.rest()
	switch {
	case c.ended:
		return transport.ErrClosed
	case len(c.queue)+len(p) > c.high:
		return transport.ErrFull
	}
	c.queue = append(c.queue, p...)
	return nil
}

func (c *strict) Lend() []byte {
	c.rest()
	require.Zero(c.t, *c.lending, "another one lends")
	size := c.sizes[0]
	c.sizes = append(c.sizes[1:len(c.sizes):len(c.sizes)], size)
	size = min(size, c.low-len(c.queue))
	if c.ended || size <= 0 {
		return nil
	}
	*c.lending++
	c.lent = []byte(strings.Repeat("~", size+200))[:0:size]
	return c.lent
}

func (c *strict) Commit(p []byte) {
	require.NotNil(c.t, c.lent)
	require.Equal(c.t, &c.lent[:1][0], &p[:1][0])
	require.LessOrEqual(c.t, len(p), cap(c.lent))
	c.queue, c.lent = append(c.queue, p...), nil
	*c.lending--
}

func (c *strict) Close() error      { c.rest(); c.ended = true; return nil }
func (c *strict) CloseWrite() error { return c.Close() }
func (c *strict) Abort(error)       { c.rest(); c.ended = true }
func (c *strict) Pause()            { c.paused = true }
func (c *strict) Resume()           { c.paused = false }
func (c *strict) Congested() bool   { c.rest(); return len(c.queue) > c.low }
func (c *strict) flush()            { c.out, c.queue = append(c.out, c.queue...), nil }
func (c *strict) ID() uint64        { return 1 }

func (c *strict) Local() address.Address              { return address.Address{} }
func (c *strict) Remote() address.Address             { return address.Address{} }
func (c *strict) Peer() (transport.Credentials, bool) { return transport.Credentials{}, false }

// answers are two links of one server whose handlers do what is drawn.
type answers struct {
	t       *rapid.T
	d       *dispatch.Dispatcher
	form    link.Form
	server  *link.Server
	lending int // connections that lend
	ends    [2]end
	reply   message.Message
	sender  *message.Sender
	sent    uint64
	handled int
	tracing bool
	unseen  int // sent while tracing, and not shown
}

// end is what is known of one of the links.
type end struct {
	conn  *strict
	link  *link.Link
	json  bool            // the peer used it last
	mute  bool            // nothing more can be sent
	over  bool            // nothing more is handled
	wants strings.Builder // what is to go out
}

func newAnswers(t *rapid.T) *answers {
	a := &answers{t: t, d: dispatch.New(dispatch.Options{})}
	a.form = rapid.SampledFrom([]link.Form{link.FormAuto, link.FormAuto, link.FormText, link.FormJSON}).Draw(t, "form")
	a.server = link.NewServer(link.Options{Dispatcher: a.d, Form: a.form, Mute: true})
	var err error
	a.sender, err = message.NewSender("n", "s")
	require.NoError(t, err)
	require.NoError(t, a.d.Add(dispatch.Match{CatchAll: true, Handler: a.handle}))
	for i := range a.ends {
		c := &strict{t: t, lending: &a.lending, low: rapid.SampledFrom([]int{100, 1000, 100_000}).Draw(t, "low")}
		c.high = c.low + rapid.SampledFrom([]int{100, 2000}).Draw(t, "more")
		c.sizes = rapid.SampledFrom([][]int{{112}, {113, 112}, {9000}, {9000}, {9000, 0}, {1, 50, 230}, {1000}}).Draw(t, "sizes")
		a.ends[i].conn, a.ends[i].link = c, a.server.Accept(c).(*link.Link)
		a.ends[i].link.OnOpen(c)
	}
	return a
}

// handle sends and changes what is drawn.
func (a *answers) handle(from dispatch.Sender, m *message.Message) error {
	a.handled++
	self, other := &a.ends[0], &a.ends[1]
	if from == other.link {
		self, other = other, self
	}
	require.False(a.t, self.over)
	self.json = m.IsJSON()
	often := slices.Repeat([]string{"repeat", "repeat", "back", "print", "text", "stamped", "long", "trace", "no trace", "handler"}, 8)
	for _, what := range rapid.SliceOfN(rapid.SampledFrom(append(often, "close", "abort", "finish")), 1, 3).Draw(a.t, "what") {
		to := rapid.SampledFrom([]*end{self, self, other}).Draw(a.t, "to")
		switch what {
		case "trace":
			a.tracing = true
			a.d.SetTrace(func(ev *dispatch.Event) {
				if ev.Direction == dispatch.Out && ev.Outcome == dispatch.Sent {
					a.unseen--
				}
			})
		case "no trace":
			a.tracing = false
			a.d.SetTrace(nil)
		case "handler":
			if a.d.Remove(1) == 0 {
				require.NoError(a.t, a.d.Add(dispatch.Match{Command: "DO", Handler: a.handle, Tag: 1}))
			}
		case "close":
			to.mute, to.over = true, true
			require.NoError(a.t, to.link.Close())
		case "abort":
			to.mute, to.over = true, true
			to.link.Abort(nil)
		case "finish":
			to.mute = true
			require.NoError(a.t, to.link.CloseWrite())
		default:
			a.send(to, what, m)
		}
	}
	return nil
}

// send answers m in one of the ways that there are.
func (a *answers) send(to *end, how string, m *message.Message) {
	r, l := &a.reply, to.link
	r.Repeat(m)
	send, asText := func() error { return l.Send(r) }, false
	switch how {
	case "back":
		send = func() error { return l.Send(m) }
		r = m.Clone()
	case "print":
		r.Set("a", "b;c")
	case "long":
		r.Set("a", strings.Repeat("l", 500))
	case "text":
		send, asText = func() error { return l.SendText([]byte(r.String())) }, true
	case "stamped":
		send = func() error { return l.SendFrom(a.sender, m) }
		r = m.Clone()
		r.SetSender(a.sender)
	}
	text, err := r.Clone().Append(nil, !asText && (a.form == link.FormJSON || a.form == link.FormAuto && to.json))
	require.NoError(a.t, err)
	if err = send(); err == nil {
		require.False(a.t, to.mute)
		a.sent++
		to.wants.Write(append(text, '\n'))
		if a.tracing {
			a.unseen++
		}
	} else if to.mute {
		require.ErrorIs(a.t, err, transport.ErrClosed)
	} else {
		require.ErrorIs(a.t, err, transport.ErrFull)
	}
	require.Equal(a.t, a.sent, a.server.Stats().Out)
}

// read gives a link some lines, all of which are handled in the end if it does not close.
func (a *answers) read(to *end) {
	const json = `{"command":"DO","parameters":{"v":"%"}}`
	var text strings.Builder
	messages := 0
	for range rapid.IntRange(1, 10).Draw(a.t, "lines") {
		value := strings.Repeat("v", rapid.SampledFrom([]int{0, 1, 30, 90, 105, 106, 107, 107, 107, 108, 109, 300}).Draw(a.t, "long"))
		line := rapid.SampledFrom([]string{"DO v=%", "DO v=%", "OTHER v=%", "DO z=;v=%", "<:s DO v=%", "s/DO v=%", "wrong", "", json, json}).Draw(a.t, "line")
		if strings.Contains(line, "%") {
			messages++
		}
		text.WriteString(strings.Replace(line, "%", value, 1) + "\n")
	}
	a.handled = 0
	to.link.OnData(to.conn, []byte(text.String()))
	require.Zero(a.t, a.lending, "what is lent is given back when reading ends")
	for to.conn.paused && !to.over {
		to.conn.flush()
		to.link.OnDrain(to.conn)
	}
	if !to.over {
		require.Equal(a.t, messages, a.handled)
	}
}

// TestAnswers has links answer themselves and each other, in any way and form, while they end, and while hooks and handlers come and go, and
// compares what goes out with each answer printed by itself.
func TestAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newAnswers(t)
		for range rapid.IntRange(3, 6).Draw(t, "reads") {
			if to := &a.ends[rapid.IntRange(0, 1).Draw(t, "link")]; !to.over {
				a.read(to)
			}
			if c := a.ends[rapid.IntRange(0, 1).Draw(t, "flushed")].conn; rapid.Bool().Draw(t, "flush") {
				c.flush()
			}
		}
		for i := range a.ends {
			a.ends[i].conn.flush()
			require.Equal(t, a.ends[i].wants.String(), string(a.ends[i].conn.out))
		}
		require.Zero(t, a.unseen, "each message that is sent while somebody looks is shown")
	})
}
