package router

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// burst sends more to a service than there is room for, in the background.
func (p *peer) burst(to string, messages int) (sent chan error) {
	sent = make(chan error, 1)
	var b strings.Builder
	for i := range messages {
		fmt.Fprintf(&b, "%s/DATA n=%d;p=%0500d\n", to, i, 0)
	}
	p.wait()
	go func() {
		_, err := p.c.Write([]byte(b.String()))
		sent <- err
	}()
	return sent
}

// jams is how many clients are known to be slow, and waiting how many wait for them.
func (n *node) jams() (jams int) {
	n.t.Helper()
	n.do(func() { jams = len(n.d.jams) })
	return jams
}

func (n *node) waiting() (clients int) {
	n.t.Helper()
	n.do(func() {
		for _, j := range n.d.jams {
			clients += len(j.waiting)
		}
	})
	return clients
}

// jammed waits until somebody waits for a client that is slow.
func (n *node) jammed() {
	n.t.Helper()
	eventually(n.t, "a client is waited for", func() bool { return n.waiting() > 0 })
}

// look has the time to read come to its end.
func (n *node) look() {
	n.t.Helper()
	n.do(func() {
		for c, j := range n.d.jams {
			j.next.Cancel()
			n.d.lookAt(c)
		}
	})
}

// TestBurst: a service that reads gets all of a burst that is larger than its queue, and others do not notice.
func TestBurst(t *testing.T) {
	n := begin(t, "client_queue=1M")
	n.do(func() { n.d.jamTime = patience })
	slow, quick, sender, other := n.service("slow"), n.service("quick"), n.service("sender"), n.service("other")
	slow.sync()
	quick.sync()
	const messages = 20_000
	sent := sender.burst("slow", messages)
	n.jammed()
	other.send("quick/PROBE")
	quick.want("PROBE$")
	for i := range messages {
		slow.want(fmt.Sprintf("n=%d;", i))
	}
	require.NoError(t, <-sent)
	sender.sync()
	require.Zero(t, n.figures().rules.Lost)
	require.Zero(t, n.waiting())
	n.look()
	n.look()
	require.Zero(t, n.jams(), "all is forgotten")
}

// TestNobodyWaitsForLong: who does not read is not waited for, nor is who has gone.
func TestNobodyWaitsForLong(t *testing.T) {
	for name, tt := range map[string]struct {
		wait time.Duration
		do   func(slow *peer)
	}{
		"does not read": {time.Millisecond, func(*peer) {}},
		"goes":          {patience, func(slow *peer) { slow.c.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			n := begin(t, "client_queue=1M")
			n.do(func() { n.d.jamTime = patience })
			slow, sender := n.service("slow"), n.service("sender")
			slow.sync()
			n.do(func() { n.d.jamTime = tt.wait })
			sent := sender.burst("slow", 20_000)
			if tt.wait == patience {
				n.jammed()
			}
			tt.do(slow)
			require.NoError(t, <-sent)
			sender.sync()
			eventually(t, "the slow one is closed", func() bool { return n.figures().rules.Lost > 0 })
			require.Zero(t, n.jams())
		})
	}
}

// TestStopInAJam: a router that stops waits for nobody to read.
func TestStopInAJam(t *testing.T) {
	n := begin(t, "client_queue=1M", "stop_timeout=100ms")
	n.do(func() { n.d.jamTime = patience })
	slow, sender := n.service("slow"), n.service("sender")
	slow.sync()
	sender.burst("slow", 20_000)
	n.jammed()
	began := time.Now()
	n.end()
	require.Less(t, time.Since(began), patience/2)
}

// TestSlowIsWaitedForNoLonger: who reads, but less than an eighth of its queue in the time that there is, holds nobody up from then on.
func TestSlowIsWaitedForNoLonger(t *testing.T) {
	n := begin(t, "client_queue=1M")
	n.do(func() { n.d.jamTime = patience })
	slow, sender := n.service("slow"), n.service("sender")
	slow.sync()
	sent := sender.burst("slow", 20_000)
	n.jammed()
	over := false
	for range 4_000 { // 2 MB of it, which is enough
		slow.line()
	}
	n.look()
	n.do(func() {
		for _, j := range n.d.jams {
			over = over || j.over
		}
	})
	require.False(t, over)
	eventually(t, "it is closed", func() bool { n.look(); return n.figures().rules.Lost > 0 })
	require.NoError(t, <-sent)
}

// TestManyBroadcast: those who send to all are waited with after one message each, as those who send to one are.
func TestManyBroadcast(t *testing.T) {
	n := begin(t, "client_queue=1M")
	n.do(func() { n.d.jamTime = patience })
	slow := n.service("slow", "DATA")
	slow.sync()
	const senders, messages = 40, 100
	for i := range senders {
		sender := n.service(fmt.Sprintf("s%d", i))
		sender.sync()
		defer func(sent chan error) { require.NoError(t, <-sent) }(sender.burst("*", messages))
	}
	n.jammed()
	next := map[string]int{}
	for range senders * messages {
		from, rest, _ := strings.Cut(slow.skip("DATA"), " ")
		require.Contains(t, rest, fmt.Sprintf(" n=%d;", next[from]))
		next[from]++
	}
	require.Zero(t, n.figures().rules.Lost)
}

// TestGoneWhileWaiting: what a client had said that was read from its connection goes on even if that breaks meanwhile, as it does when
// something is sent to who has gone.
func TestGoneWhileWaiting(t *testing.T) {
	n := begin(t, "client_queue=1M")
	n.do(func() { n.d.jamTime = patience })
	slow, sender, other := n.service("slow"), n.service("sender"), n.service("other")
	slow.sync()
	sender.sync()
	other.sync()
	other.burst("slow", 5_000)
	n.jammed()
	const messages = 50
	require.NoError(t, <-sender.burst("slow", messages))
	eventually(t, "both wait", func() bool { return n.waiting() == 2 })
	require.NoError(t, sender.c.Close())
	third := n.service("third")
	third.send("sender/HELLO")
	third.sync()
	for i := range messages {
		slow.skip(fmt.Sprintf("^<n1:sender slow/DATA n=%d;", i))
	}
}

// TestSuccessorInAJam: a name is not kept from the next instance of a service because the one before had to wait.
func TestSuccessorInAJam(t *testing.T) {
	n := begin(t, "client_queue=1M")
	n.do(func() { n.d.jamTime = patience })
	slow, before, next := n.service("slow"), n.service("a"), n.unix()
	slow.sync()
	before.sync()
	before.burst("slow", 5_000)
	n.jammed()
	require.NoError(t, before.c.Close())
	next.register("a")
}
