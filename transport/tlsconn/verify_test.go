package tlsconn_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/stretchr/testify/require"
)

func TestServerIsVerified(t *testing.T) {
	ca, other := tlsconntest.NewCA(t), tlsconntest.NewCA(t)
	hours := func(from, to time.Duration) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(from), time.Now().Add(to) }
	}
	tests := map[string]struct {
		show    tlsconntest.Pair
		options tlsconn.Options
		want    []string // parts of the error; none: it works
	}{
		"the address dialled":   {ca.Issue([]string{"127.0.0.1"}), tlsconn.Options{CAFile: ca.File}, nil},
		"a name given":          {ca.Issue([]string{"a.example"}), tlsconn.Options{CAFile: ca.File, ServerName: "a.example"}, nil},
		"another name":          {ca.Issue([]string{"a.example", "10.0.0.1"}), tlsconn.Options{CAFile: ca.File, ServerName: "b.example"}, []string{"handshake tls://127.0.0.1:", "the certificate is for a.example, 10.0.0.1, not for b.example"}},
		"another address":       {ca.Issue([]string{"a.example"}), tlsconn.Options{CAFile: ca.File}, []string{"is for a.example, not for 127.0.0.1"}},
		"no alternative names":  {ca.Issue(nil), tlsconn.Options{CAFile: ca.File, ServerName: "test"}, []string{"no alternative names", `its subject "test" does not count`}},
		"another CA":            {ca.Issue([]string{"127.0.0.1"}), tlsconn.Options{CAFile: other.File}, []string{"unknown authority"}},
		"roots of the system":   {ca.Issue([]string{"127.0.0.1"}), tlsconn.Options{}, []string{"unknown authority"}},
		"expired":               {ca.Issue([]string{"127.0.0.1"}, hours(-2*time.Hour, -time.Hour)), tlsconn.Options{CAFile: ca.File}, []string{"expired"}},
		"not valid yet":         {ca.Issue([]string{"127.0.0.1"}, hours(time.Hour, 2*time.Hour)), tlsconn.Options{CAFile: ca.File}, []string{"not yet valid"}},
		"anything, if insecure": {ca.Issue([]string{"x"}, hours(-2*time.Hour, -time.Hour)), tlsconn.Options{Insecure: true}, nil},
		"not for servers":       {ca.Issue([]string{"127.0.0.1"}, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), tlsconn.Options{CAFile: ca.File}, []string{"incompatible key usage"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, config(t, tlsconn.Options{CertFile: tt.show.CertFile, KeyFile: tt.show.KeyFile}))
			r, _ := try(t, s.Addr, config(t, tt.options))
			require.Equal(t, 1, r.Closed)
			if tt.want == nil {
				require.NoError(t, r.Err)
				require.Equal(t, "hello\n", string(r.Data))
				require.NoError(t, s.end())
				names := r.Conn.(transport.Named).PeerNames()
				require.Equal(t, !tt.options.Insecure, len(names) > 0, "%v", names)
				return
			}
			require.Zero(t, r.Opened)
			var refused *tls.CertificateVerificationError
			require.ErrorAs(t, r.Err, &refused, "through it the certificate can be looked at")
			for _, part := range tt.want {
				require.ErrorContains(t, r.Err, part)
			}
			require.ErrorContains(t, s.end(), "remote error: tls:", "the server is told why")
		})
	}
}

func TestClientIsVerified(t *testing.T) {
	i, other := newIdentity(t), tlsconntest.NewCA(t)
	tests := map[string]struct {
		auth   tlsconn.ClientAuth
		show   *tlsconntest.CA // nil: nothing
		names  []string
		refuse string
	}{
		"none asked":      {tlsconn.ClientNone, i.ca, nil, ""},
		"required":        {tlsconn.ClientRequired, i.ca, []string{"client.example", "10.0.0.7"}, ""},
		"optional":        {tlsconn.ClientOptional, i.ca, []string{"client.example", "10.0.0.7"}, ""},
		"none shown":      {tlsconn.ClientOptional, nil, nil, ""},
		"missing":         {tlsconn.ClientRequired, nil, nil, "didn't provide a certificate"},
		"of another CA":   {tlsconn.ClientRequired, other, nil, "unknown authority"},
		"optional is bad": {tlsconn.ClientOptional, other, nil, "unknown authority"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, i.server(t, func(o *tlsconn.Options) {
				o.ClientAuth = tt.auth
				if tt.auth != tlsconn.ClientNone {
					o.CAFile = i.ca.File
				}
			}))
			o := tlsconn.Options{CAFile: i.ca.File}
			if tt.show != nil {
				p := tt.show.Issue([]string{"client.example", "10.0.0.7"})
				o.CertFile, o.KeyFile = p.CertFile, p.KeyFile
			}
			r, _ := try(t, s.Addr, config(t, o))
			if tt.refuse == "" {
				require.NoError(t, r.Err)
				require.NoError(t, s.end())
				require.Equal(t, tt.names, s.peerNames())
				return
			}
			require.ErrorContains(t, s.end(), tt.refuse)
			require.ErrorContains(t, r.Err, "handshake tls://127.0.0.1:", "even where the client was done with it")
			require.ErrorContains(t, r.Err, "remote error: tls:")
			require.Empty(t, r.Data)
		})
	}
}

func TestVersions(t *testing.T) {
	i := newIdentity(t)
	s := startServer(t, i.server(t))
	for version, ok := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			_, c := i.goClient(t, s.Addr, func(o *tls.Config) { o.MinVersion, o.MaxVersion = tls.VersionTLS10, version })
			err := c.Handshake()
			if !ok {
				require.ErrorContains(t, err, "protocol version not supported")
				require.ErrorContains(t, s.end(), "client offered only unsupported versions")
				return
			}
			require.NoError(t, err)
			require.Equal(t, "hello", exchange(t, c, "hello"))
			require.NoError(t, s.end())
		})
	}
	require.Empty(t, s.log.String())
}

// exchange writes text, half-closes and returns all that comes back.
func exchange(t *testing.T, c *tls.Conn, text string) string {
	t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
	require.NoError(t, c.CloseWrite())
	all, err := io.ReadAll(c)
	require.NoError(t, err)
	return string(all)
}

func TestWrongOptions(t *testing.T) {
	i := newIdentity(t)
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	tests := map[string]struct {
		o    tlsconn.Options
		want string
	}{
		"no such certificate":     {tlsconn.Options{CertFile: "/none/c.pem"}, "/none/c.pem: no such file"},
		"no such CA":              {tlsconn.Options{CAFile: "/none/ca.pem"}, "/none/ca.pem: no such file"},
		"a CA from a FIFO":        {tlsconn.Options{CAFile: fifo}, fifo + ": it is a FIFO that nobody writes to"},
		"a CA without end":        {tlsconn.Options{CAFile: "/dev/zero"}, "/dev/zero: it has more than 1 MiB"},
		"a certificate by a FIFO": {tlsconn.Options{CertFile: fifo}, fifo + ": it is a FIFO that nobody writes to"},
		"a key from a FIFO":       {tlsconn.Options{CertFile: i.pair.CertFile, KeyFile: fifo}, fifo + ": it is a FIFO that nobody writes to"},
		"no such folder":          {tlsconn.Options{CADir: "/none"}, "/none: no such file"},
		"no CA in a folder":       {tlsconn.Options{CADir: t.TempDir()}, "no certificate in it"},
		"a key as CA":             {tlsconn.Options{CAFile: i.pair.KeyFile}, "no certificate in it"},
		"no key in the file":      {tlsconn.Options{CertFile: i.pair.CertFile}, "certificate and key in " + i.pair.CertFile},
		"another's key":           {tlsconn.Options{CertFile: i.pair.CertFile, KeyFile: i.ca.Issue(nil).KeyFile}, "does not match"},
		"a key alone":             {tlsconn.Options{KeyFile: i.pair.KeyFile}, "a key needs its certificate"},
		"clients' CA not told of": {tlsconn.Options{CertFile: i.pair.CertFile, KeyFile: i.pair.KeyFile, ClientAuth: tlsconn.ClientRequired}, "needs a CA"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := tlsconn.New(tt.o)
			require.ErrorContains(t, err, tt.want)
		})
	}
}
