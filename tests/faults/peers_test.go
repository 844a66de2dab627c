package faults_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// each is how many bad peers of each kind there are.
const each = 20

// block is requests whose replies are many.
var block = strings.Repeat("PING pad="+strings.Repeat("p", 500)+"\n", 100)

// bad are peers that a service must survive. Each comes again when it has ended, until stop is closed.
var bad = map[string]func(s *service, stop <-chan struct{}) error{
	// The service stops reading it, and later closes it or not; it never reads either way.
	"never reads": func(s *service, stop <-chan struct{}) error {
		return with(s, "tcp", stop, func(c net.Conn) error {
			err := clog(c)
			<-stop
			return err
		})
	},
	"a byte a second": func(s *service, stop <-chan struct{}) error {
		return with(s, "tcp", stop, func(c net.Conn) error {
			for _, b := range []byte(block) {
				if _, err := c.Write([]byte{b}); err != nil {
					return err
				}
				if pause(stop, time.Second) {
					return nil
				}
			}
			return nil
		})
	},
	"half a TLS handshake": func(s *service, stop <-chan struct{}) error {
		return with(s, "tls", stop, func(c net.Conn) error {
			half := &torn{Conn: c}
			_ = tls.Client(half, &tls.Config{InsecureSkipVerify: true}).Handshake() // it ends with the first write
			_, err := io.Copy(io.Discard, c)                                        // until the service has had enough
			return err
		})
	},
	"reset": func(s *service, stop <-chan struct{}) error {
		return with(s, "tcp", stop, func(c net.Conn) error {
			_, err := io.WriteString(c, "PING\nPING pad="+strings.Repeat("p", 500)) // in the midst of a line
			_ = c.(*net.TCPConn).SetLinger(0)
			pause(stop, time.Second)
			return err
		})
	},
}

// clog asks until nothing more is taken, by nobody.
func clog(c net.Conn) error {
	if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil { // or the kernels would hold megabytes of replies
		return err
	}
	if err := c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		return err
	}
	_, err := io.WriteString(c, strings.Repeat(block, 100))
	return err
}

// with connects for f.
func with(s *service, scheme string, stop <-chan struct{}, f func(c net.Conn) error) error {
	c, err := net.Dial("tcp", s.at[scheme].HostPort())
	if err != nil {
		return err
	}
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-stop:
		case <-over:
		}
		c.Close()
	}()
	return f(c)
}

// torn writes half of what it is given, and then fails.
type torn struct{ net.Conn }

func (c *torn) Write(p []byte) (int, error) {
	if n, err := c.Conn.Write(p[:len(p)/2]); err != nil {
		return n, err
	}
	return 0, io.ErrShortWrite
}

// pause says whether it was cut short.
func pause(stop <-chan struct{}, d time.Duration) bool {
	select {
	case <-stop:
		return true
	case <-time.After(d):
		return false
	}
}

// flood is the process that will be frozen: it asks much and says when it has.
func flood(where string) {
	var all sync.WaitGroup
	for range each {
		c, err := net.Dial("tcp", where)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		all.Go(func() { _ = clog(c) }) // its deadline passes
	}
	all.Wait()
	fmt.Println("done")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// attach lets all bad peers loose, and returns what takes them away again.
func attach(t *testing.T, s *service) (detach func()) {
	stop := make(chan struct{})
	var all sync.WaitGroup
	for _, be := range bad {
		for range each {
			all.Go(func() {
				for !pause(stop, 10*time.Millisecond) {
					_ = be(s, stop) // the service may end it, and then it comes again
				}
			})
		}
	}
	frozen, in, out := program(t, "frozen", s.at["tcp"].HostPort())
	require.NoError(t, frozen.Start())
	_, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.NoError(t, frozen.Process.Signal(syscall.SIGSTOP))
	return func() {
		close(stop)
		in.Close()
		require.NoError(t, frozen.Process.Kill())
		_ = frozen.Wait() // killed
		all.Wait()
	}
}

// A healthy link at 1,000 messages a second does not notice a hundred bad peers: a stutter would show in the time that
// nearly all replies take.
func TestHealthyPeerAmongBadOnes(t *testing.T) {
	n, tries, least := 500, 8, 300*time.Millisecond // in an ordinary run: it is not held up, on whatever machine
	if long() {
		n, tries, least = 10_000, 3, 0
	}
	s := startService(t)
	before := s.memory(t)
	for try := 1; ; try++ {
		alone := s.measure(t, n)
		detach := attach(t, s)
		s.measure(t, 300) // until all are there
		among := s.measure(t, n)
		grown := s.memory(t) - before
		detach()
		t.Logf("99%% of the replies within %s, and within %s beside %d bad peers; %d MiB more memory", alone, among, each*(len(bad)+1), grown>>20)
		require.Less(t, grown, 64<<20, "memory stays bounded")
		// Others use this machine too: what counts is whether it can be done. Below least it is the machine that is measured.
		if among < 3*max(alone, least) {
			return
		}
		require.Less(t, try, tries, "the healthy link stutters")
	}
}

// measure sends n messages, one each millisecond whether the reply to the one before is there or not, and returns the
// 99th percentile of the time to the reply.
func (s *service) measure(t *testing.T, n int) time.Duration {
	t.Helper()
	c := s.dial(t, "tcp")
	sent := make([]time.Time, n)
	took := make([]time.Duration, 0, n)
	failed := make(chan error, 1)
	var mu sync.Mutex
	go func() {
		r := bufio.NewReader(c)
		for i := range n {
			line, err := r.ReadString('\n')
			now := time.Now()
			if err == nil && line != fmt.Sprintf("PING n=%d\n", i) {
				err = fmt.Errorf("reply %d is %q", i, line)
			}
			if err != nil {
				failed <- err
				return
			}
			mu.Lock()
			took = append(took, now.Sub(sent[i]))
			mu.Unlock()
		}
		failed <- nil
	}()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for i := range n {
		<-tick.C
		mu.Lock()
		sent[i] = time.Now()
		mu.Unlock()
		_, err := fmt.Fprintf(c, "PING n=%d\n", i)
		require.NoError(t, err)
	}
	require.NoError(t, <-failed)
	require.NoError(t, c.Close())
	slices.Sort(took)
	return took[n*99/100]
}
