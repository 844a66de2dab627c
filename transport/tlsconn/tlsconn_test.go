package tlsconn_test

import (
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/ed-toolbox/ed/transport/unixsock"
	"github.com/stretchr/testify/require"
)

func at(s address.Scheme, port uint16) address.Address {
	return address.FromAddrPort(s, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))
}

func config(t testing.TB, o tlsconn.Options) *tlsconn.Config {
	t.Helper()
	c, err := tlsconn.New(o)
	require.NoError(t, err)
	return c
}

// both is a configuration that serves either side: the certificate is for 127.0.0.1 and "server".
func both(t testing.TB) *tlsconn.Config {
	ca := tlsconntest.NewCA(t)
	p := ca.Issue([]string{"127.0.0.1", "server"})
	return config(t, tlsconn.Options{CertFile: p.CertFile, KeyFile: p.KeyFile, CAFile: ca.File, ServerName: "server"})
}

// medium is TLS over what dial and listen do.
func medium(c *tlsconn.Config, dial tlsconn.Dialer, listen tlsconn.Binder, a func() address.Address) transporttest.Medium {
	return transporttest.Medium{
		Listen: func(l *reactor.Loop, o transport.Options, accept transport.Accept) (transport.Listener, error) {
			return tlsconn.Listen(l, listen, a(), o, c, accept)
		},
		Dial: func(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error) {
			return tlsconn.Dial(l, dial, a, o, c, h)
		},
		Handshake: true,
		Many:      50,
	}
}

func TestConformance(t *testing.T) {
	c := both(t)
	t.Run("TCP", func(t *testing.T) {
		transporttest.RunStream(t, func(t *testing.T) transporttest.Medium {
			m := medium(c, tcp.Dial, tcp.Listen, func() address.Address { return at(address.TLS, 0) })
			w := transporttest.NewWorld(t)
			l, err := tcp.Listen(w.Loop, at(address.TCP, 0), transport.Options{}, nil)
			require.NoError(t, err)
			require.NoError(t, l.Close())
			m.Refused = at(address.TLS, l.Addr().Port)
			m.Resets, m.Descriptors = true, true
			return m
		})
	})
	t.Run("Unix", func(t *testing.T) {
		transporttest.RunStream(t, func(t *testing.T) transporttest.Medium {
			m := medium(c, unixsock.Dial, unixsock.Listen, func() address.Address {
				return address.FromUnix(address.Unix, filepath.Join(t.TempDir(), "s"))
			})
			m.Refused = address.FromUnix(address.Unix, "@ed-test-tlsconn-nobody")
			m.Descriptors = true
			return m
		})
	})
	for name, f := range map[string]transporttest.Faults{
		"memory":         {},
		"hostile memory": {Chunk: 4999, Window: 20_000, Delay: 10e3, Jitter: 20e3, Seed: 7},
	} {
		t.Run(name, func(t *testing.T) {
			transporttest.RunStream(t, func(*testing.T) transporttest.Medium {
				n := transporttest.NewNetwork(f)
				n.Silence(at(address.TCP, 2))
				m := medium(c, n.Dial, n.Listen, func() address.Address { return at(address.TLS, 0) })
				m.Refused, m.Silent, m.Resets = at(address.TLS, 1), at(address.TLS, 2), true
				return m
			})
		})
	}
}
