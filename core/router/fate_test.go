package router_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/router"
)

// looker is a host of whom somebody watches the messages that expire.
type looker struct {
	nobody
	expired []string
}

func (*looker) Watched() bool                { return true }
func (l *looker) Expired(m *message.Message) { l.expired = append(l.expired, m.String()) }

// TestFates: who watches learns what became of each message, and nobody else pays for it.
func TestFates(t *testing.T) {
	for name, tt := range map[string]struct {
		line string
		word string
		what dispatch.Outcome
		why  string
	}{
		"the short way":       {line: "b/X", word: "forwarded"},
		"the long way":        {line: "b/X transmission_report=failure", word: "forwarded"},
		"to another router":   {line: "n2:z/X", word: "relayed"},
		"a broadcast":         {line: "*/RELOAD", word: "broadcast"},
		"to nobody here":      {line: "./NOBODY transmission_report=failure", word: "undelivered", what: dispatch.Dropped, why: "it reaches nobody"},
		"no such service":     {line: ".:zeta/X", word: "undelivered", what: dispatch.Dropped, why: "it reaches nobody"},
		"kept":                {line: "away/X", word: "cached"},
		"not kept":            {line: "away/X cache=no;transmission_report=failure", word: "undelivered", what: dispatch.Dropped, why: "it reaches nobody"},
		"no room":             {line: "away/X p=0123456789012345678901234567890123456789012345678901234567890123456789", word: "undelivered", what: dispatch.Dropped, why: "the cache has no room for it"},
		"for the router":      {line: "SERVICE_STATUS service=b", word: "router"},
		"no such command":     {line: "FOO", word: "router", what: dispatch.Unknown},
		"a bad parameter":     {line: "SERVICE_STATUS", word: "router", what: dispatch.Invalid},
		"refused":             {line: "REGISTER service=b;version=1", word: "refused", what: dispatch.Invalid, why: "service: the name is taken"},
		"refused and lost":    {line: "n9:*/X", word: "refused", what: dispatch.Invalid, why: "a broadcast goes to no single server"},
		"too old":             {line: "<n2:x */RELOAD broadcast_msgid=n2-1;broadcast_hops=1;broadcast_timeout=5", word: "duplicate", what: dispatch.Dropped, why: "it was here before, or is too old"},
		"registers with mail": {line: "REGISTER service=away;version=1", word: "router"},
	} {
		t.Run(name, func(t *testing.T) {
			host := &looker{}
			r, err := router.New(router.Options{ServerName: "n1", Services: []string{"away"}, Logger: slog.New(slog.DiscardHandler), Limits: router.Limits{CacheBytes: 60, ClientCache: 60}}, host, time.Unix(1768770000, 0))
			require.NoError(t, err)
			_, _ = service(t, r, "b", "RELOAD")
			a, _ := service(t, r, "a", "RELOAD")
			peer := r.Opened(&memory{}, router.Origin{Kind: router.Remote, Remote: addr(t, "10.0.0.2:50000")})
			receive(t, r, peer, "<n2:communicatord CONNECT my_address=10.0.0.2:4042;server_name=n2;version=1")
			if tt.word == "router" && name == "registers with mail" {
				receive(t, r, a, "away/MAIL")
			}
			m, err := message.Parse([]byte(tt.line))
			require.NoError(t, err)
			from := a
			if tt.line[0] == '<' {
				from = peer
			}
			f := r.Observe(from, m)
			require.Equal(t, tt.word, f.Word)
			require.Equal(t, tt.what, f.Outcome)
			if tt.why == "" {
				require.NoError(t, f.Err)
			} else {
				require.EqualError(t, f.Err, tt.why)
			}
			require.Empty(t, host.expired)
		})
	}
}

func TestFatesOfSome(t *testing.T) {
	host := &looker{}
	now := time.Unix(1768770000, 0)
	r, err := router.New(router.Options{ServerName: "n1", Services: []string{"away"}, Logger: slog.New(slog.DiscardHandler), Limits: router.Limits{ClientRate: 3}}, host, now)
	require.NoError(t, err)
	a := r.Opened(&memory{}, router.Origin{})
	say := func(line string) router.Fate {
		m, err := message.Parse([]byte(line))
		require.NoError(t, err)
		return r.Observe(a, m)
	}
	require.Equal(t, "cached", say("away/X cache=ttl=10").Word)
	require.Equal(t, "router", r.ObservePacket(&memory{}, router.Origin{}, message.New("PUBLIC_IP")).Word)
	say("FOO")
	say("FOO")
	require.Equal(t, "limited", say("FOO").Word)
	r.Tick(now.Add(time.Minute))
	require.Equal(t, []string{"away/X cache=ttl=10"}, host.expired)
	r.Stop(false)
	f := say("FOO")
	require.Equal(t, "stopping", f.Word)
	require.Equal(t, dispatch.Dropped, f.Outcome)
}
