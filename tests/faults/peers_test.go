// Package faults_test holds what one bad peer, or a hundred, may do to a service: nothing that others notice.
package faults_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// service starts an echoing service on a Unix socket and returns its path.
func service(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	d := dispatch.New(dispatch.Options{Logger: slog.New(slog.DiscardHandler)})
	var reply message.Message
	require.NoError(t, d.Add(dispatch.Match{CatchAll: true, Handler: func(from dispatch.Sender, m *message.Message) error {
		reply.ReplyTo(m, "")
		reply.CopyParams(m)
		return from.Send(&reply)
	}}))
	require.NoError(t, d.Defaults(dispatch.DefaultsOptions{NoCatchAll: true}))
	server := link.NewServer(link.Options{Dispatcher: d})
	listener, err := open.Listen(loop, address.FromUnix(address.Unix, path), transport.Options{HighMark: 256 << 10}, server.Accept)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		_ = loop.Run(ctx) // ends with ctx
		close(done)
	}()
	t.Cleanup(func() {
		require.NoError(t, loop.Post(func() {
			listener.Close()
			for l := range server.Links() {
				l.Abort(nil)
			}
		}))
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			cancel()
			t.Error("the loop did not end with its connections")
		}
		cancel()
		loop.Close()
	})
	return path
}

// bad are peers that a service must survive. Each talks until its connection is cut or the test ends.
var bad = map[string]func(c *net.UnixConn){
	"never reads": func(c *net.UnixConn) {
		block := strings.Repeat("PING pad="+strings.Repeat("p", 500)+"\n", 100)
		for {
			if _, err := io.WriteString(c, block); err != nil {
				return
			}
		}
	},
	"trickles": func(c *net.UnixConn) {
		often(func() error {
			_, err := c.Write([]byte("P"))
			return err
		})
	},
	"sends garbage": func(c *net.UnixConn) {
		go io.Copy(io.Discard, c)
		often(func() error {
			_, err := fmt.Fprint(c, "\xff\xfe*\x00{}\n{\"command\":5}\nINVALID\n")
			return err
		})
	},
	"comes and goes": func(c *net.UnixConn) {
		often(func() error {
			if _, err := c.Write([]byte("PING\n")); err != nil {
				return err // the test is over
			}
			again, err := net.DialUnix("unix", nil, c.RemoteAddr().(*net.UnixAddr))
			if err != nil {
				return err
			}
			defer again.Close()
			_, err = io.WriteString(again, "PING a=1\nPING a=")
			return err
		})
	},
	"is silent": func(*net.UnixConn) {},
}

// often calls f a thousand times a second until it fails.
func often(f func() error) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if f() != nil {
			return
		}
	}
}

// A healthy peer must not notice a hundred bad ones: neither wrong answers nor waits, beyond its share of the processor.
func TestHealthyPeerAmongBadOnes(t *testing.T) {
	path := service(t)
	alone := slowest(t, path, 1000)
	var conns []*net.UnixConn
	running := make(chan struct{}, 1000)
	for name, be := range bad {
		for range 20 {
			c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
			require.NoError(t, err, name)
			conns = append(conns, c)
			go func() {
				be(c)
				running <- struct{}{}
			}()
		}
	}
	among := slowest(t, path, 1000)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	require.Less(t, m.HeapAlloc, uint64(100<<20), "memory stays bounded")
	for _, c := range conns {
		c.Close()
	}
	// The bad peers of this test eat the processor themselves, so this is no latency target: it is the difference
	// between a loop that serves and one that waits for somebody.
	t.Logf("99%% of the replies within %s, and within %s beside %d bad peers", alone, among, len(conns))
	require.Less(t, among, alone+time.Second)
	for range conns {
		<-running
	}
}

// slowest asks n times and returns the 99th percentile.
func slowest(t *testing.T, path string, n int) time.Duration {
	t.Helper()
	c, err := net.Dial("unix", path)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(60*time.Second)))
	r := bufio.NewReader(c)
	var took []time.Duration
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for i := range n {
		<-tick.C
		began := time.Now()
		_, err := fmt.Fprintf(c, "PING serial=%d\n", i)
		require.NoError(t, err)
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("PING serial=%d\n", i), line)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[n*99/100]
}
