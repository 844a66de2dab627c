package tlsconn_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/stretchr/testify/require"
)

// openssl is the program, or "" where it is not installed: then crypto/tls and a plain socket take its part, and say so.
func openssl(t *testing.T) string {
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Log("openssl is not installed: the peer is crypto/tls")
		return ""
	}
	return path
}

// start runs openssl. It is killed after the test.
func start(t *testing.T, program string, args ...string) (io.WriteCloser, *bufio.Reader, *exec.Cmd) {
	t.Helper()
	cmd := exec.Command(program, args...)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = cmd.Stdout
	require.NoError(t, cmd.Start())
	watch := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		watch.Stop()
		cmd.Process.Kill()
		_ = cmd.Wait() // killed, or ended with a code that the test has looked at in its output
	})
	return in, bufio.NewReader(out), cmd
}

// lineWith reads until a line has text in it.
func lineWith(t *testing.T, r *bufio.Reader, text string) string {
	t.Helper()
	var before strings.Builder
	for {
		line, err := r.ReadString('\n')
		if strings.Contains(line, text) {
			return strings.TrimSpace(line)
		}
		before.WriteString(line)
		if err != nil {
			t.Fatalf("%.80q did not come (%v) after:\n%.3000s", text, err, before.String())
		}
	}
}

func TestOpenSSLClient(t *testing.T) {
	i := newIdentity(t)
	for version, flag := range map[uint16]string{tls.VersionTLS12: "-tls1_2", tls.VersionTLS13: "-tls1_3"} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			s := startServer(t, i.server(t, func(o *tlsconn.Options) { o.ClientAuth, o.CAFile = tlsconn.ClientRequired, i.ca.File }))
			p := i.ca.Issue([]string{"client.example"})
			var in io.WriteCloser
			var out *bufio.Reader
			if program := openssl(t); program != "" {
				in, out, _ = start(t, program, "s_client", "-connect", s.Addr.HostPort(), flag, "-CAfile", i.ca.File, "-verify_return_error",
					"-verify_hostname", "server", "-cert", p.CertFile, "-key", p.KeyFile)
				require.Contains(t, lineWith(t, out, "Verify return code"), "0 (ok)")
			} else {
				_, c := i.goClient(t, s.Addr, func(o *tls.Config) {
					o.MaxVersion = version
					o.Certificates = []tls.Certificate{load(t, p.CertFile, p.KeyFile)}
				})
				in, out = c, bufio.NewReader(c)
			}
			write(t, in, "first\n")
			lineWith(t, out, "first") // among what it tells about sessions
			if version == tls.VersionTLS13 && openssl(t) != "" {
				write(t, in, "K\n") // new keys in both directions
				lineWith(t, out, "KEYUPDATE")
			}
			long := strings.Repeat("x", 800)
			for range 200 {
				write(t, in, long+"\n")
			}
			for range 200 {
				lineWith(t, out, long)
			}
			require.NoError(t, in.Close())
			require.NoError(t, s.end(), "its close_notify came")
			require.Equal(t, []string{"client.example"}, s.peerNames())
		})
	}
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
}

func load(t *testing.T, cert, key string) tls.Certificate {
	pair, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	return pair
}

func TestOpenSSLClientIsTooOld(t *testing.T) {
	i := newIdentity(t)
	s := startServer(t, i.server(t))
	if program := openssl(t); program != "" {
		start(t, program, "s_client", "-connect", s.Addr.HostPort(), "-tls1_1", "-cipher", "ALL@SECLEVEL=0")
	} else {
		_, c := i.goClient(t, s.Addr, func(o *tls.Config) { o.MinVersion, o.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 })
		require.Error(t, c.Handshake())
	}
	require.ErrorContains(t, s.end(), "unsupported versions")
}

// TestOpenSSLServer: s_server sends back each line with its letters turned around.
func TestOpenSSLServer(t *testing.T) {
	i := newIdentity(t)
	for version, flag := range map[uint16]string{tls.VersionTLS11: "-tls1_1", tls.VersionTLS12: "-tls1_2", tls.VersionTLS13: "-tls1_3"} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			var to string
			if program := openssl(t); program != "" {
				_, out, _ := start(t, program, "s_server", "-accept", "127.0.0.1:0", flag, "-rev", "-cert", i.pair.CertFile, "-key", i.pair.KeyFile,
					"-CAfile", i.ca.File, "-Verify", "1", "-verify_return_error", "-cipher", "ALL@SECLEVEL=0")
				to = strings.TrimPrefix(lineWith(t, out, "ACCEPT "), "ACCEPT ")
			} else {
				to = reverser(t, i, version)
			}
			a, err := address.Parse("tls://"+to, address.Defaults{})
			require.NoError(t, err)
			p := i.ca.Issue([]string{"client.example"})
			c := config(t, tlsconn.Options{CAFile: i.ca.File, CertFile: p.CertFile, KeyFile: p.KeyFile})
			r, state := try(t, a, c)
			if version == tls.VersionTLS11 {
				require.Error(t, r.Err)
				require.Zero(t, r.Opened)
				return
			}
			require.NoError(t, r.Err)
			require.Equal(t, version, state.Version)
			require.Equal(t, "olleh\n", string(r.Data))
		})
	}
}

// reverser is what s_server -rev is.
func reverser(t *testing.T, i identity, version uint16) (addr string) {
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		MinVersion: tls.VersionTLS10, MaxVersion: version, Certificates: []tls.Certificate{load(t, i.pair.CertFile, i.pair.KeyFile)},
	})
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		var c net.Conn
		if c, err = l.Accept(); err != nil {
			return
		}
		defer c.Close()
		line, _ := bufio.NewReader(c).ReadBytes('\n')
		for n := len(line) - 2; n >= 0; n-- {
			fmt.Fprintf(c, "%c", line[n])
		}
		fmt.Fprintln(c)
		_, _ = io.Copy(io.Discard, c)
	}()
	return l.Addr().String()
}
