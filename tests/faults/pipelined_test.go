package faults_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// halves can end one side of a conversation.
type halves interface {
	io.ReadWriter
	CloseWrite() error
}

// trust is what a client of the service's TLS needs.
func (s *service) trust(t *testing.T) *tls.Config {
	text, err := os.ReadFile(s.ca)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(text))
	return &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"}
}

// dial connects without our own code.
func (s *service) dial(t *testing.T, scheme string) net.Conn {
	t.Helper()
	var c net.Conn
	var err error
	switch a := s.at[scheme]; scheme {
	case "tcp":
		c, err = net.Dial("tcp", a.HostPort())
	case "tls":
		c, err = tls.Dial("tcp", a.HostPort(), s.trust(t))
	default:
		c, err = net.Dial(scheme, a.Path)
	}
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	require.NoError(t, c.SetDeadline(time.Now().Add(60*time.Second)))
	return c
}

// pipes are the two of a child.
type pipes struct {
	io.Reader
	io.WriteCloser
}

func (p pipes) CloseWrite() error { return p.Close() }

// TestPipelined: a peer that sends all its requests, ends its side, and only then begins to read, gets every reply.
func TestPipelined(t *testing.T) {
	const n = 10_000
	s := startService(t)
	media := map[string]func(t *testing.T) halves{
		"exec": func(t *testing.T) halves {
			cmd, in, out := program(t, "service", "-")
			require.NoError(t, cmd.Start())
			t.Cleanup(func() { require.NoError(t, cmd.Wait()) })
			return pipes{out, in}
		},
	}
	for scheme := range s.at {
		media[scheme] = func(t *testing.T) halves { return s.dial(t, scheme).(halves) }
	}
	for medium, dial := range media {
		for _, kind := range []string{"reading late", "reading at once", "in small pieces"} {
			t.Run(medium+" "+kind, func(t *testing.T) {
				c := dial(t)
				packets := medium == "unixpacket"
				late := kind == "reading late" && medium != "exec" && !packets // these hold too little for a peer that does not read
				type result struct {
					text []byte
					err  error
				}
				got := make(chan result, 1)
				read := func() {
					text, err := readAll(c, packets)
					got <- result{text, err}
				}
				if !late {
					go read()
				}
				var want, batch bytes.Buffer
				for i := range n {
					line := fmt.Sprintf("PING n=%d", i)
					want.WriteString(line + "\n")
					if batch.WriteString(line); !packets {
						batch.WriteString("\n")
					}
					if packets || kind == "in small pieces" && i%100 == 0 || batch.Len() > 30_000 || i == n-1 {
						_, err := c.Write(batch.Bytes())
						require.NoError(t, err)
						batch.Reset()
					}
				}
				require.NoError(t, c.CloseWrite())
				if late {
					read()
				}
				all := <-got
				require.NoError(t, all.err)
				require.Equal(t, n, bytes.Count(all.text, []byte("\n")))
				require.True(t, want.String() == string(all.text), "in their order")
			})
		}
	}
}

// readAll reads to the end; each packet is a line.
func readAll(r io.Reader, packets bool) ([]byte, error) {
	if !packets {
		return io.ReadAll(r)
	}
	var all strings.Builder
	for buf := make([]byte, 64<<10); ; {
		n, err := r.Read(buf)
		if n == 0 || err != nil {
			if err == io.EOF {
				err = nil
			}
			return []byte(all.String()), err
		}
		all.Write(buf[:n])
		all.WriteByte('\n')
	}
}
