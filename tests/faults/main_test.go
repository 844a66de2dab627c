// Package faults_test holds what one bad peer, or a hundred, may do to a service: nothing that others notice.
//
// The normal run is short. ED_FAULTS=long makes it the one that is described in docs/TESTING.md:
//
//	ED_FAULTS=long go test -count=1 -v ./tests/faults
package faults_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/pipe"
	"github.com/ed-toolbox/ed/transport/tlsconn"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// The test's own program is also the service and a peer that is going to be frozen.
const roleVariable, pairVariable = "ED_FAULTS_ROLE", "ED_FAULTS_PAIR"

func TestMain(m *testing.M) {
	transporttest.Prepare()
	switch os.Getenv(roleVariable) {
	case "service":
		if err := serve(os.Args[1:], os.Getenv(pairVariable)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "frozen":
		flood(os.Args[1])
	default:
		goleak.VerifyTestMain(m)
	}
}

// long says whether there is time.
func long() bool { return os.Getenv("ED_FAULTS") == "long" }

// serve is an echoing service on some addresses, until its standard input ends; "-" is that and standard output.
func serve(where []string, pair string) error {
	loop, err := reactor.New(reactor.Options{})
	if err != nil {
		return err
	}
	d := dispatch.New(dispatch.Options{Logger: slog.New(slog.DiscardHandler)})
	var reply message.Message
	err = d.Add(dispatch.Match{CatchAll: true, Handler: func(from dispatch.Sender, m *message.Message) error {
		reply.Repeat(m)
		return from.Send(&reply)
	}})
	if err != nil {
		return err
	}
	if where[0] == "-" {
		if _, err := pipe.Stdio(loop, transport.Options{}, link.NewClient(link.Options{Dispatcher: d})); err != nil {
			return err
		}
		return loop.Run(context.Background())
	}
	config, err := tlsconn.New(tlsconn.Options{CertFile: pair, HandshakeTimeout: time.Second})
	if err != nil {
		return err
	}
	opener, server := open.Opener{TLS: config}, link.NewServer(link.Options{Dispatcher: d})
	for _, text := range where {
		a, err := address.Parse(text, address.Defaults{AnyPort: true})
		if err != nil {
			return err
		}
		l, err := opener.Listen(loop, a, transport.Options{HighMark: 256 << 10}, server.Accept)
		if err != nil {
			return err
		}
		fmt.Println(l.Addr())
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // the test is over
		_ = loop.Post(loop.Stop)
	}()
	return loop.Run(context.Background())
}

// service is the process.
type service struct {
	*exec.Cmd
	at map[string]address.Address // by scheme
	ca string                     // a file
}

// program is this one in another role. It ends with the test.
func program(t *testing.T, role string, args ...string) (*exec.Cmd, io.WriteCloser, io.Reader) {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	return cmd, in, out
}

// startService starts it on each medium that has addresses.
func startService(t *testing.T) *service {
	dir, ca := t.TempDir(), tlsconntest.NewCA(t)
	pair := ca.Issue([]string{"127.0.0.1"})
	both, err := os.ReadFile(pair.CertFile)
	require.NoError(t, err)
	key, err := os.ReadFile(pair.KeyFile)
	require.NoError(t, err)
	file := filepath.Join(dir, "pair.pem")
	require.NoError(t, os.WriteFile(file, append(both, key...), 0o600))
	where := []string{"tcp://127.0.0.1:0", "tls://127.0.0.1:0", "unix:" + filepath.Join(dir, "s"), "unixpacket:" + filepath.Join(dir, "p")}
	cmd, in, out := program(t, "service", where...)
	cmd.Env = append(cmd.Env, pairVariable+"="+file)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		require.NoError(t, cmd.Wait(), "the service lived to the end")
	})
	s := &service{Cmd: cmd, at: map[string]address.Address{}, ca: ca.File}
	lines := bufio.NewScanner(out)
	for range where {
		require.True(t, lines.Scan())
		a, err := address.Parse(lines.Text(), address.Defaults{})
		require.NoError(t, err)
		s.at[a.Scheme.String()] = a
	}
	return s
}

// memory is what the service holds now, in bytes.
func (s *service) memory(t *testing.T) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(text), "VmRSS:")
	require.True(t, found)
	var kilobytes int
	_, err = fmt.Sscan(rest, &kilobytes)
	require.NoError(t, err)
	return kilobytes << 10
}
