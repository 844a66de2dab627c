package script_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// limit is how long a script waits for anything. It is reached only when something is wrong.
const limit = 40 * time.Second

// eventually tries f until it is true or the limit has passed.
func eventually(f func() bool) bool {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !f() {
		select {
		case <-tick.C:
		case <-deadline.C:
			return f()
		}
	}
	return true
}

// cmdExits: exits CODE COMMAND ARGS... runs a command that must exit with that code. Its output is there for stdout and stderr.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG ...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = codeOf(exit.ProcessState)
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s exited with %d, not %d", args[1], got, want)
	}
}

// cmdUntil: until PATTERN COMMAND ARGS... runs a command again and again, until it succeeds and its output has a match of the pattern.
// It is for those that a busy machine makes fail: they answer within a time, or find that a load was not held.
func cmdUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN COMMAND [ARG ...]")
	}
	pattern, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	ok := eventually(func() bool {
		err = ts.Exec(args[1], args[2:]...)
		return err == nil && pattern.MatchString(ts.ReadFile("stdout"))
	})
	if !ok {
		ts.Fatalf("%s does not succeed with %s after %v: %v", args[1], args[0], limit, err)
	}
}

// codeOf is the exit code as a shell shows it: 128 and the signal for a death by signal.
func codeOf(s *os.ProcessState) int {
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return s.ExitCode()
}

// cmdFreePort: freeport NAME [udp] puts the number of a free port of 127.0.0.1 into the variable NAME.
func cmdFreePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: freeport NAME [udp]")
	}
	network := "tcp"
	if len(args) == 2 {
		network = args[1]
	}
	port, err := freePort(network)
	ts.Check(err)
	ts.Setenv(args[0], port)
}

// freePort is one of 127.0.0.1, of TCP or UDP.
func freePort(network string) (string, error) {
	if network == "udp" {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		defer c.Close()
		return strconv.Itoa(c.LocalAddr().(*net.UDPAddr).Port), nil
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), nil
}

// cmdWaitFor: waitfor FILE PATTERN [COUNT] waits until the file has COUNT (1) lines that match the regular expression.
func cmdWaitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: waitfor FILE PATTERN [COUNT]")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	want := 1
	if len(args) == 3 {
		want, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	path, text := ts.MkAbs(args[0]), []byte(nil)
	ok := eventually(func() bool {
		text, _ = os.ReadFile(path) // it may not be there yet
		return len(pattern.FindAllIndex(text, -1)) >= want
	})
	if !ok {
		ts.Fatalf("%s has no %d lines like %s after %v:\n%s", args[0], want, args[1], limit, text)
	}
}

// jobs are the commands in the background of one script.
type jobs struct{ running map[string]*job }

type jobsKey struct{}

type job struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it is over
}

// cmdStart: start NAME COMMAND ARGS... runs a command in the background, its output going to NAME.out and NAME.err, its input
// coming from NAME.in if that exists. What still runs at the end of the script is killed.
func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME COMMAND [ARG ...]")
	}
	all := ts.Value(jobsKey{}).(*jobs)
	name := args[0]
	if all.running[name] != nil {
		ts.Fatalf("there is a job %s already", name)
	}
	program := args[1]
	if !strings.Contains(program, "/") {
		program = lookPath(ts.Getenv("PATH"), program)
	}
	cmd := exec.Command(program, args[2:]...)
	cmd.Args[0] = args[1]
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = []string{"PWD=" + cmd.Dir}
	for _, v := range []string{"PATH", "HOME", "TMPDIR", "TERM", "EXAMPLES", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "ED_ROUTER", "ED_CONTROL_DIR"} {
		if value := ts.Getenv(v); value != "" {
			cmd.Env = append(cmd.Env, v+"="+value)
		}
	}
	var err error
	cmd.Stdout, err = os.Create(ts.MkAbs(name + ".out"))
	ts.Check(err)
	cmd.Stderr, err = os.Create(ts.MkAbs(name + ".err"))
	ts.Check(err)
	if in, err := os.Open(ts.MkAbs(name + ".in")); err == nil {
		cmd.Stdin = in
	}
	ts.Check(cmd.Start())
	j := &job{cmd: cmd, ended: make(chan struct{})}
	all.running[name] = j
	go func() {
		_ = cmd.Wait() // its end is in cmd.ProcessState
		close(j.ended)
	}()
}

func lookPath(path, name string) string {
	for dir := range strings.SplitSeq(path, ":") {
		if info, err := os.Stat(dir + "/" + name); err == nil && info.Mode()&0o111 != 0 {
			return dir + "/" + name
		}
	}
	return name
}

func (all *jobs) get(ts *testscript.TestScript, name string) *job {
	j := all.running[name]
	if j == nil {
		ts.Fatalf("there is no job %s", name)
	}
	return j
}

func (all *jobs) killAll() {
	for _, j := range all.running {
		_ = j.cmd.Process.Kill() // it may be over
		<-j.ended
	}
}

// cmdSignal: signal NAME INT|TERM|HUP|KILL|USR1 signals a job.
func cmdSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal NAME INT|TERM|HUP|KILL|USR1")
	}
	signals := map[string]syscall.Signal{
		"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL, "USR1": syscall.SIGUSR1,
	}
	s, ok := signals[args[1]]
	if !ok {
		ts.Fatalf("unknown signal %s", args[1])
	}
	ts.Check(ts.Value(jobsKey{}).(*jobs).get(ts, args[0]).cmd.Process.Signal(s))
}

// cmdEnded: ended NAME CODE waits until a job is over and checks its exit code: 130 is death by SIGINT, 143 by SIGTERM.
func cmdEnded(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ended NAME CODE")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	all := ts.Value(jobsKey{}).(*jobs)
	j := all.get(ts, args[0])
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-j.ended:
	case <-timer.C:
		ts.Fatalf("job %s still runs after %v\n%s", args[0], limit, outputs(ts, args[0]))
	}
	delete(all.running, args[0])
	if got := codeOf(j.cmd.ProcessState); got != want {
		ts.Fatalf("job %s ended with %d, not %d\n%s", args[0], got, want, outputs(ts, args[0]))
	}
}

func outputs(ts *testscript.TestScript, name string) string {
	out, _ := os.ReadFile(ts.MkAbs(name + ".out")) // for a message only
	errs, _ := os.ReadFile(ts.MkAbs(name + ".err"))
	return fmt.Sprintf("[%s.out]\n%s[%s.err]\n%s", name, out, name, errs)
}
