package proc_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/proc"
)

// limit bounds every wait of these tests; on a good day they need milliseconds.
const limit = 10 * time.Second

// modeVariable makes the test binary play a child.
const modeVariable = "ED_PROC_TEST_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(modeVariable); mode != "" {
		playChild(mode)
		return
	}
	goleak.VerifyTestMain(m)
}

// playChild says "ready" and lives until its standard input ends, so that no child outlives the tests.
func playChild(mode string) {
	switch mode {
	case "ignore-int":
		signal.Ignore(syscall.SIGINT)
	case "become":
		playBecome()
		return
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// child is a process that runs until stop; its end is not reaped before.
type child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// stop ends and reaps the child.
func (c *child) stop() {
	_ = c.stdin.Close()
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// start runs the test binary as a child, with name as its argv[0].
func start(t *testing.T, mode, name string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	if name != "" {
		cmd.Args[0] = name
	}
	cmd.Env = append(os.Environ(), modeVariable+"="+mode)
	return run(t, cmd)
}

// run starts the command and waits for its "ready".
func run(t *testing.T, cmd *exec.Cmd) *child {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	c := &child{cmd: cmd, stdin: stdin}
	t.Cleanup(c.stop)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	return c
}

// open opens a handle for the length of the test.
func open(t *testing.T, pid int) *proc.Handle {
	t.Helper()
	h, err := proc.System{}.Open(pid)
	require.NoError(t, err)
	t.Cleanup(func() { _ = h.Close() })
	return h
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}
