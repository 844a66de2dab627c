package tlsconn_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
)

// echoServer is a server on a loop of its own, for peers that are not ours.
type echoServer struct {
	t    *testing.T
	loop *reactor.Loop
	Addr address.Address
	log  buffer

	mu    sync.Mutex
	ends  []error // of connections, in the order of their ends
	names []string
}

// buffer collects what is logged.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func startServer(t *testing.T, c *tlsconn.Config) *echoServer {
	t.Helper()
	s := &echoServer{t: t}
	var err error
	s.loop, err = reactor.New(reactor.Options{})
	require.NoError(t, err)
	o := transport.Options{Logger: slog.New(slog.NewTextHandler(&s.log, nil))}
	l, err := tlsconn.Listen(s.loop, tcp.Listen, at(address.TLS, 0), o, c, func(transport.Conn) transport.Handler { return s })
	require.NoError(t, err)
	s.Addr = l.Addr()
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { done <- s.loop.Run(ctx) }()
	t.Cleanup(func() {
		require.NoError(t, s.loop.Post(func() { l.Close() }))
		select {
		case err := <-done:
			require.NoError(t, err)
		case <-time.After(10 * time.Second):
			cancel()
			t.Error("the loop never became idle:", <-done)
		}
		cancel()
		require.NoError(t, s.loop.Close())
	})
	return s
}

func (s *echoServer) OnOpen(c transport.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names = c.(transport.Named).PeerNames()
}
func (s *echoServer) OnData(c transport.Conn, p []byte) { _ = c.Write(p) }
func (s *echoServer) OnDrain(transport.Conn)            {}
func (s *echoServer) OnClose(_ transport.Conn, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends = append(s.ends, err)
}

// peerNames are those of the client that came last.
func (s *echoServer) peerNames() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names
}

// end waits for the end of one connection and returns its error.
func (s *echoServer) end() error {
	s.t.Helper()
	var err error
	require.Eventually(s.t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.ends) == 0 {
			return false
		}
		err, s.ends = s.ends[0], s.ends[1:]
		return true
	}, 10*time.Second, time.Millisecond)
	return err
}

// identity is what a server shows, and a client that trusts it.
type identity struct {
	ca   *tlsconntest.CA
	pair tlsconntest.Pair
}

func newIdentity(t *testing.T) identity {
	ca := tlsconntest.NewCA(t)
	return identity{ca, ca.Issue([]string{"127.0.0.1", "server"})}
}

func (i identity) server(t *testing.T, change ...func(*tlsconn.Options)) *tlsconn.Config {
	o := tlsconn.Options{CertFile: i.pair.CertFile, KeyFile: i.pair.KeyFile}
	for _, f := range change {
		f(&o)
	}
	return config(t, o)
}

// goClient connects by net and crypto/tls.
func (i identity) goClient(t *testing.T, to address.Address, change ...func(*tls.Config)) (net.Conn, *tls.Conn) {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(i.ca.Cert)
	o := &tls.Config{RootCAs: pool, ServerName: "server"}
	for _, f := range change {
		f(o)
	}
	raw, err := net.Dial("tcp", to.HostPort())
	require.NoError(t, err)
	t.Cleanup(func() { raw.Close() })
	require.NoError(t, raw.SetDeadline(time.Now().Add(10*time.Second)))
	return raw, tls.Client(raw, o)
}

// try dials with ours, says hello until that many bytes come back, and returns how it ended and what was agreed on.
func try(t *testing.T, to address.Address, c *tlsconn.Config) (*transporttest.Recorder, tls.ConnectionState) {
	t.Helper()
	w := transporttest.NewWorld(t)
	r := &transporttest.Recorder{T: t, Name: "client"}
	r.Open = func(c transport.Conn) { require.NoError(t, c.Write([]byte("hello\n"))) }
	r.On = func(c transport.Conn, _ []byte) {
		if r.Received == len("hello\n") {
			c.Close()
		}
	}
	_, err := tlsconn.Dial(w.Loop, tcp.Dial, to, transport.Options{}, c, r)
	require.NoError(t, err)
	w.Idle()
	return r, r.Conn.(*tlsconn.Conn).State()
}
