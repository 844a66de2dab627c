package check_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/tools/check"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/stretchr/testify/require"
)

// shows is a TLS server that says nothing. change may alter what it asks of clients.
func shows(t *testing.T, p tlsconntest.Pair, change ...func(*tls.Config)) (addr string) {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(p.CertFile, p.KeyFile)
	require.NoError(t, err)
	o := &tls.Config{Certificates: []tls.Certificate{pair}}
	for _, f := range change {
		f(o)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", o)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go serveAll(l)
	return l.Addr().String()
}

func serveAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			_, _ = io.Copy(io.Discard, c)
			c.Close()
		}()
	}
}

// lasts makes a certificate valid for a span around now.
func lasts(from, to time.Duration) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.NotBefore, c.NotAfter = time.Now().Add(from), time.Now().Add(to) }
}

const day = 24 * time.Hour

// certWorld has the real clock: that of the certificates.
func certWorld(t *testing.T) *toolkittest.World {
	w := toolkittest.New(t)
	w.Now = time.Now
	return w
}

func TestCertificate(t *testing.T) {
	ca := tlsconntest.NewCA(t)
	forever := func(c *x509.Certificate) { c.NotAfter = time.Now().Add(1000 * day) }
	long := tlsconntest.NewCA(t, forever)
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	good := long.Issue([]string{"127.0.0.1", "router.example"}, lasts(-day, 100*day))
	soon := long.Issue([]string{"127.0.0.1"}, lasts(-day, 5*day+time.Hour))
	none := file("plain.txt", []byte("nothing"))
	chain := file("chain.pem", append(read(t, good.CertFile), read(t, long.File)...))
	der := file("cert.der", good.Cert.Raw)
	tests := map[string]struct {
		args []string
		kind toolkit.Kind // with an error
		err  string       // "" for none
		out  []string
	}{
		"good":             {[]string{shows(t, good), "--tls-ca", long.File}, 0, "", []string{"subject    CN=test\n", "names      router.example, 127.0.0.1\n", "issuer     CN=test root,O=ed tests\n", "chain      CN=test root,O=ed tests, until ", "99 days left", "key        ECDSA P-256, signed with ECDSA-SHA256", "sha256     ", "protocol   TLS 1.3", "verified   yes, for 127.0.0.1\n"}},
		"by another name":  {[]string{shows(t, good), "--tls-ca", long.File, "--tls-name", "router.example"}, 0, "", []string{"verified   yes, for router.example"}},
		"wrong name":       {[]string{shows(t, good), "--tls-ca", long.File, "--tls-name", "x.example"}, toolkit.Other, "not to be trusted: the certificate is for router.example, 127.0.0.1, not for x.example", []string{"verified   no: the certificate is for"}},
		"unknown CA":       {[]string{shows(t, good)}, toolkit.Other, "unknown authority", []string{"verified   no: x509: certificate signed by unknown authority"}},
		"not verified":     {[]string{shows(t, good), "--insecure"}, 0, "", []string{"verified   no: "}},
		"soon":             {[]string{shows(t, soon), "--tls-ca", long.File}, toolkit.Other, "expires on ", []string{"5 days left"}},
		"soon enough":      {[]string{shows(t, soon), "--tls-ca", long.File, "--days", "4"}, 0, "", nil},
		"expired":          {[]string{shows(t, long.Issue(nil, lasts(-3*day, -2*day-time.Hour))), "--insecure"}, toolkit.Other, "expired on ", []string{"over for 2 days"}},
		"not valid yet":    {[]string{shows(t, long.Issue(nil, lasts(day, 30*day))), "--insecure"}, toolkit.Other, "it is not valid before ", nil},
		"its issuer goes":  {[]string{shows(t, ca.Issue([]string{"127.0.0.1"}, lasts(-day, 300*day))), "--tls-ca", ca.File}, toolkit.Other, "its issuer CN=test root,O=ed tests expires on ", nil},
		"asks for ours":    {[]string{shows(t, good, wantsClients(long), oldest), "--tls-ca", long.File}, 0, "", []string{"protocol   TLS 1.2", "verified   yes"}},
		"gets ours":        {[]string{shows(t, good, wantsClients(long)), "--tls-ca", long.File, "--tls-cert", good.CertFile, "--tls-key", good.KeyFile}, 0, "", nil},
		"file":             {[]string{good.CertFile}, 0, "", []string{"names      router.example", "verified   no: "}},
		"file and its CA":  {[]string{good.CertFile, "--tls-ca", long.File}, 0, "", []string{"verified   yes\n"}},
		"file, wrong CA":   {[]string{good.CertFile, "--tls-ca", ca.File}, toolkit.Other, "not to be trusted", nil},
		"file, wrong name": {[]string{good.CertFile, "--tls-ca", long.File, "--tls-name", "x"}, toolkit.Other, "not for x", nil},
		"file, soon":       {[]string{soon.CertFile}, toolkit.Other, soon.CertFile + ": expires on ", nil},
		"chain":            {[]string{chain}, 0, "", []string{"chain      CN=test root"}},
		"intermediate":     {[]string{viaIntermediate(t, long), "--tls-ca", long.File}, 0, "", []string{"verified   yes\n"}},
		"DER":              {[]string{der}, 0, "", []string{"CN=test\n"}},
		"missing file":     {[]string{filepath.Join(dir, "none.pem")}, toolkit.NoInput, "no such file", nil},
		"missing by name":  {[]string{"none.crt"}, toolkit.NoInput, "no such file", nil},
		"missing CA":       {[]string{good.CertFile, "--tls-ca", "/none.pem"}, toolkit.NoInput, "/none.pem", nil},
		"no certificate":   {[]string{none}, toolkit.Data, "no certificate in it", nil},
		"nobody there":     {[]string{free(t)}, toolkit.Unavailable, "refused", nil},
		"unknown host":     {[]string{"no-such-host.invalid"}, toolkit.NoHost, "look up", nil},
		"not TLS":          {[]string{plain(t)}, toolkit.Protocol, "not TLS", nil},
		"not an IP scheme": {[]string{"tcp://127.0.0.1:1"}, toolkit.Usage, "over tls only", nil},
		"nothing":          {nil, toolkit.Usage, "a host or file is missing", nil},
		"less than no day": {[]string{"x", "--days", "-1"}, toolkit.Usage, `"-1" is not a number from 0 to 36500`, nil},
		"a century":        {[]string{shows(t, soon), "--days", "36500"}, toolkit.Other, "expires on ", nil},
		"more than that":   {[]string{"x", "--days", "999999999"}, toolkit.Usage, `"999999999" is not a number from 0 to 36500`, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := certWorld(t)
			err := w.Run(context.Background(), check.Command, append([]string{"check", "certificate"}, tt.args...)...)
			for _, part := range tt.out {
				require.Contains(t, w.Out.String(), part)
			}
			if tt.err == "" {
				require.NoError(t, err)
				require.Empty(t, w.Err.String())
				return
			}
			require.ErrorContains(t, err, tt.err)
			require.Equal(t, tt.kind, toolkit.KindOf(err))
		})
	}
}

// viaIntermediate is a file with a certificate and the one of its issuer, which the root has signed.
func viaIntermediate(t *testing.T, root *tlsconntest.CA) string {
	t.Helper()
	issuer := root.Issue(nil, lasts(-day, 100*day), func(c *x509.Certificate) {
		c.Subject.CommonName, c.IsCA, c.BasicConstraintsValid, c.KeyUsage = "between", true, true, x509.KeyUsageCertSign
	})
	pair, err := tls.LoadX509KeyPair(issuer.CertFile, issuer.KeyFile)
	require.NoError(t, err)
	leaf := root.Issue(nil, lasts(-day, 100*day)).Cert
	raw, err := x509.CreateCertificate(rand.Reader, leaf, issuer.Cert, leaf.PublicKey, pair.PrivateKey)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "via.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), read(t, issuer.CertFile)...)
	require.NoError(t, os.WriteFile(path, text, 0o600))
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}

func wantsClients(ca *tlsconntest.CA) func(*tls.Config) {
	return func(o *tls.Config) {
		o.ClientAuth, o.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		o.ClientCAs.AddCert(ca.Cert)
	}
}

// oldest has a server that wants to see a certificate say so before the client is done.
func oldest(o *tls.Config) { o.MaxVersion = tls.VersionTLS12 }

// free is an address where nobody listens.
func free(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// plain is a server that does not know TLS.
func plain(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "220 mail.example ESMTP\r\n")
			_ = c.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, c) // to close before would be a reset, which what was said may not survive
			c.Close()
		}
	}()
	return l.Addr().String()
}

func TestCertificatesJSON(t *testing.T) {
	ca := tlsconntest.NewCA(t)
	p := ca.Issue([]string{"127.0.0.1"})
	addr := shows(t, p)
	w := certWorld(t)
	err := w.Run(context.Background(), check.Command, "check", "certificate", "--json", "--tls-ca", ca.File, "--days", "0", addr, "/none.pem", p.CertFile)
	require.ErrorContains(t, err, "/none.pem")
	lines := strings.Split(strings.TrimSpace(w.Out.String()), "\n")
	require.Len(t, lines, 3, "the others are looked at all the same")
	var got []map[string]any
	for _, line := range lines {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &m))
		require.EqualValues(t, 1, m["v"])
		got = append(got, m)
	}
	require.Equal(t, addr, got[0]["target"])
	require.Equal(t, true, got[0]["ok"])
	require.Equal(t, true, got[0]["verified"])
	require.Equal(t, []any{"127.0.0.1"}, got[0]["names"])
	require.Equal(t, p.Cert.NotAfter.Format(time.RFC3339), got[0]["not_after"])
	require.InDelta(t, float64(12*time.Hour), got[0]["left_ns"], float64(time.Minute))
	require.Len(t, got[0]["chain"], 1)
	require.Equal(t, false, got[1]["ok"])
	require.Contains(t, got[1]["error"], "no such file")
	require.NotContains(t, got[1], "not_after")
	require.Equal(t, true, got[2]["ok"])
	require.NotContains(t, got[2], "tls")
}

// A certificate that does not come does not keep the command from ending, and none behind too much else is passed over.
func TestCertificateFromAPipe(t *testing.T) {
	silent, write := io.Pipe()
	defer write.Close()
	fifo := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	writer, err := os.OpenFile(fifo, os.O_RDWR, 0)
	require.NoError(t, err)
	defer writer.Close()
	for _, path := range []string{"-", fifo} {
		w := certWorld(t)
		w.Stdin.Reader = silent
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(10*time.Millisecond, func() { cancel(&toolkit.Interrupted{Signal: os.Interrupt}) })
		err := w.Run(ctx, check.Command, "check", "certificate", path)
		require.Equal(t, toolkit.Interrupt, toolkit.KindOf(err), "%s: %v", path, err)
	}
	w := certWorld(t)
	err = w.Run(t.Context(), check.Command, "check", "certificate", "--timeout", "10ms", fifo)
	require.EqualError(t, err, "read "+fifo+": it did not end within 10ms")
	require.Equal(t, toolkit.NoInput, toolkit.KindOf(err))
	ca := tlsconntest.NewCA(t)
	blank := strings.NewReader(strings.Repeat("\n", 16<<20))
	w.Stdin.Reader = io.MultiReader(strings.NewReader(string(read(t, ca.File))), blank, strings.NewReader(string(read(t, ca.File))))
	err = w.Run(t.Context(), check.Command, "check", "certificate", "-")
	require.ErrorContains(t, err, "more than 16 MiB")
	require.Equal(t, toolkit.Data, toolkit.KindOf(err))
}

func TestCertificateGivesUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	w := certWorld(t)
	err = w.Run(context.Background(), check.Command, "check", "certificate", "--timeout", "50ms", l.Addr().String())
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err), "%v", err)
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(&toolkit.Interrupted{Signal: os.Interrupt})
	err = w.Run(ctx, check.Command, "check", "certificate", "--timeout", "0", l.Addr().String())
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(err), "%v", err)
}
