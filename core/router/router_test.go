package router_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/definition"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/router"
)

func receive(t testing.TB, r *router.Router, c *router.Client, line string) {
	m, err := message.Parse([]byte(line))
	require.NoError(t, err, line)
	r.Receive(c, m)
}

// memory is a connection that keeps what it is sent.
type memory struct {
	lines   []string
	full    bool
	pending int
	onSend  func()
	ended   string
}

func (c *memory) Send(m *message.Message) error {
	if c.full {
		return errFull
	}
	c.lines = append(c.lines, m.String())
	if c.onSend != nil {
		c.onSend()
	}
	return nil
}

func (c *memory) Pending() int { return c.pending }
func (c *memory) Close() error { c.ended = "closed"; return errors.New("not that it mattered") }
func (c *memory) Abort(error)  { c.ended = "aborted" }

func TestOptionsAreChecked(t *testing.T) {
	for name, o := range map[string]router.Options{
		"no name":       {},
		"bad name":      {ServerName: "*"},
		"bad service":   {ServerName: "n1", Services: []string{"ok", "not-a-name"}},
		"host name":     {ServerName: "n1", MyAddress: addr(t, "example.com:4042")},
		"no port":       {ServerName: "n1", MyAddress: address.Address{Scheme: address.TCP, IP: addr(t, "10.0.0.1").IP}},
		"neighbor name": {ServerName: "n1", Neighbors: []address.Address{addr(t, "example.com:4042")}},
	} {
		_, err := router.New(o, nobody{}, time.Now())
		require.Error(t, err, name)
		r := newRouter(t, router.Options{})
		if name != "no port" && name != "host name" { // a router keeps its address
			require.Error(t, r.Reload(o), name)
		}
	}
}

func TestZeroOptionsStandAlone(t *testing.T) {
	r, err := router.New(router.Options{ServerName: "n1"}, nobody{}, time.Now())
	require.NoError(t, err)
	c := &memory{}
	receive(t, r, r.Opened(c, router.Origin{}), "REGISTER service=a;version=1")
	require.Equal(t, "<n1:communicatord READY my_address=127.0.0.1:4042", c.lines[1])
}

func TestReloadKeepsClients(t *testing.T) {
	r := newRouter(t, router.Options{Services: []string{"old"}})
	a, out := service(t, r, "a", "HELP")
	_, b := service(t, r, "b", "HELP")
	m := &message.Message{}
	require.NoError(t, m.Decode([]byte("b/FORBIDDEN")))
	r.Receive(a, m)
	require.Equal(t, "<n1:a b/FORBIDDEN", string(b.buffer))

	require.NoError(t, r.Reload(router.Options{
		ServerName: "other", Services: []string{"young"}, Policy: denial{"FORBIDDEN"}, Logger: slog.New(slog.DiscardHandler),
		Neighbors: []address.Address{addr(t, "127.0.0.1:5042")},
	}))
	before := b.lines
	require.NoError(t, m.Decode([]byte("b/FORBIDDEN")))
	r.Receive(a, m)
	require.Equal(t, before, b.lines, "the policy counts at once")
	require.Equal(t, "n1:a/INVALID command=FORBIDDEN;message=the policy forbids it", string(out.buffer))
	require.Equal(t, "registered", a.State())

	receive(t, r, a, "SERVICE_STATUS service=young")
	require.Contains(t, string(out.buffer), "status=down")
	receive(t, r, a, "SERVICE_STATUS service=old")
	require.Contains(t, string(out.buffer), "status=unknown")
	require.Len(t, r.Neighbors(), 1)
}

func TestListsAreCutIntoLines(t *testing.T) {
	r := newRouter(t, router.Options{})
	for i := range 3000 {
		service(t, r, fmt.Sprintf("service_number_%d", i), "HELP")
	}
	c := &memory{}
	receive(t, r, r.Opened(c, router.Origin{}), "LIST_SERVICES")
	names := map[string]bool{}
	for i, line := range c.lines {
		require.Less(t, len(line), 20_000)
		require.Equal(t, i < len(c.lines)-1, strings.Contains(line, ";more=true"))
		list, _, _ := strings.Cut(strings.TrimPrefix(line, "<n1:communicatord SERVICES list="), ";")
		for name := range strings.SplitSeq(list, ",") {
			names[name] = true
		}
	}
	require.Len(t, names, 3000)

	// Another router learns of all of them, too.
	p := &memory{}
	client := r.Opened(p, router.Origin{Kind: router.Remote, Remote: addr(t, "127.0.0.1:50000")})
	receive(t, r, client, "CONNECT server_name=n2;my_address=127.0.0.1:5042;version=1")
	receive(t, r, client, "n1:communicatord/COMMANDS list="+strings.Join(r.Commands(), ","))
	up := 0
	for _, line := range p.lines {
		m, err := message.Parse([]byte(line))
		require.NoError(t, err)
		require.Less(t, len(line), 65_536)
		if list, ok := m.Get("up"); ok {
			up += len(strings.Split(list, ","))
		}
	}
	require.Equal(t, 3000, up)
}

func TestReportsOwedAreBounded(t *testing.T) {
	r := newRouter(t, router.Options{Limits: router.Limits{Reports: 100}})
	from := &memory{}
	a := r.Opened(from, router.Origin{})
	receive(t, r, a, "REGISTER service=a;version=1")
	to := &memory{}
	b := r.Opened(to, router.Origin{})
	receive(t, r, b, "REGISTER service=b;version=1")

	// As long as messages go out, any number may be sent.
	for range 1000 {
		receive(t, r, a, "b/GO transmission_report=failure")
	}
	require.Len(t, to.lines, 1002)
	require.Len(t, from.lines, 2)

	// When they do not, the sender learns that there is no more room for promises.
	to.pending = 100
	for range 150 {
		receive(t, r, a, "b/GO transmission_report=failure")
		to.pending++
	}
	refused := len(from.lines) - 2
	require.Greater(t, refused, 0)
	from.lines = nil
	r.Closed(b, nil, router.Lost{Queued: 150 - refused})
	require.Len(t, from.lines, 150-refused)
}

// TestAConnectionThatKnowsNothing owes reports for the last messages only.
func TestAConnectionThatKnowsNothing(t *testing.T) {
	r := newRouter(t, router.Options{Limits: router.Limits{Reports: 100}})
	a, out := service(t, r, "a", "HELP")
	b, _ := service(t, r, "b", "HELP")
	for range 1000 {
		receive(t, r, a, "b/GO transmission_report=failure")
	}
	before := out.lines
	r.Closed(b, nil, router.Lost{Queued: 10})
	require.Equal(t, before+10, out.lines)
}

func TestConnectionsMayEndFromWithin(t *testing.T) {
	r := newRouter(t, router.Options{})
	var clients []*router.Client
	var conns []*memory
	for i := range 5 {
		c := &memory{}
		client := r.Opened(c, router.Origin{})
		receive(t, r, client, fmt.Sprintf("REGISTER service=s%d;version=1", i))
		receive(t, r, client, "COMMANDS list=NEWS,STATUS")
		clients, conns = append(clients, client), append(conns, c)
	}
	for i, c := range conns[1:] {
		c.onSend = func() {
			c.onSend = nil
			r.Closed(clients[i+1], errFull, router.Lost{})
		}
	}
	receive(t, r, clients[0], "./NEWS")
	require.Equal(t, 1, r.Stats().Clients)
	require.Len(t, conns[0].lines, 2+4+4, "status of four services that came and went")
}

func TestSecretsAreNotLogged(t *testing.T) {
	var log bytes.Buffer
	o := router.Options{
		ServerName: "n1", Credentials: router.Credentials{User: "me", Password: "hush1"},
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	r, err := router.New(o, nobody{}, time.Unix(1768770000, 0))
	require.NoError(t, err)
	c := r.Opened(&memory{}, router.Origin{Kind: router.Secure, Remote: addr(t, "10.0.0.2:5000")})
	receive(t, r, c, "CONNECT server_name=n2;my_address=10.0.0.2:4042;version=1;username=me;password=hush2")
	r.Packet(&memory{}, router.Origin{}, parse(t, "nobody/GO secret_code=hush3;my_Password=hush4;access_token=hush5;open=said;long="+strings.Repeat("x", 500)))
	require.NotContains(t, log.String(), "hush")
	require.Contains(t, log.String(), "open=said")
	require.NotContains(t, log.String(), strings.Repeat("x", 200))
}

func parse(t testing.TB, line string) *message.Message {
	m, err := message.Parse([]byte(line))
	require.NoError(t, err)
	return m
}

func TestTheLogIsNotFlooded(t *testing.T) {
	var log bytes.Buffer
	o := router.Options{ServerName: "n1", Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	now := time.Unix(1768770000, 0)
	r, err := router.New(o, nobody{}, now)
	require.NoError(t, err)
	c := r.Opened(&memory{}, router.Origin{})
	for range 1000 {
		receive(t, r, c, "nobody/GO")
	}
	require.LessOrEqual(t, strings.Count(log.String(), "\n"), 20)
	r.Tick(now.Add(time.Second))
	require.Contains(t, log.String(), "count=980")

	for _, line := range []string{"INVALID command=X;message=" + strings.Repeat("m", 60_000), "RESTART", "LEAK", "READY"} {
		log.Reset()
		now = now.Add(2 * time.Second)
		r.Tick(now)
		for range 1000 {
			receive(t, r, c, line)
		}
		require.NotZero(t, log.Len(), line[:4])
		require.LessOrEqual(t, log.Len(), 30*300, line[:4])
	}
}

func TestViews(t *testing.T) {
	r := newRouter(t, router.Options{Services: []string{"away"}})
	a, _ := service(t, r, "a", "HELP")
	receive(t, r, a, "away/GO")
	receive(t, r, a, "away/GO cache=ttl=1h")
	p := r.Opened(&memory{}, router.Origin{Kind: router.Remote, Remote: addr(t, "127.0.0.1:50000")})
	receive(t, r, p, "CONNECT server_name=n2;my_address=127.0.0.1:5042;version=1")
	receive(t, r, p, "GOSSIP all=true;heard_of=x;nodes=n1,n7;up=b,c;listed=d")

	entries := r.CacheEntries()
	require.Equal(t, []router.CacheEntry{{Service: "away", Messages: 2, Bytes: entries[0].Bytes, Until: time.Unix(1768773600, 0)}}, entries)
	require.Equal(t, []router.Node{{Name: "n2", Address: addr(t, "127.0.0.1:5042"), Kind: router.Remote, Up: 2, Behind: 1}}, r.Routers())
	s := r.Stats()
	require.Equal(t, []int{2, 1, 1, 1, 2}, []int{s.Clients, s.Services, s.Routers, s.Neighbors, s.CacheMessages})
	for c := range r.Clients() {
		require.NotEmpty(t, c.Label())
	}
	require.Equal(t, []string{"a", "registered", "", "router", "n2"}, []string{a.Service(), a.State(), a.Server(), p.State(), p.Server()})
	in, out, refused := a.Traffic()
	require.Equal(t, []uint64{4, 2, 0}, []uint64{in, out, refused})
	up, complete, known, connected := r.Cluster()
	require.True(t, up && complete && known == 2 && connected == 2)
}

// TestDefinitionsOfAllCommands: what a router answers to HELP and takes parameters can be checked before it is sent.
func TestDefinitionsOfAllCommands(t *testing.T) {
	set, err := definition.Open(definition.Options{Extra: router.Definitions()})
	require.NoError(t, err)
	require.NoError(t, set.Err())
	for _, command := range []string{"REGISTER", "CONNECT", "LOADAVG", "ALIVE"} {
		d, err := set.For(command)
		require.NoError(t, err)
		require.NotNil(t, d, command)
	}
}

// alarm is a host that notes when it is to be woken.
type alarm struct {
	nobody
	at []time.Time
}

func (a *alarm) Wake(at time.Time) { a.at = append(a.at, at) }

func TestTheHostIsWoken(t *testing.T) {
	host, now := &alarm{}, time.Unix(1768770000, 0)
	r, err := router.New(router.Options{ServerName: "n1", MyAddress: addr(t, "10.0.0.5:4042"), Logger: slog.New(slog.DiscardHandler)}, host, now)
	require.NoError(t, err)
	require.Equal(t, now.Add(time.Second), r.Tick(now))
	require.Empty(t, host.at)

	a := r.Opened(&memory{}, router.Origin{})
	receive(t, r, a, "ALIVE")
	require.Empty(t, host.at, "nothing is due")
	receive(t, r, a, "GOSSIP my_address=10.0.0.1:4042")
	require.Equal(t, []time.Time{now.Add(time.Millisecond)}, host.at, "a router is to be dialled at once")
	r.Tick(now)
	r.Stop(false)
	require.Len(t, host.at, 2)
	require.WithinDuration(t, now, host.at[1], 100*time.Millisecond)
}

// panics is a policy with a mistake in it.
type panics struct{}

func (panics) Register(*router.Client, string) error       { return nil }
func (panics) Send(*router.Client, *message.Message) error { panic("provoked") }

// TestPanicInARule: the host survives it, and the rules must not believe for ever that they are at work.
func TestPanicInARule(t *testing.T) {
	r := newRouter(t, router.Options{Policy: panics{}})
	c := r.Opened(&memory{}, router.Origin{})
	require.Panics(t, func() { receive(t, r, c, "FOO") })
	require.Panics(t, func() { r.Packet(&memory{}, router.Origin{}, message.New("FOO")) })
	r.Closed(c, nil, router.Lost{})
	require.Equal(t, uint64(1), r.Stats().Closed)
}

// TestNeighborsInTheLog: that one is away is told once, until it has been there; that two have one name, with what to do.
func TestNeighborsInTheLog(t *testing.T) {
	var log bytes.Buffer
	now := time.Unix(1768770000, 0)
	at := addr(t, "10.0.0.1:4042")
	r, err := router.New(router.Options{ServerName: "n5", MyAddress: addr(t, "10.0.0.5:4042"), Neighbors: []address.Address{at},
		Logger: slog.New(slog.NewTextHandler(&log, nil))}, nobody{}, now)
	require.NoError(t, err)
	away := func() {
		for range 5 {
			now = now.Add(70 * time.Second)
			r.Tick(now)
			r.DialFailed(at, errors.New("connection refused"))
		}
	}
	away()
	require.Equal(t, 1, strings.Count(log.String(), `msg="neighbor cannot be reached, attempts go on" address=10.0.0.1:4042 error="connection refused"`), log.String())
	dial := func() *router.Client {
		now = now.Add(70 * time.Second)
		r.Tick(now)
		return r.Opened(&memory{}, router.Origin{Kind: router.Out, Remote: at})
	}
	c := dial()
	receive(t, r, c, "<n1:communicatord ACCEPT my_address=10.0.0.1:4042;server_name=n1")
	r.Closed(c, errors.New("reset"), router.Lost{})
	away()
	require.Equal(t, 2, strings.Count(log.String(), "neighbor cannot be reached"), log.String())
	c = dial()
	receive(t, r, c, "<n1:communicatord ACCEPT my_address=10.0.0.1:4042;server_name=n1")
	r.Closed(c, errors.New("reset"), router.Lost{})
	log.Reset()
	r.Closed(dial(), errors.New("bad certificate"), router.Lost{})
	r.Closed(dial(), nil, router.Lost{})
	require.Equal(t, 1, strings.Count(log.String(), "neighbor cannot be reached"), log.String())
	require.Contains(t, log.String(), `address=10.0.0.1:4042 error="bad certificate"`)
	for range 3 {
		receive(t, r, dial(), "INVALID command=CONNECT;message=user or password are wrong, or missing")
	}
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	c = dial()
	receive(t, r, c, "<n1:communicatord ACCEPT my_address=10.0.0.1:4042;server_name=n1")
	r.Closed(c, errors.New("reset"), router.Lost{})
	log.Reset()
	receive(t, r, dial(), "INVALID command=CONNECT;message=user or password are wrong, or missing")
	require.Contains(t, log.String(), `level=WARN msg="neighbor cannot be reached, attempts go on" address=10.0.0.1:4042 error="it answered: user or password are wrong, or missing"`)
	receive(t, r, dial(), "<n1:communicatord REFUSE conflict=name")
	require.Contains(t, log.String(), `another router has this router's name: give one of them another server_name" name=n5 address=10.0.0.1:4042`)
}

// TestLateMessagesInTheLog: a wrong clock stops all messages between two hosts, and nothing but the log says why.
func TestLateMessagesInTheLog(t *testing.T) {
	var log bytes.Buffer
	r, err := router.New(router.Options{ServerName: "n1", MyAddress: addr(t, "10.0.0.1:4042"), Logger: slog.New(slog.NewTextHandler(&log, nil))},
		nobody{}, time.Unix(1768770000, 0))
	require.NoError(t, err)
	p := r.Opened(&memory{}, router.Origin{Kind: router.Remote, Remote: addr(t, "10.0.0.2:4042")})
	receive(t, r, p, "<n2:communicatord CONNECT my_address=10.0.0.2:4042;server_name=n2;version=1")
	send := func(hops, timeout int) {
		receive(t, r, p, fmt.Sprintf("<n2:x n1:a/DO broadcast_hops=%d;broadcast_msgid=n2-1;broadcast_timeout=%d", hops, timeout))
	}
	send(1, 1768770000)
	send(2, 1768769950)
	require.NotContains(t, log.String(), "too late", "another router may have kept it so long")
	send(1, 1768769980)
	send(1, 1768769981)
	require.Equal(t, 1, strings.Count(log.String(), "too late"), log.String())
	require.Contains(t, log.String(), "router=n2 late=30s")
}

// TestLostMessagesInTheLog: what the kernel had when a connection ended has arrived, most often: no warning, at each end of a router.
func TestLostMessagesInTheLog(t *testing.T) {
	for lost, want := range map[router.Lost]string{
		{}:                        "",
		{Uncertain: 1}:            `level=INFO msg="messages may have been lost with a client" client="a (unix)" uncertain=1` + "\n",
		{Queued: 2}:               `level=WARN msg="messages were lost with a client" client="a (unix)" lost=2 uncertain=0` + "\n",
		{Queued: 2, Uncertain: 1}: `level=WARN msg="messages were lost with a client" client="a (unix)" lost=2 uncertain=1` + "\n",
	} {
		var log bytes.Buffer
		noTime := func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}
		o := router.Options{ServerName: "n1", Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: noTime}))}
		r, err := router.New(o, nobody{}, time.Unix(1768770000, 0))
		require.NoError(t, err)
		c := r.Opened(&memory{}, router.Origin{})
		receive(t, r, c, "REGISTER service=a;version=1")
		r.Closed(c, nil, lost)
		require.Equal(t, want, log.String())
	}
}
