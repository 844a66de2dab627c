package tail_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

// One service that tells of what cannot be, and gives itself out for another, does not end the watching of others.
func TestWatchOneThatLies(t *testing.T) {
	dir := controlDir(t)
	l, err := net.Listen("unix", filepath.Join(dir, fmt.Sprintf("liar.%d.sock", os.Getpid())))
	require.NoError(t, err)
	defer l.Close()
	go func() {
		var c net.Conn
		var lines *bufio.Scanner
		for lines == nil || !lines.Scan() { // who comes first only wants to know whether somebody listens
			var err error
			if c, err = l.Accept(); err != nil {
				return
			}
			lines = bufio.NewScanner(c)
		}
		m, _ := message.Parse(lines.Bytes())
		serial, _ := m.Get("serial")
		_, _ = fmt.Fprintf(c, "WATCHING name=clock;pid=1;serial=%s;watch=1\n", serial)
		_, _ = fmt.Fprintf(c, "TRACE direction=in;message=\"no message\";mono=1;outcome=handled;seq=1;time=1;watch=1\n")
		for lines.Scan() { // until the other end has seen enough
			continue
		}
		_ = c.Close()
	}()
	s := serve(t, dir, "clock")
	r := startWatch(t, 2, "-n", "3", "--timestamps", "none")
	r.WaitOut("liar.")
	s.send("NOW")
	require.NoError(t, r.End())
	lines := strings.Split(r.Out.String(), "\n")
	require.Equal(t, fmt.Sprintf("liar.%d <- (unnamed) (broken at byte 0: bad command: 'n' is not allowed, only A-Z 0-9 _) no message", os.Getpid()), lines[0])
	require.Contains(t, lines[1], "NOW")
}
