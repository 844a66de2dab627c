package open_test

import (
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
)

// secure makes an opener whose certificate is for names.
func secure(t *testing.T, names ...string) open.Opener {
	ca := tlsconntest.NewCA(t)
	p := ca.Issue(names)
	c, err := tlsconn.New(tlsconn.Options{CertFile: p.CertFile, KeyFile: p.KeyFile, CAFile: ca.File, HandshakeTimeout: 5 * time.Second})
	require.NoError(t, err)
	op := opener
	op.TLS = c
	return op
}

// TestTLS: the name that is looked up is the one that must be proved.
func TestTLS(t *testing.T) {
	op := secure(t, "both", "127.0.0.1")
	tests := map[string]struct {
		host string // default: the address
		fail string
	}{
		"address":         {"", ""},
		"name":            {"both", ""},
		"another's name":  {"one", "is for both, 127.0.0.1, not for one"},
		"unknown name":    {"unknown", "look up tls://unknown:"},
		"nobody is there": {"refused", "connect tls://127.0.0.1:"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			server := &transporttest.Recorder{T: t, Name: "server"}
			l, err := op.Listen(w.Loop, parse(t, "cds://127.0.0.1:0"), transport.Options{}, func(transport.Conn) transport.Handler { return server })
			require.NoError(t, err)
			require.Equal(t, address.TLS, l.Addr().Scheme)
			to := l.Addr()
			switch {
			case tt.host == "refused":
				require.NoError(t, l.Close())
			case tt.host != "":
				to = address.Address{Scheme: address.TLS, Host: tt.host, Port: to.Port}
			}
			client := &transporttest.Recorder{T: t, Name: "client"}
			c, err := op.Dial(w.Loop, to, transport.Options{}, client)
			require.NoError(t, err)
			require.NoError(t, c.Write([]byte("hello")), "it queues until the handshake is done")
			require.NoError(t, c.CloseWrite())
			w.Until("it ends", func() bool { return client.Closed == 1 })
			require.NoError(t, l.Close())
			w.Idle()
			if tt.fail != "" {
				require.ErrorContains(t, client.Err, tt.fail)
				require.Zero(t, client.Opened)
				return
			}
			require.NoError(t, client.Err)
			require.NoError(t, server.Err)
			require.Equal(t, "hello", string(server.Data))
			require.Equal(t, l.Addr(), c.Remote(), "the address that answered")
		})
	}
}

func TestTLSWithoutCertificate(t *testing.T) {
	w := transporttest.NewWorld(t)
	_, err := open.Listen(w.Loop, parse(t, "tls://127.0.0.1:0"), transport.Options{}, nil)
	require.ErrorIs(t, err, tlsconn.ErrNoCertificate)
}
