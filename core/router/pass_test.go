package router_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/router"
)

// roomy is a connection that lends room, of which there may be little or none.
type roomy struct {
	text []byte
	room int // how many bytes are lent at a time
	lent bool
	n    int // messages
}

func (c *roomy) Send(m *message.Message) (err error) {
	if c.lent {
		panic("something is sent while room is lent")
	}
	c.text, err = m.AppendText(c.text)
	c.text = append(c.text, '\n')
	c.n++
	return err
}

func (c *roomy) Room(n int) []byte {
	if c.room < n {
		return nil
	}
	c.lent = true
	return make([]byte, 0, c.room)
}

func (c *roomy) Fill(room []byte, messages int) {
	if len(room) > c.room || bytes.Count(room, []byte("\n")) != messages {
		panic("the room is not filled as promised")
	}
	c.lent = false
	c.text = append(c.text, room...)
	c.n += messages
}

func (c *roomy) TakesLines() bool { return c.room > 50 }

func (c *roomy) SendLines(text []byte, messages int) error {
	if c.lent || bytes.Count(text, []byte("\n")) != messages {
		panic("these are not so many lines, or come while room is lent")
	}
	c.text, c.n = append(c.text, text...), c.n+messages
	return nil
}

func (c *roomy) Close() error { return nil }
func (c *roomy) Abort(error)  {}

// place is a router with three services, of which the first is the one that speaks.
type place struct {
	r     *router.Router
	names []string
	all   []*router.Client
	conns []*roomy
	room  int // of the connections
}

func newPlace(t testing.TB, room, limit int) *place {
	p := &place{room: room, r: newRouter(t, router.Options{Limits: router.Limits{Line: limit}}), names: []string{"one", "two", "three"}}
	for _, name := range p.names {
		p.join(t, name)
	}
	return p
}

// join adds a service.
func (p *place) join(t testing.TB, name string) {
	conn := &roomy{room: p.room}
	p.conns = append(p.conns, conn)
	p.all = append(p.all, p.r.Opened(conn, router.Origin{Kind: router.LocalUnix}))
	p.receive(t, "REGISTER version=1;service="+name, len(p.all)-1)
	p.receive(t, "COMMANDS list=HELP,SHOUT", len(p.all)-1)
}

func (p *place) receive(t testing.TB, line string, from int) {
	var m message.Message
	if err := m.Decode([]byte(line)); err == nil {
		p.r.Receive(p.all[from], &m)
	}
}

// say takes a text of whole lines from the first service as a host does: what Pass leaves goes line by line. It returns how many
// messages were passed.
func (p *place) say(t testing.TB, text []byte, pass bool) (passed int) {
	for len(text) > 0 {
		if pass {
			used, n := p.r.Pass(p.all[0], text)
			require.Equal(t, n, bytes.Count(text[:used], []byte("\n")))
			text, passed = text[used:], passed+n
			if len(text) == 0 {
				return passed
			}
		}
		end := bytes.IndexByte(text, '\n')
		p.receive(t, string(text[:end]), 0)
		text = text[end+1:]
	}
	return passed
}

// TestPassIsReceive: whatever the lines are, all services get the same by either way, in the same order.
func TestPassIsReceive(t *testing.T) {
	lines := []string{
		"two/GO", "two/GO a=1", "two/GO a=1;b=2", "two/GO a=1;b=2;c=\"x y;\"", "three/GO a=1", "three/OTHER a=1;b=2", "n1:two/GO a=1", ".:two/GO",
		"<n9:evil two/GO a=1", "<:evil n1:three/GO", "two/GO b=2;a=1", "two/GO cache=no", "two/GO a=1;transmission_report=failure", "two/GO caches=1",
		"one/GO a=1", "nobody/GO a=1", "n2:two/GO", "*/SHOUT a=1", "./SHOUT", "?/SHOUT a=1;b=2", "./SHOUT transmission_report=failure", "n1:./SHOUT", "*:*/SHOUT", "*/SHOUT broadcast_msgid=7", "./NOBODY", "ALIVE serial=1", "two/go", "2wo/GO", "two/GO a", "two/GO a=\"", "", " ", "two/",
		"two/GO a=1\r", "two/GO  a=1", "two/GO a=1;a=2", "{\"service\":\"two\",\"command\":\"GO\"}", "two/GO a=\x80\xff", "two/GO a=\x01",
		"two/GO long=0123456789012345678901234567890123456789012345678901234567890123456789", "UNREGISTER service=one",
		"REGISTER version=1;service=one",
	}
	rapid.Check(t, func(rt *rapid.T) {
		room := rapid.SampledFrom([]int{0, 20, 100, 100_000}).Draw(rt, "room")
		limit := rapid.SampledFrom([]int{0, 70, 90}).Draw(rt, "limit")
		quick, slow := newPlace(t, room, limit), newPlace(t, 0, limit)
		for _, which := range rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom(lines), 1, 60), 1, 4).Draw(rt, "texts") {
			var text []byte
			for _, line := range which {
				text = append(append(text, line...), '\n')
			}
			quick.say(t, text, true)
			slow.say(t, text, false)
		}
		for i, name := range slow.names {
			require.Equal(t, string(slow.conns[i].text), string(quick.conns[i].text), "what %s was sent", name)
			in, out, refused := slow.all[i].Traffic()
			in2, out2, refused2 := quick.all[i].Traffic()
			require.Equal(t, []uint64{in, out, refused}, []uint64{in2, out2, refused2}, name)
		}
		require.Equal(t, slow.r.Stats(), quick.r.Stats())
	})
}

// TestPass: what takes the short way takes it, where the processor can find lines quickly.
func TestPass(t *testing.T) {
	p := newPlace(t, 100_000, 0)
	text := bytes.Repeat([]byte("two/GO a=1;b=2\nthree/GO\nthree/GO x=1;y=2\n<n3:x n1:two/GO z=1\n"), 200)
	passed := p.say(t, text, true)
	if passed == 0 {
		require.Zero(t, new(message.Lines).Find(text), "lines are found, and not passed on")
		return
	}
	require.Equal(t, 800, passed)
	require.Contains(t, string(p.conns[1].text), "<n1:one two/GO a=1;b=2\n<n1:one n1:two/GO z=1\n<n1:one two/GO a=1;b=2\n")
	require.Contains(t, string(p.conns[2].text), "<n1:one three/GO\n<n1:one three/GO x=1;y=2\n")
	used, n := p.r.Pass(p.all[0], []byte("two/GO"))
	require.Zero(t, used+n, "an unfinished line is left")
}

// TestPassAfterChange: where lines go is looked up again when services change.
func TestPassAfterChange(t *testing.T) {
	p := newPlace(t, 100_000, 0)
	p.say(t, []byte("two/GO a=1\ntwo/GO a=2\n"), true)
	p.receive(t, "UNREGISTER service=two", 1)
	p.join(t, "two")
	p.say(t, []byte("two/GO a=3\ntwo/GO a=4\n"), true)
	require.NotContains(t, string(p.conns[1].text), "a=3")
	require.Contains(t, string(p.conns[3].text), "<n1:one two/GO a=3\n<n1:one two/GO a=4\n")
}
