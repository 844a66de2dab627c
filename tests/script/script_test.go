// Package script_test runs the scripts in testdata against the built program: each is a txtar file of commands and files, see
// README.md for the commands there are beside those of testscript.
package script_test

import (
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ed-toolbox/ed/transport/service"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// programs is where TestMain built ed, its links, and the examples.
type programs struct{ bin, examples string }

func TestMain(m *testing.M) {
	transporttest.Prepare()
	os.Exit(testMain(m))
}

// testMain hands the folder of the programs to the tests through the environment, the one thing that TestMain and tests share.
func testMain(m *testing.M) int {
	heedSignals()
	dir, err := os.MkdirTemp("", "ed-script-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	p := programs{bin: filepath.Join(dir, "bin"), examples: filepath.Join(dir, "examples")}
	if err := p.build(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("ED_SCRIPT_PROGRAMS", dir)
	return m.Run()
}

// heedSignals has the jobs of scripts feel the signals that are ignored where the tests run in the background of a shell script or
// under nohup: what a process ignores its children ignore as well, what it catches they do not.
func heedSignals() {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
}

// build makes the programs with the Go tool, which does nothing again that is done already.
func (p programs) build() error {
	for _, dir := range []string{p.bin, p.examples} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := command("go", "build", "-o", p.bin+"/ed", "../../cmd/ed"); err != nil {
		return err
	}
	if dirs, err := filepath.Glob("../../examples/*/main.go"); err == nil && len(dirs) > 0 {
		if err := command("go", "build", "-o", p.examples+"/", "../../examples/..."); err != nil {
			return err
		}
	}
	return command(p.bin+"/ed", "install-links", "-q", p.bin)
}

func command(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
	}
	return nil
}

// certificates makes what scripts find in $KEYS: ca.pem, and server, client, other (for x.example) and expired, each as
// NAME.pem with NAME-key.pem.
func certificates(t *testing.T) (dir string) {
	dir = t.TempDir()
	ca := tlsconntest.NewCA(t)
	root, err := os.ReadFile(ca.File)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.pem"), root, 0o600); err != nil {
		t.Fatal(err)
	}
	issue := func(name string, names []string, change ...func(*x509.Certificate)) {
		p := tlsconntest.Pair{CertFile: filepath.Join(dir, name+".pem"), KeyFile: filepath.Join(dir, name+"-key.pem")}
		ca.IssueTo(&p, names, change...)
	}
	issue("server", []string{"localhost", "127.0.0.1"})
	issue("client", []string{"client.example"})
	issue("other", []string{"x.example"})
	issue("expired", []string{"localhost", "127.0.0.1"}, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	return dir
}

func TestScripts(t *testing.T) {
	dir := os.Getenv("ED_SCRIPT_PROGRAMS")
	p := programs{bin: filepath.Join(dir, "bin"), examples: filepath.Join(dir, "examples")}
	keys := certificates(t)
	scripts, err := filepath.Abs("../../scripts")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", p.bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
			env.Setenv("EXAMPLES", p.examples)
			env.Setenv("KEYS", keys)
			env.Setenv("SCRIPTS", scripts)
			env.Setenv("HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("ED_CONTROL_DIR", filepath.Join(env.WorkDir, "control"))
			env.Setenv("TERM", "dumb")
			env.Setenv("ID", strconv.Itoa(os.Getpid())) // for names of processes
			jobs := &jobs{running: map[string]*job{}}
			env.Values[jobsKey{}] = jobs
			env.Defer(jobs.killAll)
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "router" { // there is one on this machine, where all look for it
				return false, fmt.Errorf("unknown condition %s", name)
			}
			_, found := service.FindSocket("", func(string) string { return "" }) // scripts have few variables
			return found, nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"ended":    cmdEnded,
			"exits":    cmdExits,
			"freeport": cmdFreePort,
			"signal":   cmdSignal,
			"start":    cmdStart,
			"until":    cmdUntil,
			"waitfor":  cmdWaitFor,
		},
		RequireExplicitExec: true,
	})
}
