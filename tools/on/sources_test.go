package on_test

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// ours is the name of a program that only this run of the tests knows. The kernel keeps 15 bytes of a name.
func ours(name string) string { return "on" + strconv.FormatInt(int64(os.Getpid()), 36) + "-" + name }

// program makes a command of a name that nothing else on this machine has.
func program(t *testing.T, name string) string {
	t.Helper()
	sleep, err := exec.LookPath("sleep")
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), name)
	data, err := os.ReadFile(sleep)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, data, 0o700))
	return path
}

func TestProcessByName(t *testing.T) {
	path := program(t, ours("sleeper"))
	// What descends from this process would count as its own: these have lost their parents.
	before, err := exec.Command("sh", "-c", `"$0" 100 >/dev/null 2>&1 & echo $!`, path).Output()
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(before)))
	require.NoError(t, err)
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	r := start(t, "process", ours("sl*"), "--exists", "--json", "--interval", "10ms", "-n3")
	r.WaitOut(`"exists"`)

	gate := filepath.Join(r.dir, "gate")
	require.NoError(t, syscall.Mkfifo(gate, 0o600))
	require.NoError(t, exec.Command("sh", "-c", `(read x < "$1"; exec "$0" 0.2) &`, path, gate).Run())
	require.NoError(t, os.WriteFile(gate, []byte("go\n"), 0))
	r.WaitOut(`"start"`)
	require.NoError(t, r.End())
	lines := strings.Split(strings.TrimSpace(r.Out.String()), "\n")
	require.Len(t, lines, 3)
	for i, event := range []string{"exists", "start", "end"} {
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(lines[i]), &got))
		require.Equal(t, "process", got["kind"])
		require.Equal(t, event, got["event"])
		require.Equal(t, ours("sleeper"), got["name"])
		require.Equal(t, i == 0, int(got["pid"].(float64)) == pid)
	}
}

// A command that is run for the start of a process of its own name is no such start.
func TestProcessIsNotItsOwnEvent(t *testing.T) {
	path := program(t, ours("own"))
	r := start(t, "process", ours("own"), "--interval", "10ms", "--now", "--timeout", "1s", "--busy", "skip", "--", path, "0.1")
	require.NoError(t, r.End())
	require.Contains(t, r.Err.String(), "0 events, 1 command run in")
}

func TestProcessByNumber(t *testing.T) {
	sleeper := exec.Command("sleep", "100")
	require.NoError(t, sleeper.Start())
	pid := strconv.Itoa(sleeper.Process.Pid)
	r := start(t, "process", pid, pid, "--exists")
	r.WaitOut(" exists " + pid + " sleep\n")
	require.NoError(t, sleeper.Process.Kill())
	require.NoError(t, r.End(), "nothing more can come")
	require.Contains(t, r.Out.String(), " end "+pid+" sleep\n")
	require.Error(t, sleeper.Wait())

	refused(t, toolkit.NoSuch, "there is no process "+pid, "process", pid)
	self := strconv.Itoa(os.Getpid())
	refused(t, toolkit.Timeout, "process "+self+" did not end in 20ms", "process", self, "--timeout", "20ms")
	refused(t, toolkit.Timeout, "0 of 3 events came in 20ms", "process", ours("nothing"), "-n3", "--timeout", "20ms")
}

func TestProcessWrongCommandLines(t *testing.T) {
	refused(t, toolkit.Usage, "a name or number of processes is missing", "process")
	refused(t, toolkit.Usage, "0 is no number of a process", "process", "0")
	refused(t, toolkit.Usage, "0 is no number of a process", "process", "   0\n")
	refused(t, toolkit.Usage, "99999999999999999999 is no number of a process", "process", "99999999999999999999")
	refused(t, toolkit.Usage, "1 2 is several numbers in one word: each is an operand", "process", "1 2")
	refused(t, toolkit.Usage, `"" is no pattern of a name`, "process", " ")
	refused(t, toolkit.Usage, `"/usr/bin/x" is a path; a process is known by the name of its program; write x`, "process", "/usr/bin/x")
	refused(t, toolkit.Usage, `option --events: "die" is none of start, end, rename, exists`, "process", "x", "-e", "die")
	refused(t, toolkit.Usage, "it can only end", "process", "1", "--events", "started")
}

func TestSignals(t *testing.T) {
	r := start(t, "signal", "USR1", "SIGUSR2", "-n2")
	r.WaitErr("waiting for USR1, USR2 as process " + strconv.Itoa(os.Getpid()) + "\n")
	self, err := os.FindProcess(os.Getpid())
	require.NoError(t, err)
	require.NoError(t, self.Signal(syscall.SIGUSR2))
	r.WaitOut(" USR2 USR2\n")
	require.NoError(t, self.Signal(syscall.SIGUSR1))
	require.NoError(t, r.End())
	require.Contains(t, r.Out.String(), " USR1 USR1\n")

	refused(t, toolkit.Usage, "the name of a signal is missing", "signal")
	refused(t, toolkit.Usage, `there is no signal "HUPP"`, "signal", "HUPP")
	refused(t, toolkit.Usage, "signal KILL cannot be caught", "signal", "9")
	refused(t, toolkit.Usage, "signal URG is used by this program itself", "signal", "urg")
}

func TestTimes(t *testing.T) {
	r := start(t, "time", "20ms", "--every", "1h", "-n3")
	require.NoError(t, r.End())
	require.Equal(t, 3, strings.Count(r.Out.String(), " time 20ms")) // where the loop was late with "(2 events)"

	soon := time.Now().Add(1500 * time.Millisecond).Format("2006-01-02 15:04:05") // at least half a second from now
	r = start(t, "time", "--at", soon, soon, "--jitter", "10ms")
	require.NoError(t, r.End(), "nothing more can come")
	require.Equal(t, 2, strings.Count(r.Out.String(), " time "+soon+"\n"))

	refused(t, toolkit.Usage, "a duration, a time or a date is missing", "time")
	refused(t, toolkit.Usage, `option --every: "03:00" is not a duration`, "time", "--every", "03:00")
	refused(t, toolkit.Usage, "option --at: 5m is a duration; --every 5m", "time", "--at", "5m")
	refused(t, toolkit.Usage, `"yesterday" is no time; write 5m`, "time", "yesterday")
	refused(t, toolkit.Usage, "2001-01-01 has passed", "time", "2001-01-01")
	refused(t, toolkit.Usage, `"0" is too short`, "time", "0")
	refused(t, toolkit.Timeout, "not all of the times came in 20ms", "time", "2099-01-01", "--timeout", "20ms")
}

func TestListening(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	tcp := "tcp://" + l.Addr().String()
	r := start(t, "listening", "unix:"+path, tcp)
	r.WaitOut(" up " + tcp + "\n")
	r.WaitErr("unix:" + path + ": not yet, no such file or directory\n")
	u, err := net.Listen("unix", path)
	require.NoError(t, err)
	require.NoError(t, r.End(), "nothing more can come")
	require.Contains(t, r.Out.String(), " up unix:"+path+"\n")

	r = start(t, "listening", "unix:"+path, "--events", "up,down", "--interval", "10ms", "-n3")
	r.WaitOut(" up unix:")
	require.NoError(t, u.Close())
	r.WaitOut(" down unix:")
	u, err = net.Listen("unix", path)
	require.NoError(t, err)
	require.NoError(t, r.End())
	require.NoError(t, u.Close())

	u, err = net.Listen("unix", path)
	require.NoError(t, err)
	r = start(t, "listening", "unix:"+path, "--events", "up,down", "--interval", "10ms", "-n2")
	r.WaitOut(" up unix:")
	require.NoError(t, u.Close())
	require.NoError(t, r.End(), "nothing is watched any more when the last event was that it went down")

	refused(t, toolkit.Timeout, "nothing listens at unix:"+path+" (no such file or directory) in 50ms", "listening", "unix:"+path, "--timeout", "50ms")
	refused(t, toolkit.Usage, "an address is missing", "listening")
	refused(t, toolkit.Usage, "an address is empty", "listening", "")
	refused(t, toolkit.Usage, "udp://127.0.0.1:1: whether somebody takes packets cannot be seen", "listening", "udp://:1")
	refused(t, toolkit.Usage, "is nothing that listens", "listening", "exec:cat")
	refused(t, toolkit.Usage, "nothing listens on port 0", "listening", "tcp://:0")
	refused(t, toolkit.Usage, "too short", "listening", ":1", "--interval", "1ms")
}
