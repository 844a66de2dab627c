package main

import (
	"bytes"
	"net"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAnswersWhileStopped: answers that came while ed was stopped, as by Ctrl-Z, came in time, however late it goes on.
func TestAnswersWhileStopped(t *testing.T) {
	for name, args := range map[string][]string{
		"two answers": {"request", "--replies", "2", "--timeout", "500ms"},
		"signal":      {"signal", "--wait=2", "--timeout", "500ms", "--host"},
		"request":     {"request", "--timeout", "500ms"},
		"send":        {"send", "--replies", "2", "--timeout", "500ms"},
		"send --idle": {"send", "--replies", "2", "--idle", "500ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			where := filepath.Join(t.TempDir(), "s")
			l, err := net.Listen("unix", where)
			require.NoError(t, err)
			defer l.Close()
			require.NoError(t, l.(*net.UnixListener).SetDeadline(time.Now().Add(time.Minute)))
			cmd := programAs(t, "ed", append(args, "unix:"+where, "PING")...)
			var out, errs bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errs
			require.NoError(t, cmd.Start())
			peer, err := l.Accept()
			require.NoError(t, err)
			defer peer.Close()
			_, err = peer.Read(make([]byte, 64))
			require.NoError(t, err)
			<-time.After(50 * time.Millisecond) // it waits for the answers
			require.NoError(t, cmd.Process.Signal(syscall.SIGSTOP))
			<-time.After(50 * time.Millisecond) // all its threads stand still
			_, err = peer.Write([]byte("PONG\nPONG\n"))
			require.NoError(t, err)
			<-time.After(700 * time.Millisecond)
			require.NoError(t, cmd.Process.Signal(syscall.SIGCONT))
			r := finish(t, cmd.Wait(), &out, &errs)
			require.Zero(t, r.code, r.err)
			require.Contains(t, r.out, "PONG")
			if name != "request" {
				require.Equal(t, "PONG\nPONG\n", r.out)
			}
		})
	}
}
