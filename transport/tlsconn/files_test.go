package tlsconn_test

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/tcp"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/stretchr/testify/require"
)

// serial asks the server for the certificate that it shows now.
func (i identity) serial(t *testing.T, to address.Address) string {
	t.Helper()
	_, c := i.goClient(t, to)
	require.Equal(t, "hello", exchange(t, c, "hello"))
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

func TestCertificateIsExchanged(t *testing.T) {
	i := newIdentity(t)
	c := i.server(t)
	c.LookAlways()
	s := startServer(t, c)
	_, old := i.goClient(t, s.Addr)
	require.NoError(t, old.Handshake())
	first := i.pair.Cert.SerialNumber.String()
	require.Equal(t, first, i.serial(t, s.Addr))

	second := i.pair
	i.ca.IssueTo(&second, []string{"server"})
	require.Equal(t, second.Cert.SerialNumber.String(), i.serial(t, s.Addr))
	require.Contains(t, s.log.String(), "certificate files read again")
	require.NotContains(t, s.log.String(), "WARN")

	require.NoError(t, os.WriteFile(second.CertFile, []byte("half a cert"), 0o600))
	require.Equal(t, second.Cert.SerialNumber.String(), i.serial(t, s.Addr), "a broken file changes nothing")
	require.Equal(t, second.Cert.SerialNumber.String(), i.serial(t, s.Addr))
	require.Contains(t, s.log.String(), "the old ones stay")
	require.Contains(t, s.log.String(), second.CertFile)

	require.NoError(t, os.Remove(second.CertFile))
	require.Equal(t, second.Cert.SerialNumber.String(), i.serial(t, s.Addr), "nor does a missing one")

	i.ca.IssueTo(&second, []string{"server"})
	require.Equal(t, second.Cert.SerialNumber.String(), i.serial(t, s.Addr))
	require.Equal(t, "hello", exchange(t, old, "hello"), "the first connection is still there")
}

// TestRootsAreExchanged: what an old root proved counts no more, also for who remembers a session.
func TestRootsAreExchanged(t *testing.T) {
	i, other := newIdentity(t), tlsconntest.NewCA(t)
	dir := t.TempDir()
	root := filepath.Join(dir, "root.pem")
	link := func(to string) {
		t.Helper()
		require.NoError(t, os.RemoveAll(root))
		require.NoError(t, os.Symlink(to, root))
	}
	link(i.ca.File)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README"), []byte("no certificate"), 0o600))
	s := startServer(t, i.server(t))
	c := config(t, tlsconn.Options{CADir: dir})
	c.LookAlways()
	for range 2 {
		r, _ := try(t, s.Addr, c)
		require.NoError(t, r.Err)
	}
	link(other.File)
	r, _ := try(t, s.Addr, c)
	require.ErrorContains(t, r.Err, "unknown authority")
	link(i.ca.File)
	r, _ = try(t, s.Addr, c)
	require.NoError(t, r.Err)
}

func TestSessionsAreResumed(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			i := newIdentity(t)
			server := i.server(t, func(o *tlsconn.Options) { o.ClientAuth, o.CAFile = tlsconn.ClientRequired, i.ca.File })
			s := startServer(t, server)
			client := config(t, tlsconn.Options{CAFile: i.ca.File, CertFile: i.pair.CertFile, KeyFile: i.pair.KeyFile})
			client.LimitVersion(version)
			for n := range 3 {
				r, state := try(t, s.Addr, client)
				require.NoError(t, r.Err)
				require.Equal(t, version, state.Version)
				require.Equal(t, n > 0, state.DidResume)
				require.Equal(t, []string{"server", "127.0.0.1"}, r.Conn.(transport.Named).PeerNames())
				require.NoError(t, s.end())
				require.Equal(t, []string{"server", "127.0.0.1"}, s.peerNames(), "the server remembers, too")
			}
		})
	}
}

// TestOneConfigManyLoops: handshakes of several loops use one Config at the same time.
func TestOneConfigManyLoops(t *testing.T) {
	c := both(t)
	c.LookAlways()
	s := startServer(t, c)
	const loops, each = 4, 10
	done := make(chan error)
	for range loops {
		go func() { done <- dialMany(s.Addr, c, each) }()
	}
	for range loops {
		require.NoError(t, <-done)
	}
	for range loops * each {
		require.NoError(t, s.end())
	}
}

// dialMany opens n connections at a time on a loop of their own, closes each, and returns an error of any.
func dialMany(to address.Address, c *tlsconn.Config, n int) (failed error) {
	l, err := reactor.New(reactor.Options{})
	if err != nil {
		return err
	}
	for range n {
		h := closer{func(err error) { failed = errors.Join(failed, err) }}
		if _, err := tlsconn.Dial(l, tcp.Dial, to, transport.Options{}, c, h); err != nil {
			return err
		}
	}
	if err := l.Run(context.Background()); err != nil {
		return err
	}
	return errors.Join(failed, l.Close())
}

// closer closes as soon as it can.
type closer struct{ ended func(error) }

func (closer) OnOpen(c transport.Conn)             { c.Close() }
func (closer) OnData(transport.Conn, []byte)       {}
func (closer) OnDrain(transport.Conn)              {}
func (h closer) OnClose(_ transport.Conn, e error) { h.ended(e) }
