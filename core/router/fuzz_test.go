package router_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/router"
)

// fuzzed is a connection that notes what is wrong with what it is sent.
type fuzzed struct {
	t          *testing.T
	r          *router.Router
	origin     router.Origin
	client     *router.Client
	full, over bool
	sent       int
	registered bool // READY came
}

func (f *fuzzed) Send(m *message.Message) error {
	if f.full {
		return errors.New("full")
	}
	text, err := m.AppendText(nil)
	require.NoError(f.t, err, "what the rules send can be written")
	f.take(text)
	return nil
}

func (f *fuzzed) take(text []byte) {
	m, err := message.Parse(text)
	require.NoError(f.t, err, "what is written can be read: %q", text)
	if m.Command() == "READY" && m.SentFromService() == "communicatord" {
		f.registered = true
	}
	_, secret := m.Get("secret_code")
	require.False(f.t, secret && f.origin.Kind == router.Datagram, "%s", m)
	f.sent++
}

func (f *fuzzed) Pending() int { return f.sent / 2 }
func (f *fuzzed) Close() error { f.over = true; return nil }
func (f *fuzzed) Abort(error) {
	if !f.over {
		f.over = true
		f.r.Closed(f.client, nil, router.Lost{}) // at once, from within
	}
}

var fuzzKinds = []router.Kind{router.LocalUnix, router.LocalUnix, router.LocalTCP, router.Remote, router.Remote, router.Secure, router.Out, router.Datagram}

func (f *fuzzed) open(kind router.Kind, i int) {
	f.origin = router.Origin{Kind: kind, UID: uint32(i), HasCred: i < 2}
	switch kind {
	case router.Out:
		f.origin.Remote = addr(f.t, "10.0.0.1:4042")
	case router.Remote, router.Secure:
		f.origin.Remote = addr(f.t, "10.0.0.9:50000")
	}
	f.over, f.full, f.registered = false, false, false
	if kind != router.Datagram {
		f.client = f.r.Opened(f, f.origin)
	}
}

// FuzzRouter plays any lines from any clients. A line begins with a letter that says from which, then comes the message; "!"
// and a letter ends a connection, "~" and a letter fills it, "+" lets seconds pass, "." stops the router.
func FuzzRouter(f *testing.F) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		for scene := range strings.SplitSeq(string(text), "\n--") {
			f.Add(fuzzInput(scene))
		}
	}
	limits := router.Limits{
		CacheMessages: 20, CacheBytes: 2000, Services: 10, Commands: 10, Neighbors: 10, IDs: 20, Reports: 20, ClientRate: 0,
	}
	f.Fuzz(func(t *testing.T, input string) {
		now := time.Unix(1768770000, 0)
		r, err := router.New(router.Options{
			ServerName: "n5", MyAddress: addr(t, "10.0.0.5:4042"), Services: []string{"alpha"}, Limits: limits, MaxConnections: 3,
			Neighbors:   []address.Address{addr(t, "10.0.0.1:4042")},
			Credentials: router.Credentials{User: "me", Password: "secret"}, Logger: slog.New(slog.DiscardHandler),
		}, nobody{}, now)
		require.NoError(t, err)
		r.Tick(now)
		clients := make([]fuzzed, len(fuzzKinds))
		for i := range clients {
			clients[i].t, clients[i].r = t, r
			clients[i].open(fuzzKinds[i], i)
		}
		for line := range strings.SplitSeq(input, "\n") {
			if line == "" {
				continue
			}
			play(t, r, clients, line, &now)
			s := r.Stats()
			require.LessOrEqual(t, s.Clients, len(clients))
			require.LessOrEqual(t, s.Services, 10)
			require.LessOrEqual(t, s.Neighbors, 10)
			require.LessOrEqual(t, s.IDs, 20)
			require.LessOrEqual(t, s.Waiting, 20)
			require.True(t, s.CacheMessages >= 0 && s.CacheMessages <= 20 && s.CacheBytes >= 0 && s.CacheBytes <= 2000, "%+v", s)
			for c := range r.Clients() {
				require.Equal(t, c.Service() != "", c.State() == "registered", c.Label())
			}
		}
		for i := range clients {
			if c := clients[i].client; c != nil {
				r.Closed(c, nil, router.Lost{Queued: 3, Uncertain: 4})
			}
		}
		s := r.Stats()
		require.Zero(t, s.Clients+s.Services+s.Routers)
	})
}

// fuzzInput makes input of a script: its clients become those of the same sort.
func fuzzInput(scene string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(scene, "\n") {
		if who, text, ok := strings.Cut(line, "> "); ok && !strings.ContainsAny(who, " <") {
			b.WriteByte('a' + who[len(who)-1]%8)
			b.WriteString(text + "\n")
		}
	}
	return b.String()
}

func play(t *testing.T, r *router.Router, clients []fuzzed, line string, now *time.Time) {
	pick := func(b byte) (*fuzzed, int) {
		i := int(b) % len(clients)
		return &clients[i], i
	}
	switch {
	case line[0] == '+':
		*now = now.Add(time.Duration(len(line)*len(line)) * time.Second)
		r.Tick(*now)
	case line[0] == '.':
		r.Stop(len(line) > 1)
	case len(line) > 1 && line[0] == '~':
		c, _ := pick(line[1])
		c.full = !c.full
	case len(line) > 1 && line[0] == '!':
		c, i := pick(line[1])
		if c.client != nil {
			r.Closed(c.client, nil, router.Lost{Queued: len(line), Uncertain: i})
		}
		c.open(fuzzKinds[i], i)
	default:
		c, _ := pick(line[0] - 'a')
		m, err := message.Parse([]byte(line[1:]))
		if err != nil || c.over {
			return
		}
		if c.client == nil {
			r.Packet(c, c.origin, m)
		} else {
			r.Receive(c.client, m)
			require.True(t, c.registered || c.full || c.client.State() != "registered", "a service is registered that did not get READY")
		}
	}
}
