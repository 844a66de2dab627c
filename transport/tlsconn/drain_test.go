package tlsconn_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
)

// joined keeps what is written until it is to go, in one piece.
type joined struct {
	net.Conn
	hold bool
	kept []byte
}

func (j *joined) Write(p []byte) (int, error) {
	if !j.hold {
		return j.Conn.Write(p)
	}
	j.kept = append(j.kept, p...)
	return len(p), nil
}

// lastWords says something and, in the same piece, that it was all; then, when it may, it reads up to the end.
func lastWords(j *joined, o *tls.Config, answer int64, may <-chan struct{}) error {
	c := tls.Client(j, o)
	if err := c.Handshake(); err != nil {
		return err
	}
	j.hold = true
	if _, err := c.Write([]byte("bye")); err != nil {
		return err
	}
	if err := c.CloseWrite(); err != nil {
		return err
	}
	if err := j.SetDeadline(time.Now().Add(20 * time.Second)); err != nil { // CloseWrite has set one
		return err
	}
	if _, err := j.Conn.Write(j.kept); err != nil {
		return err
	}
	<-may
	if n, err := io.Copy(io.Discard, c); n != answer || err != nil {
		return fmt.Errorf("%d bytes came, then: %w", n, err)
	}
	return nil
}

// TestResumeInDrain: a handler that pauses until its answer has gone hears of an end that was read before; the peer sends nothing more
// that would bring it up.
func TestResumeInDrain(t *testing.T) {
	const answer = 8 << 20
	i, w := newIdentity(t), transporttest.NewWorld(t)
	r := &transporttest.Recorder{T: t}
	r.On = func(c transport.Conn, _ []byte) {
		c.Pause()
		require.NoError(t, c.Write(make([]byte, answer)))
	}
	r.Drain = func(c transport.Conn) { c.Resume() }
	l, err := tlsconn.Listen(w.Loop, tcp.Listen, at(address.TLS, 0), transport.Options{HighMark: 2 * answer, LowMark: 1000}, i.server(t),
		func(transport.Conn) transport.Handler { return r })
	require.NoError(t, err)
	var o *tls.Config
	raw, _ := i.goClient(t, l.Addr(), func(c *tls.Config) { o = c })
	require.NoError(t, raw.(*net.TCPConn).SetReadBuffer(64<<10)) // the kernels are not to take the whole answer
	ended, may := make(chan error, 1), make(chan struct{})
	go func() { ended <- lastWords(&joined{Conn: raw}, o, answer, may) }()
	w.Until("the server has paused", func() bool { return r.Received > 0 })
	require.True(t, r.Conn.Congested())
	close(may)
	w.Until("the client has the end", func() bool {
		select {
		case err = <-ended:
			return true
		default:
			return false
		}
	})
	require.NoError(t, err)
	require.NoError(t, raw.Close())
	l.Close()
	w.Idle()
	require.NoError(t, r.Err)
}
