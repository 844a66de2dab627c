package tlsconn_test

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/ed-toolbox/ed/transport/unixsock"
	"github.com/stretchr/testify/require"
)

// TestHandshakeDeadline: peers that never finish a handshake are cut, and the others are served meanwhile.
func TestHandshakeDeadline(t *testing.T) {
	i := newIdentity(t)
	s := startServer(t, i.server(t, func(o *tlsconn.Options) { o.HandshakeTimeout = 300 * time.Millisecond }))
	hello := clientHello(t, i)
	const peers = 50
	for n := range peers {
		c, err := net.Dial("tcp", s.Addr.HostPort())
		require.NoError(t, err)
		defer c.Close()
		_, err = c.Write(hello[:n*len(hello)/peers]) // from nothing to all but the end
		require.NoError(t, err)
	}
	_, c := i.goClient(t, s.Addr)
	require.Equal(t, "hello", exchange(t, c, "hello"))
	require.NoError(t, s.end(), "before the others")
	for range peers {
		err := s.end()
		require.ErrorIs(t, err, transport.ErrTimeout)
		require.ErrorContains(t, err, "handshake tls://127.0.0.1:")
	}
}

// clientHello is the first flight of a handshake.
func clientHello(t *testing.T, i identity) []byte {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	a, err := address.Parse("tls://"+l.Addr().String(), address.Defaults{})
	require.NoError(t, err)
	raw, c := i.goClient(t, a)
	done := make(chan error, 1)
	go func() { done <- c.Handshake() }()
	in, err := l.Accept()
	require.NoError(t, err)
	defer in.Close()
	buf := make([]byte, 16<<10)
	n, err := in.Read(buf)
	require.NoError(t, err)
	raw.Close()
	require.Error(t, <-done)
	return buf[:n]
}

func TestServerThatNeverAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	a, err := address.Parse("tls://"+l.Addr().String(), address.Defaults{})
	require.NoError(t, err)
	tests := map[string]struct{ handshake, connect time.Duration }{
		"deadline of the handshake":             {30 * time.Millisecond, 0},
		"deadline of connecting":                {0, 30 * time.Millisecond},
		"no deadline but that of connecting":    {-1, 30 * time.Millisecond},
		"no deadline but that of the handshake": {30 * time.Millisecond, -1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			r := &transporttest.Recorder{T: t, Name: "client"}
			_, err := tlsconn.Dial(w.Loop, tcp.Dial, a, transport.Options{ConnectTimeout: tt.connect}, config(t, tlsconn.Options{HandshakeTimeout: tt.handshake}), r)
			require.NoError(t, err)
			w.Idle()
			require.ErrorIs(t, r.Err, os.ErrDeadlineExceeded)
			require.Zero(t, r.Opened)
		})
	}
}

func TestPeerIsNotTLS(t *testing.T) {
	i := newIdentity(t)
	s := startServer(t, i.server(t))
	for what, text := range map[string]string{"plain text": "PING\r\n", "nothing": ""} {
		t.Run(what, func(t *testing.T) {
			c, err := net.Dial("tcp", s.Addr.HostPort())
			require.NoError(t, err)
			_, err = io.WriteString(c, text)
			require.NoError(t, err)
			require.NoError(t, c.(*net.TCPConn).CloseWrite())
			_, err = io.Copy(io.Discard, c)
			require.NoError(t, err)
			c.Close()
			err = s.end()
			if text == "" {
				require.ErrorIs(t, err, io.ErrUnexpectedEOF)
				require.ErrorContains(t, err, "hung up")
				require.NotContains(t, err.Error(), "EOF")
			} else {
				require.ErrorContains(t, err, "not TLS")
			}
		})
	}
	w := transporttest.NewWorld(t)
	l, err := tcp.Listen(w.Loop, at(address.TCP, 0), transport.Options{}, func(transport.Conn) transport.Handler {
		r := &transporttest.Recorder{T: t, Name: "plain server"}
		r.On = func(c transport.Conn, _ []byte) { _ = c.Write([]byte("INVALID message=bad\n")) }
		return r
	})
	require.NoError(t, err)
	r := &transporttest.Recorder{T: t, Name: "client"}
	_, err = tlsconn.Dial(w.Loop, tcp.Dial, at(address.TLS, l.Addr().Port), transport.Options{}, nil, r)
	require.NoError(t, err)
	w.Until("it is refused", func() bool { return r.Closed == 1 })
	require.ErrorContains(t, r.Err, "not TLS")
	require.NoError(t, l.Close())
	w.Idle()
}

// TestCut: an end without close_notify may hide that something is missing.
func TestCut(t *testing.T) {
	tests := map[string]struct {
		allow  bool
		record bool // in the middle of one
		ok     bool
	}{
		"between records":            {false, false, false},
		"between records, if wanted": {true, false, true},
		"inside a record":            {false, true, false},
		"inside a record, if wanted": {true, true, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			i := newIdentity(t)
			s := startServer(t, i.server(t, func(o *tlsconn.Options) { o.AllowTruncation = tt.allow }))
			raw, c := i.goClient(t, s.Addr)
			_, err := io.WriteString(c, "hello")
			require.NoError(t, err)
			if tt.record {
				_, err := raw.Write([]byte{23, 3, 3, 0, 100, 1, 2, 3})
				require.NoError(t, err)
			}
			require.NoError(t, raw.(*net.TCPConn).CloseWrite())
			all, err := io.ReadAll(c)
			require.NoError(t, err)
			require.Equal(t, "hello", string(all), "what came before is answered")
			if err = s.end(); tt.ok {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.ErrorContains(t, err, "read tls://127.0.0.1:")
		})
	}
}

func TestForgedRecord(t *testing.T) {
	i := newIdentity(t)
	s := startServer(t, i.server(t))
	raw, c := i.goClient(t, s.Addr)
	require.NoError(t, c.Handshake())
	_, err := raw.Write(append([]byte{23, 3, 3, 0, 40}, make([]byte, 40)...))
	require.NoError(t, err)
	_, err = c.Read(make([]byte, 10))
	require.ErrorContains(t, err, "remote error: tls: bad record MAC")
	require.ErrorContains(t, s.end(), "bad record MAC")
}

// TestLoopClosed: a handshake whose loop is gone ends by itself.
func TestLoopClosed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	a, err := address.Parse("tls://"+l.Addr().String(), address.Defaults{})
	require.NoError(t, err)
	w := transporttest.NewWorld(t) // after the test it waits for the goroutines to end
	c, err := tlsconn.Dial(w.Loop, tcp.Dial, a, transport.Options{}, config(t, tlsconn.Options{HandshakeTimeout: 50 * time.Millisecond}), &transporttest.Recorder{T: t})
	require.NoError(t, err)
	in, err := l.Accept()
	require.NoError(t, err)
	defer in.Close()
	w.For(10 * time.Millisecond)
	_ = c // left as it is
	for _, s := range w.Loop.Sources() {
		f := os.NewFile(uintptr(s.FD), "socket") // the loop does not close it, and nobody else will
		defer f.Close()
	}
}

func TestNameIsNeeded(t *testing.T) {
	w := transporttest.NewWorld(t)
	a := address.FromUnix(address.Unix, "/none")
	_, err := tlsconn.Dial(w.Loop, unixsock.Dial, a, transport.Options{}, nil, nil)
	require.ErrorContains(t, err, "connect unix:/none: no name is known")
	_, err = tlsconn.Listen(w.Loop, tcp.Listen, at(address.TLS, 0), transport.Options{}, nil, nil)
	require.ErrorIs(t, err, tlsconn.ErrNoCertificate)
	_, err = tlsconn.Listen(w.Loop, tcp.Listen, address.Address{Scheme: address.TLS, Host: "x"}, transport.Options{}, both(t), nil)
	require.ErrorContains(t, err, "listen tls://x:0")
}

// TestLargeBehindHandshake: a client need not wait for the server to be done before it sends, and may send much.
func TestLargeBehindHandshake(t *testing.T) {
	i := newIdentity(t)
	s := startServer(t, i.server(t))
	_, c := i.goClient(t, s.Addr, func(o *tls.Config) { o.MinVersion = tls.VersionTLS13 })
	data := make([]byte, 1<<20)
	done := make(chan error, 1)
	go func() {
		_, err := c.Write(data)
		done <- err
	}()
	got, err := io.ReadFull(c, make([]byte, len(data)))
	require.NoError(t, err)
	require.Equal(t, len(data), got)
	require.NoError(t, <-done)
	require.NoError(t, c.Close())
	require.NoError(t, s.end())
}

// TestBrokenWhileCongested: a handler that paused until its queue is short hears of that when the queue is gone, and then
// what the peer had sent.
func TestBrokenWhileCongested(t *testing.T) {
	for name, size := range map[string]int{"waiting as plaintext": 1 << 20, "waiting below": 250 << 10} {
		t.Run(name, func(t *testing.T) {
			w, c := transporttest.NewWorld(t), both(t)
			a, b := &transporttest.Recorder{T: t, Name: "a"}, &transporttest.Recorder{T: t, Name: "b"}
			l, err := tlsconn.Listen(w.Loop, unixsock.Listen, address.FromUnix(address.Unix, filepath.Join(t.TempDir(), "s")), transport.Options{}, c,
				func(transport.Conn) transport.Handler { return b })
			require.NoError(t, err)
			_, err = tlsconn.Dial(w.Loop, unixsock.Dial, l.Addr(), transport.Options{HighMark: 1 << 20, LowMark: 10}, c, a)
			require.NoError(t, err)
			w.Until("both open", func() bool { return a.Opened+b.Opened == 2 })
			require.NoError(t, l.Close())
			b.Conn.Pause()
			a.Drain = transport.Conn.Resume
			require.NoError(t, a.Conn.Write(make([]byte, size)))
			w.Until("the kernel takes no more", func() bool { return a.Conn.Stats().BytesOut > 0 })
			require.True(t, a.Conn.Congested())
			a.Conn.Pause()
			require.NoError(t, b.Conn.Write([]byte("last words")))
			w.Until("they wait in the kernel", func() bool { return b.Conn.Stats().BytesOut == 10 })
			b.Conn.Abort(nil)
			w.Idle()
			require.Equal(t, "last words", string(a.Data))
			require.Equal(t, 1, a.Drained)
			require.Error(t, a.Err)
		})
	}
}
