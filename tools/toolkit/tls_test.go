package toolkit_test

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
)

// listenTLS answers with what comes, and returns its address.
func listenTLS(t *testing.T, o tlsconn.Options) address.Address {
	t.Helper()
	config, err := tlsconn.New(o)
	require.NoError(t, err)
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	here := address.Address{Scheme: address.TLS, IP: netip.MustParseAddr("127.0.0.1")}
	var conns []transport.Conn
	l, err := tlsconn.Listen(loop, tcp.Listen, here, transport.Options{}, config, func(c transport.Conn) transport.Handler {
		conns = append(conns, c)
		return parrot{}
	})
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- loop.Run(context.Background()) }()
	t.Cleanup(func() {
		require.NoError(t, loop.Post(func() {
			assert.NoError(t, l.Close())
			for _, c := range conns {
				c.Abort(nil)
			}
		}))
		require.NoError(t, <-ended)
		require.NoError(t, loop.Close())
	})
	return l.Addr()
}

type parrot struct{}

func (parrot) OnOpen(transport.Conn)             {}
func (parrot) OnData(c transport.Conn, p []byte) { _ = c.Write(p) }
func (parrot) OnDrain(transport.Conn)            {}
func (parrot) OnClose(transport.Conn, error)     {}

// TestTLSOptions: the real Env.Dial obeys the flags of the command that runs.
func TestTLSOptions(t *testing.T) {
	ca := tlsconntest.NewCA(t)
	p := ca.Issue([]string{"127.0.0.1", "router.example"})
	own := tlsconn.Options{CertFile: p.CertFile, KeyFile: p.KeyFile}
	open := listenTLS(t, own)
	own.CAFile, own.ClientAuth = ca.File, tlsconn.ClientRequired
	strict := listenTLS(t, own)
	tests := map[string]struct {
		to   address.Address
		args []string
		env  map[string]string
		kind toolkit.Kind
		err  string // "" for none
		hint string
	}{
		"trusted":              {open, []string{"--tls-ca", ca.File}, nil, 0, "", ""},
		"trusted by variable":  {open, nil, map[string]string{"ED_TLS_CA": ca.File}, 0, "", ""},
		"by another name":      {open, []string{"--tls-ca", ca.File, "--tls-name", "router.example"}, nil, 0, "", ""},
		"not the name":         {open, []string{"--tls-ca", ca.File, "--tls-name", "x"}, nil, toolkit.Unavailable, "not for x", "--tls-name NAME"},
		"not trusted":          {open, nil, nil, toolkit.Unavailable, "unknown authority", "--tls-ca FILE"},
		"insecure":             {open, []string{"--insecure"}, nil, 0, "", ""},
		"not by variable":      {open, nil, map[string]string{"ED_INSECURE": "true"}, toolkit.Unavailable, "unknown authority", ""},
		"shows a certificate":  {strict, []string{"--tls-ca", ca.File, "--tls-cert", p.CertFile, "--tls-key", p.KeyFile}, nil, 0, "", ""},
		"shows none":           {strict, []string{"--tls-ca", ca.File}, nil, toolkit.Unavailable, "certificate required", "--tls-cert FILE"},
		"missing file":         {open, []string{"--tls-ca", "/none.pem"}, nil, toolkit.NoInput, "/none.pem", ""},
		"no certificate in it": {open, []string{"--tls-ca", p.KeyFile}, nil, toolkit.Data, "no certificate", ""},
		"key alone":            {open, []string{"--tls-key", p.KeyFile}, nil, toolkit.Usage, "needs --tls-cert", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := toolkittest.New(t)
			maps.Copy(w.Vars, tt.env)
			w.Env.UseRealDial()
			err := w.Run(context.Background(), pinger(tt.to), append([]string{"ping"}, tt.args...)...)
			require.Equal(t, name == "insecure", w.Err.String() != "", w.Err.String())
			if tt.err == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.err)
			require.Equal(t, tt.kind, toolkit.KindOf(err))
			require.Contains(t, toolkit.HintOf(err), tt.hint)
		})
	}
}

// TestInsecureIsSaidOnce: however many connections, on however many goroutines, --insecure is warned of once for an address.
func TestInsecureIsSaidOnce(t *testing.T) {
	p := tlsconntest.NewCA(t).Issue([]string{"127.0.0.1"})
	own := tlsconn.Options{CertFile: p.CertFile, KeyFile: p.KeyFile}
	first, second := listenTLS(t, own), listenTLS(t, own)
	w := toolkittest.New(t)
	dial := func(env *toolkit.Env) *cli.Command {
		return env.Configure("dial", &cli.Command{Name: "dial", Flags: toolkit.PeerFlags(), Action: func(*cli.Context) error {
			var all sync.WaitGroup
			open := env.Open()
			for range 3 {
				all.Go(func() {
					loop, err := reactor.New(reactor.Options{})
					if !assert.NoError(t, err) {
						return
					}
					defer loop.Close()
					for _, to := range []address.Address{first, second, first} {
						if c, err := open.Dial(loop, to, transport.Options{}, parrot{}); assert.NoError(t, err) {
							c.Abort(nil)
						}
					}
				})
			}
			all.Wait()
			return nil
		}})
	}
	require.NoError(t, w.Run(context.Background(), dial, "dial", "--insecure"))
	require.Equal(t, 2, strings.Count(w.Err.String(), "WARNING: --insecure"), w.Err)
}

// pinger is a command that sends a message and waits for it to come back.
func pinger(to address.Address) func(*toolkit.Env) *cli.Command {
	return func(env *toolkit.Env) *cli.Command {
		return env.Configure("ping", &cli.Command{Name: "ping", Flags: toolkit.PeerFlags(), Action: func(c *cli.Context) error {
			s, err := env.Dial(c.Context, to, toolkit.DialOptions{})
			if err != nil {
				return err
			}
			defer s.Close()
			if err := s.Send(message.New("PING")); err != nil {
				return err
			}
			_, err = s.Recv(c.Context)
			return err
		}})
	}
}

func TestHintKeepsToItsOwn(t *testing.T) {
	require.Empty(t, toolkit.HintOf(errors.New("x")))
	require.Empty(t, toolkit.HintOf(fs.ErrNotExist))
	require.Equal(t, "do this", toolkit.HintOf(toolkit.WithHint(tlsconn.ErrNotTLS, "do this")))
	require.Equal(t, toolkit.Protocol, toolkit.KindOf(&transport.OpError{Op: "handshake", Err: tlsconn.ErrNotTLS}))
}
