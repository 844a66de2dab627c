package router_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/router"
)

// TestSignsOfLife: a router is asked only when it was sent more than answers to such questions, or two of them would go on asking each
// other for ever; and what it has read is owed no more.
func TestSignsOfLife(t *testing.T) {
	r, err := router.New(router.Options{ServerName: "n1", MyAddress: addr(t, "10.0.0.1:4042"), Logger: slog.New(slog.DiscardHandler)}, nobody{}, time.Unix(1768770000, 0))
	require.NoError(t, err)
	conn := &memory{}
	p := r.Opened(conn, router.Origin{Kind: router.Remote, Remote: addr(t, "10.0.0.2:4042")})
	require.False(t, p.AskAlive(1), "it is a stranger")
	receive(t, r, p, "<n2:communicatord CONNECT my_address=10.0.0.2:4042;server_name=n2;version=1")
	require.False(t, p.AskAlive(1), "it did not say that it understands")
	require.False(t, p.MustAnswer())
	receive(t, r, p, "n1:communicatord/COMMANDS list=ALIVE,HELP,TRANSMISSION_REPORT")
	require.True(t, p.MustAnswer())
	require.True(t, p.AskAlive(1))
	require.False(t, p.AskAlive(2), "it was sent nothing since")
	receive(t, r, p, "n1:communicatord/ABSOLUTELY reply_timestamp=1.5;serial=1")
	require.EqualValues(t, 1, p.Answered())
	receive(t, r, p, "<n2:communicatord ALIVE serial=7")
	require.Contains(t, conn.lines[len(conn.lines)-1], "ABSOLUTELY")
	require.False(t, p.AskAlive(2), "an answer is no news")

	require.False(t, p.Owes())
	a := r.Opened(&memory{}, router.Origin{})
	receive(t, r, a, "REGISTER service=a;version=1")
	receive(t, r, a, "n2:x/DO transmission_report=failure")
	conn.pending = 1
	require.True(t, p.Owes())
	require.True(t, p.AskAlive(2))
	conn.pending = 0
	require.False(t, p.Owes(), "it has read all")
}

// TestReportsBeforeTheEnd: a router that stops does not leave before it knows what became of the messages that somebody asked about.
func TestReportsBeforeTheEnd(t *testing.T) {
	begin := func(t *testing.T) (r *router.Router, all [3]*router.Client, conns [3]*memory) {
		r = newRouter(t, router.Options{})
		for i, name := range []string{"a", "b", "c"} {
			conns[i] = &memory{}
			all[i] = r.Opened(conns[i], router.Origin{})
			receive(t, r, all[i], "REGISTER service="+name+";version=1")
		}
		return r, all, conns
	}
	now := time.Unix(1768770000, 0)
	stop := func(r *router.Router) {
		r.Stop(false)
		r.Tick(now)
		now = now.Add(time.Second)
		r.Tick(now)
	}
	last := func(c *memory) string { return c.lines[len(c.lines)-1] }

	t.Run("one that does not read", func(t *testing.T) {
		r, all, conns := begin(t)
		receive(t, r, all[0], "b/GO transmission_report=failure")
		conns[1].pending = 1
		stop(r)
		require.Equal(t, []string{"", "closed", "closed"}, []string{conns[0].ended, conns[1].ended, conns[2].ended})
		r.Closed(all[1], errFull, router.Lost{Queued: 1})
		require.Contains(t, last(conns[0]), "TRANSMISSION_REPORT command=GO;status=failed")
		now = now.Add(time.Second)
		r.Tick(now)
		require.Equal(t, "closed", conns[0].ended)
	})
	t.Run("all was read", func(t *testing.T) {
		r, all, conns := begin(t)
		receive(t, r, all[0], "b/GO transmission_report=failure")
		stop(r)
		require.Equal(t, "closed", conns[0].ended)
	})
	t.Run("they wait for one another", func(t *testing.T) {
		r, all, conns := begin(t)
		r.Closed(all[2], nil, router.Lost{})
		receive(t, r, all[0], "b/GO transmission_report=failure")
		receive(t, r, all[1], "a/GO transmission_report=failure")
		conns[0].pending, conns[1].pending = 1, 1
		stop(r)
		require.Equal(t, []string{"closed", "closed"}, []string{conns[0].ended, conns[1].ended})
	})
}

// TestReportOfASuspendedRouter: a message that nobody is known to have goes to all routers. One that reads it late, as it was suspended or
// cut off, reports late, and the report counts. So does one that was on its way for long.
func TestReportOfASuspendedRouter(t *testing.T) {
	tests := map[string]struct {
		read    bool
		after   int // seconds
		reports bool
	}{
		"it has read":              {true, 60, true},
		"nothing came for so long": {true, 200, false},
		"it has not read":          {false, 200, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRouter(t, router.Options{MyAddress: addr(t, "10.0.0.1:4042")})
			a, conn := &memory{}, &memory{}
			service := r.Opened(a, router.Origin{})
			receive(t, r, service, "REGISTER service=a;version=1")
			p := r.Opened(conn, router.Origin{Kind: router.Remote, Remote: addr(t, "10.0.0.2:4042")})
			receive(t, r, p, "<n2:communicatord CONNECT my_address=10.0.0.2:4042;server_name=n2;version=1")
			p3 := r.Opened(&memory{}, router.Origin{Kind: router.Remote, Remote: addr(t, "10.0.0.3:4042")})
			receive(t, r, p3, "<n3:communicatord CONNECT my_address=10.0.0.3:4042;server_name=n3;version=1")
			said := len(a.lines)
			receive(t, r, service, "nobody/DO transmission_report=failure")
			var m message.Message
			require.NoError(t, m.Decode([]byte(conn.lines[len(conn.lines)-1])))
			id, _ := m.Get("broadcast_msgid")
			if !tt.read {
				conn.pending = 1
			}
			now := time.Unix(1768770000, 0)
			for range tt.after {
				now = now.Add(time.Second)
				r.Tick(now)
			}
			receive(t, r, p3, "<n3:communicatord n1:communicatord/TRANSMISSION_REPORT command=DO;status=failed;report_id="+id)
			receive(t, r, p, "<n2:communicatord n1:communicatord/TRANSMISSION_REPORT command=DO;status=failed;report_id="+id)
			if !tt.reports {
				require.Len(t, a.lines, said, "it has arrived, most likely")
				return
			}
			require.Equal(t, []string{"<n1:communicatord TRANSMISSION_REPORT command=DO;status=failed"}, a.lines[said:])
		})
	}
}

// TestReportsAreSentBeyondWhatIsOwed: where no more can be remembered a report is sent all the same, and one that a router does not take
// waits.
func TestReportsAreSentBeyondWhatIsOwed(t *testing.T) {
	r := newRouter(t, router.Options{MyAddress: addr(t, "10.0.0.1:4042"), Limits: router.Limits{Reports: 2}})
	conn := &memory{}
	p := r.Opened(conn, router.Origin{Kind: router.Remote, Remote: addr(t, "10.0.0.2:4042")})
	receive(t, r, p, "<n2:communicatord CONNECT my_address=10.0.0.2:4042;server_name=n2;version=1")
	before := len(conn.lines)
	fail := func(n int) {
		for i := range n {
			conn.pending++
			receive(t, r, p, fmt.Sprintf("<n2:x n1:nobody/DO transmission_report=failure;broadcast_hops=1;broadcast_msgid=n2-%d-%d;broadcast_timeout=1768770100", n, i))
		}
	}
	fail(5)
	require.Len(t, conn.lines, before+5)

	conn.full = true
	fail(3)
	require.Len(t, conn.lines, before+5)
	r.Tick(time.Unix(1768770001, 0))
	conn.full = false
	r.Tick(time.Unix(1768770001, 900_000_000))
	require.Len(t, conn.lines, before+5, "a host may call Tick for every message: they are looked through once a second")
	r.Tick(time.Unix(1768770002, 0))
	require.Len(t, conn.lines, before+5+2, "as many as are remembered")
}

// TestReportsThatWaitAreBounded: their commands are as long as the senders of the messages like.
func TestReportsThatWaitAreBounded(t *testing.T) {
	r := newRouter(t, router.Options{MyAddress: addr(t, "10.0.0.1:4042")})
	n2 := linkOurs(t, r, "n2", &memory{})
	long, before := strings.Repeat("X", 60_000), r.Stats().Undelivered
	const room = 32 << 20 / 60_000
	for i := range room + 50 {
		receive(t, r, n2, fmt.Sprintf("<n2:communicatord n3:x/TRANSMISSION_REPORT broadcast_hops=1;broadcast_msgid=n2-%d;broadcast_timeout=1768770100;command=%s;report_id=n3-%d;status=failed", i, long, i))
	}
	dropped := r.Stats().Undelivered - before
	require.GreaterOrEqual(t, dropped, uint64(50))

	conn := &memory{}
	linkOurs(t, r, "n3", conn)
	before = uint64(len(conn.lines))
	r.Tick(time.Unix(1768770001, 0))
	require.EqualValues(t, room+50-dropped, uint64(len(conn.lines))-before)
	require.Greater(t, uint64(len(conn.lines))-before, uint64(room-50))
}

// TestAReportThatIsTooLongDoesNotWait: it gets no shorter.
func TestAReportThatIsTooLongDoesNotWait(t *testing.T) {
	r := newRouter(t, router.Options{MyAddress: addr(t, "10.0.0.1:4042"), Limits: router.Limits{Line: 300}})
	n2, n3 := linkOurs(t, r, "n2", &memory{}), &memory{}
	linkOurs(t, r, "n3", n3)
	lines, undelivered := len(n3.lines), r.Stats().Undelivered
	for i, note := range []int{1, 100} {
		receive(t, r, n2, fmt.Sprintf("<n2:communicatord n3:x/TRANSMISSION_REPORT command=DO;status=failed;report_id=n3-1;broadcast_hops=1;broadcast_msgid=n2-%d;broadcast_timeout=1768770100;note=%0*d", i, note, 0))
		require.Len(t, n3.lines, lines+1)
		require.EqualValues(t, i, r.Stats().Undelivered-undelivered)
	}
}

// linkOurs lets a router connect that says what it can.
func linkOurs(t *testing.T, r *router.Router, name string, conn *memory) *router.Client {
	p := r.Opened(conn, router.Origin{Kind: router.Remote, Remote: addr(t, "10.0.0."+name[1:]+":4042")})
	receive(t, r, p, fmt.Sprintf("<%s:communicatord CONNECT my_address=10.0.0.%s:4042;server_name=%s;version=1", name, name[1:], name))
	receive(t, r, p, "n1:communicatord/COMMANDS list=ALIVE,HELP,TRANSMISSION_REPORT")
	return p
}

// TestAReportThatWaitsIsKept: the message is the host's when Receive has returned, and may be another by the time there is a way.
func TestAReportThatWaitsIsKept(t *testing.T) {
	r := newRouter(t, router.Options{MyAddress: addr(t, "10.0.0.1:4042")})
	m, err := message.Parse([]byte("<n2:communicatord n3:x/TRANSMISSION_REPORT command=DO;status=failed;report_id=n3-1;broadcast_hops=1;broadcast_msgid=n2-1;broadcast_timeout=1768770100"))
	require.NoError(t, err)
	r.Receive(linkOurs(t, r, "n2", &memory{}), m)
	m.SetCommand("OTHER")
	conn := &memory{}
	linkOurs(t, r, "n3", conn)
	r.Tick(time.Unix(1768770001, 0))
	require.Contains(t, strings.Join(conn.lines, "\n"), "n3:x/TRANSMISSION_REPORT")
}
