package link_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
)

// lockedLog is a log that a loop writes and a test reads.
type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// leaver is a service that answers everything, but not before the test lets it, so that its peer is gone by then.
type leaver struct {
	t     *testing.T
	log   lockedLog
	asked chan struct{}
	goOn  chan struct{}
	*service
}

func newLeaver(t *testing.T, where string, o link.Options, to transport.Options) *leaver {
	v := &leaver{t: t, asked: make(chan struct{}), goOn: make(chan struct{})}
	d := dispatch.New(dispatch.Options{Logger: slog.New(slog.NewTextHandler(&v.log, nil))})
	first := true
	require.NoError(t, d.Add(dispatch.Match{CatchAll: true, Handler: func(from dispatch.Sender, m *message.Message) error {
		if first {
			first = false
			close(v.asked)
			<-v.goOn
		}
		if err := from.Send(m); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
		return nil
	}}))
	o.Dispatcher = d
	v.service = serve(t, where, o, to)
	return v
}

// stats are those of the server when it has no links any more.
func (v *leaver) stats() (st link.Stats) {
	v.t.Helper()
	require.Eventually(v.t, func() bool {
		got := make(chan link.Stats, 1)
		require.NoError(v.t, v.loop.Post(func() { got <- v.server.Stats() }))
		st = <-got
		return st.Links == 0 && st.Opened > 0
	}, 20*time.Second, 2*time.Millisecond)
	return st
}

// TestSlowPeerIsToldOnce: a peer that is cut off because it does not read is one line, too, whatever it still had asked for.
func TestSlowPeerIsToldOnce(t *testing.T) {
	v := newLeaver(t, places(t)["unix"], link.Options{Slow: link.SlowClose}, transport.Options{HighMark: 64 << 10, LowMark: 64 << 10})
	c := raw(t, v.at)
	close(v.goOn)
	go func() {
		_, _ = c.Write([]byte(strings.Repeat("STATUS text="+strings.Repeat("x", 87)+"\n", 8000))) // it is cut off
	}()
	st := v.stats()
	require.EqualValues(t, 1, st.Dropped)
	require.Greater(t, st.Lost, uint64(100))
	require.Equal(t, 1, strings.Count(v.log.String(), "\n"), v.log.String())
	require.Contains(t, v.log.String(), `error="write queue full"`)
	require.Contains(t, v.log.String(), fmt.Sprintf("messages=%d ", st.Lost+st.Dropped))
}

// TestSingleAnswer: who goes without waiting for the one answer that there is makes no noise, but is counted.
func TestSingleAnswer(t *testing.T) {
	for name, where := range places(t) {
		t.Run(name, func(t *testing.T) {
			v := newLeaver(t, where, link.Options{}, transport.Options{})
			c := raw(t, v.at)
			_, err := c.Write([]byte("STATUS\n"))
			require.NoError(t, err)
			<-v.asked
			require.NoError(t, c.Close())
			close(v.goOn)
			st := v.stats()
			require.Empty(t, v.log.String())
			if name == "unix" { // TCP learns too late that nobody is there
				require.EqualValues(t, 1, st.Lost)
			}
		})
	}
}

// TestPeerThatGoes: what a peer asked before it went is still handled, and what it did not get is told once: how many messages in the
// counters, and with who it was in one line of the log.
func TestPeerThatGoes(t *testing.T) {
	const lines = 4000
	line := "STATUS text=" + strings.Repeat("x", 87) + "\n"
	for name, where := range places(t) {
		t.Run(name, func(t *testing.T) {
			v := newLeaver(t, where, link.Options{}, transport.Options{})
			c := raw(t, v.at)
			asked := make(chan error, 1)
			go func() {
				_, err := c.Write([]byte(strings.Repeat(line, lines)))
				asked <- err
			}()
			<-v.asked
			if name == "tcp" {
				require.NoError(t, <-asked) // there is room for all
			}
			peer := c.LocalAddr().String()
			require.NoError(t, c.Close())
			close(v.goOn)
			st := v.stats()
			require.Greater(t, st.In, uint64(100))
			require.Greater(t, st.Lost, uint64(100))
			require.Zero(t, st.Dropped)
			log := v.log.String()
			require.Equal(t, 1, strings.Count(log, "\n"), log)
			found := regexp.MustCompile(`msg="messages were lost with their connection" peer=(\S+) link=1 name=\S+ messages=(\d+) queued_bytes=(\d+)`).FindStringSubmatch(log)
			require.NotNil(t, found, log)
			if name == "tcp" {
				require.Equal(t, "tcp://"+peer, found[1])
			} else {
				require.Regexp(t, `^unix:/.*#\d+$`, found[1])
			}
			require.Equal(t, strconv.FormatUint(st.Lost, 10), found[2])
			queued, err := strconv.Atoi(found[3])
			require.NoError(t, err)
			unsent := uint64((queued + len(line) - 1) / len(line))
			require.Equal(t, st.In, st.Out-unsent+st.Lost, "each answer went or is lost")
		})
	}
}
