package tlsconn_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/stretchr/testify/require"
)

// BenchmarkBesideBadPeers measures the round trips of one good client, a thousand a second, alone and beside a hundred
// peers of the kinds that there are: that connect and say nothing, that stop in the middle of a handshake, that send
// and never read, that send a byte at a time, that come and go, and that reset. One iteration is all of it:
//
//	go test ./transport/tlsconn -run - -bench BesideBadPeers -benchtime 1x
func BenchmarkBesideBadPeers(b *testing.B) {
	const span = 5 * time.Second
	ca := tlsconntest.NewCA(b)
	e := startEcho(b, "loop", ca.Issue([]string{"127.0.0.1"}))
	for b.Loop() {
		alone := e.trips(b, ca, span)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for n := range 100 {
			wg.Go(func() { e.bother(ca, n, stop) })
		}
		beside := e.trips(b, ca, span)
		close(stop)
		wg.Wait()
		b.ReportMetric(float64(percentile(alone, 99).Microseconds()), "alone-p99-µs")
		b.ReportMetric(float64(percentile(beside, 99).Microseconds()), "beside-p99-µs")
		b.ReportMetric(float64(percentile(beside, 99))/float64(percentile(alone, 99)), "ratio")
		b.ReportMetric(float64(percentile(beside, 50))/float64(percentile(alone, 50)), "median-ratio")
	}
}

func percentile(v []time.Duration, p int) time.Duration { return v[len(v)*p/100] }

// trips returns the sorted times of a line a millisecond there and back.
func (e *echoProcess) trips(b *testing.B, ca *tlsconntest.CA, span time.Duration) (times []time.Duration) {
	c, err := tls.Dial("tcp", e.addr, trusting(ca))
	require.NoError(b, err)
	defer c.Close()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	buf := make([]byte, len(echoLine))
	for end := time.Now().Add(span); time.Now().Before(end); <-tick.C {
		began := time.Now()
		_, err := c.Write(echoLine)
		require.NoError(b, err)
		_, err = io.ReadFull(c, buf)
		require.NoError(b, err)
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	return times
}

func trusting(ca *tlsconntest.CA) *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(ca.Cert)
	return &tls.Config{RootCAs: pool}
}

// bother is one bad peer.
func (e *echoProcess) bother(ca *tlsconntest.CA, n int, stop <-chan struct{}) {
	for {
		c, err := net.Dial("tcp", e.addr)
		if err != nil {
			return
		}
		again := time.After(time.Second)
		switch n % 6 {
		case 0: // says nothing
		case 1:
			_, _ = c.Write([]byte{22, 3, 1, 2, 0, 1, 0}) // the beginning of a ClientHello
		case 2: // never reads
			go func() { _, _ = io.Copy(tls.Client(c, trusting(ca)), zeros{}) }()
			again = nil
		case 3: // a byte at a time
			go trickle(tls.Client(c, trusting(ca)))
			again = nil
		case 4: // comes and goes
			_ = tls.Client(c, trusting(ca)).Handshake()
			again = time.After(500 * time.Millisecond)
		case 5: // resets in the middle
			go func() { _ = tls.Client(c, trusting(ca)).Handshake() }()
			_ = c.(*net.TCPConn).SetLinger(0)
			again = time.After(200 * time.Millisecond)
		}
		select {
		case <-again:
			c.Close()
		case <-stop:
			c.Close()
			return
		}
	}
}

func trickle(c *tls.Conn) {
	for _, err := c.Write([]byte("x")); err == nil; _, err = c.Write([]byte("x")) {
		<-time.After(100 * time.Millisecond)
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	p[len(p)-1] = '\n'
	return len(p), nil
}
