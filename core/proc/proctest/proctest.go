// Package proctest has child processes for tests: the test's own program, started again.
package proctest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// variable makes the test's program play a child.
const variable = "ED_TEST_CHILD_ROLE"

// signals are those that a role may name.
var signals = map[string]os.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}

// Play is called first by TestMain. In a child it says "ready", ignores the signals that its role lists and lives until its
// standard input ends, so that no child outlives the tests; or it does what roles has for its role. True: that was it.
func Play(roles map[string]func()) bool {
	role := os.Getenv(variable)
	if play := roles[role]; play != nil {
		play()
		return true
	}
	if role == "" {
		HeedSignals()
		return false
	}
	for name, s := range signals {
		if strings.Contains(role, name) {
			signal.Ignore(s)
		}
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return true
}

// HeedSignals has children heed the signals of a terminal also where the tests run in the background of a script: there they are
// ignored, which children inherit and programs leave so.
func HeedSignals() {
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

// Role is the entry of the environment that gives a command the role.
func Role(name string) string { return variable + "=" + name }

// Child is a process that runs until its end is Reaped, at the latest when the test is over.
type Child struct {
	*exec.Cmd
	stdin io.Closer
	done  bool
}

// Start runs the test's program as a child in a role, such as "plain" or "INT TERM", with name as its argv[0] unless that is
// empty. It returns when the child is ready.
func Start(t testing.TB, role, name string) *Child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	if name != "" {
		cmd.Args[0] = name
	}
	cmd.Env = append(os.Environ(), Role(role))
	return Run(t, cmd)
}

// Run starts a command that says "ready".
func Run(t testing.TB, cmd *exec.Cmd) *Child {
	t.Helper()
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	c := &Child{Cmd: cmd, stdin: stdin}
	t.Cleanup(func() { c.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	must(t, err)
	if line != "ready\n" {
		t.Fatalf("the child says %q", line)
	}
	return c
}

// PID is its number.
func (c *Child) PID() int { return c.Process.Pid }

// End ends its standard input, on which it ends.
func (c *Child) End() { _ = c.stdin.Close() }

// Reap ends its standard input and waits for its end.
func (c *Child) Reap() *os.ProcessState {
	if !c.done {
		c.done = true
		c.End()
		_ = c.Wait() // the state tells
	}
	return c.ProcessState
}

// Kill ends it with SIGKILL, if it has not ended, and reaps it.
func (c *Child) Kill() *os.ProcessState {
	_ = c.Process.Kill()
	return c.Reap()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
