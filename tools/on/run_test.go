package on_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/on"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// alive says whether a process whose number a command wrote into a file runs.
func alive(pid string) bool {
	n, err := strconv.Atoi(strings.TrimSpace(pid))
	if err != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(n) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestShellHasTheEventInItsEnvironment(t *testing.T) {
	t.Setenv("ED_EVENT_OLD", "of another")
	r := start(t, "file", "DIR/*", "-n1", "--run", `env | grep ^ED_EVENT | sort; touch "$ED_EVENT_PATH.seen"; echo to err >&2`)
	name := `$(touch pwned);"x"`
	r.write(name, "")
	require.NoError(t, r.End(), "an end in good order waits for the command")
	out := r.Out.String()
	for _, want := range []string{
		"ED_EVENT=create,updated\n", "ED_EVENT_KIND=file\n", "ED_EVENT_PATH=" + r.dir + "/" + name + "\n", "ED_EVENT_NAME=" + name + "\n",
		"ED_EVENT_OLD=\n", "ED_EVENT_PID=\n", "ED_EVENT_COUNT=1\n", "ED_EVENT_N=1\n", "ED_EVENT_PATHS=" + r.dir + "/" + name + "\n", `ED_EVENT_JSON={"v":1,`,
	} {
		require.Contains(t, out, want)
	}
	require.FileExists(t, filepath.Join(r.dir, name+".seen"))
	require.NoFileExists(t, "pwned")
	require.Contains(t, r.Err.String(), "to err\n")
}

func TestWordsAreFilledIn(t *testing.T) {
	r := start(t, "file", "DIR/*", "-n1", "--", "printf", "%s|", "{{.Path}}", "a b", "{{base .Path}}{{.Event}}", "--help", "-n9")
	r.write(`a $(b)`, "")
	require.NoError(t, r.End())
	require.Equal(t, r.dir+`/a $(b)|a b|a $(b)create,updated|--help|-n9|`, r.Out.String())
}

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		kind toolkit.Kind
		code int
		says string
	}{
		{"status", []string{"--run", "exit 3"}, toolkit.Other, 0, "warning: exit 3: exit status 3 after "},
		{"its own code", []string{"-z", "--run", "exit 3"}, toolkit.Other, 3, ""},
		{"signal", []string{"-z", "--", "sh", "-c", "kill -9 $$"}, toolkit.Other, 137, "signal KILL after "},
		{"too long", []string{"-z", "--run-timeout", "20ms", "--", "sleep", "50"}, toolkit.Other, 143, "signal TERM by --run-timeout 20ms after "},
		{"too long and stubborn", []string{"-z", "--run-timeout", "2s", "--grace", "20ms", "--run", "trap '' TERM; sleep 50"}, toolkit.Other, 137, "signal KILL by --run-timeout 2s after "},
		{"timeout", []string{"--timeout", "100ms", "--", "sleep", "50"}, toolkit.Timeout, 0, ""},
		{"found later only", []string{"--run", "nosuchcommand"}, toolkit.Other, 0, "exit status 127"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, append([]string{"time", "1ms", "-n1"}, c.args...)...)
			err := r.End()
			require.Error(t, err)
			require.Equal(t, c.kind, toolkit.KindOf(err))
			var exited *toolkit.Exited
			if c.code != 0 {
				require.ErrorAs(t, err, &exited)
				require.Equal(t, c.code, exited.Code)
			}
			require.Contains(t, r.Err.String(), c.says)
		})
	}
	r := start(t, "time", "1ms", "-x", "--run", `test "$ED_EVENT_N" != 3`)
	require.Error(t, r.End())
	require.Contains(t, r.Err.String(), "(1 failed)")
}

func TestBusy(t *testing.T) {
	for busy, want := range map[string]string{"queue": "1 2 3 4 ", "last": "1 4 ", "skip": "1 "} {
		t.Run(busy, func(t *testing.T) {
			r := start(t, "signal", "USR1", "-n4", "--busy", busy, "-p", "-v", "--run", `printf '%s ' "$ED_EVENT_N" >> DIR/ran; cat DIR/gate$ED_EVENT_N`)
			gate := filepath.Join(r.dir, "gate")
			for i := range 4 {
				require.NoError(t, syscall.Mkfifo(gate+strconv.Itoa(i+1), 0o600))
			}
			for i := range 4 {
				require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGUSR1))
				r.WaitFor(r.Out, func(s string) bool { return strings.Count(s, "USR1 USR1") == i+1 })
				if i == 0 {
					r.WaitFor(r.Err, func(string) bool { return r.read("ran") == "1 " })
				}
			}
			for n := range strings.FieldsSeq(want) { // each run waits for somebody to write
				require.NoError(t, os.WriteFile(gate+n, nil, 0))
			}
			require.NoError(t, r.End())
			require.Equal(t, want, r.read("ran"))
		})
	}
}

func TestBusyRestart(t *testing.T) {
	r := start(t, "file", "DIR/in*", "--now", "--busy", "restart", "--run", `echo $$ > DIR/pid.new; mv DIR/pid.new DIR/pid; sleep 100 & echo $! > DIR/below; wait`)
	r.WaitFor(r.Err, func(string) bool { return alive(r.read("pid")) && alive(r.read("below")) })
	first, below := r.read("pid"), r.read("below")
	r.write("in", "")
	r.WaitFor(r.Err, func(string) bool {
		p, b := r.read("pid"), r.read("below")
		return p != first && b != below && alive(p) && alive(b)
	})
	r.WaitFor(r.Err, func(string) bool { return !alive(first) && !alive(below) }) // all that it started ends with it
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(r.Stop()))
	r.WaitFor(r.Err, func(string) bool { return !alive(r.read("pid")) && !alive(r.read("below")) })
	require.NotContains(t, r.Err.String(), "warning")
}

// A command that asks something at the terminal is stopped by the system: that it waits for ever is told.
func TestStoppedCommandIsTold(t *testing.T) {
	r := start(t, "time", "1ms", "--busy", "skip", "--", "sh", "-c", "kill -STOP $$")
	r.WaitErr("is stopped: it may want to ask something at the terminal, which it cannot have\n")
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(r.Stop()), "and it ends all the same")
}

func TestJobsAtOnce(t *testing.T) {
	r := start(t, "time", "1ms", "-n3", "--jobs", "3", "--run", `echo > DIR/$ED_EVENT_N; until [ -e DIR/1 -a -e DIR/2 -a -e DIR/3 ]; do sleep 0.01; done`)
	require.NoError(t, r.End())
}

func TestDebounce(t *testing.T) {
	r := start(t, "file", "DIR/*", "--coalesce", "0", "--debounce", "300ms", "-n1", "--events", "create", "--run", `echo $ED_EVENT_COUNT "$ED_EVENT_PATHS"`, "--format", "{{.Count}} {{len .Paths}}")
	for _, name := range []string{"a", "b", "c"} {
		r.write(name, "")
	}
	require.NoError(t, r.End())
	require.Equal(t, "3 3\n", r.Out.String())
	require.Contains(t, r.Err.String(), "3 "+r.dir+"/a\n"+r.dir+"/b\n"+r.dir+"/c\n", "where events are printed, commands print elsewhere")

	// What never pauses is acted on all the same.
	r = start(t, "time", "2ms", "--debounce", "20ms", "-n1")
	require.NoError(t, r.End())
	require.Contains(t, r.Out.String(), " events)\n")
}

func TestCommandsAsJSON(t *testing.T) {
	r := start(t, "time", "1ms", "-n1", "--json", "--run", "echo out; exit 3")
	require.Error(t, r.End())
	lines := strings.Split(strings.TrimSpace(r.Out.String()), "\n")
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], `"kind":"time","event":"time","name":"1ms","count":`)
	require.Contains(t, lines[1], `"event":"ran","for":1,"run":"echo out; exit 3","exit":3,"how":"exit status 3","took_ns":`)
	require.Contains(t, r.Err.String(), "out\n")
}

// full is a disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOutputThatCannotBeWritten(t *testing.T) {
	w := toolkittest.New(t)
	w.Stdout.Writer = full{}
	err := w.Run(t.Context(), on.Command, "on", "time", "1ms")
	require.EqualError(t, err, "write standard output: no space left on device")
	require.Equal(t, toolkit.IO, toolkit.KindOf(err))
}

// What one action ends, no later one begins anew: a connection made then would never be closed.
func TestAnActionEndsTheRun(t *testing.T) {
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken")
	require.NoError(t, os.WriteFile(broken, []byte("no program"), 0o700))
	peer := []string{"--send", "unix:" + dir + "/peer", "TOCK"}
	for _, c := range []struct {
		name   string
		stdout io.Writer
		args   []string
	}{
		{"output full", full{}, append([]string{"--print"}, peer...)},
		{"command not begun", io.Discard, append(append([]string{"-x"}, peer...), "--", broken)},
		{"message not sent", io.Discard, append([]string{"-x", "--send", "unixgram:" + dir + "/none", "TICK"}, peer...)},
	} {
		for _, when := range [][]string{{"1ms"}, {"1h", "--now"}} {
			w := toolkittest.New(t)
			w.Stdout.Writer = c.stdout
			args := append([]string{"on", "time"}, when...)
			args = append(args, c.args...)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			require.Error(t, w.Run(ctx, on.Command, args...), c.name)
			require.NoError(t, ctx.Err(), c.name)
			cancel()
			require.NotContains(t, w.Err.String(), "TOCK", c.name)
		}
	}
}

func TestWrongCommandLines(t *testing.T) {
	for want, args := range map[string][]string{
		`"0" is not a number of at least 1`:                          {"-n0"},
		"--once and --count 2 exclude each other":                    {"-1", "-n2"},
		`"0" is not a number from 1 to 1000`:                         {"-j0", "--run", "x"},
		"--json and --format or --null exclude each other":           {"--json", "-0"},
		`option --max-datagram: "0" is not a number from 1 to 65507`: {"--max-datagram", "0", "--send", "udp://:1", "A"},
		"--send-timeout and --max-datagram need --send":              {"--send-timeout", "1"},
		"--fail-fast needs --run":                                    {"-x"},
		"--busy needs --run or a command after --":                   {"--busy", "last"},
		"option --run: the command is empty":                         {"--run", " "},
		"the command after -- is empty":                              {"--", ""},
		"option --send needs two values: ADDR MESSAGE":               {"--send", "udp://:1"},
		"option --send: the address is empty":                        {"--send", "", "A"},
		"option --send: the message is empty":                        {"--send", "udp://:1", ""},
		`option --busy: "no" is none of`:                             {"--busy", "no"},
		"option --format: can't evaluate field Nosuch":               {"--format", "{{.Nosuch}}"},
		"option --format: unclosed action":                           {"--format", "{{.Path"},
		"a template in the line of a shell would":                    {"--", "bash", "-c", "echo {{.Path}}"},
		"word {{.No}}: can't evaluate field No":                      {"--", "echo", "{{.No}}"},
	} {
		refused(t, toolkit.Usage, want, append([]string{"file", "x"}, args...)...)
	}
	refused(t, toolkit.NoInput, `command "nosuchcommand" is not found in PATH`, "file", "x", "--", "nosuchcommand")
	refused(t, toolkit.Permission, `command "/etc/passwd": permission denied`, "file", "x", "--", "/etc/passwd")
	refused(t, toolkit.Permission, `command "/tmp": is a directory`, "file", "x", "--", "/tmp")
	refused(t, toolkit.Data, "option --format: error calling index: ", "time", "1ms", "--format", "{{index .Paths 0}}")
	refused(t, toolkit.Data, `message "lower x=1": `, "file", "x", "--send", "udp://:1", "lower x=1")

	r := begin(t, "file", "DIR/x", "--idle", "10ms", "--run", "echo {{.Path}}")
	require.NoError(t, r.End())
	require.Contains(t, r.Err.String(), "warning: --run: a shell's line is no template")
}
