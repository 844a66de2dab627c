package tail_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/tail"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

func TestOnGetsTheMessageInItsEnvironment(t *testing.T) {
	out := filepath.Join(t.TempDir(), "env")
	t.Setenv("ED_PARAM_old", "of another listener")
	r := start(t, "tcp://127.0.0.1:0", "-n1", "--on", "DO*=env | grep ^ED_ | sort > "+out)
	send(t, r.dial(0), "<from:me srv:you/DO_IT a=\"$(touch x); `y` 'z'\";n=1\\n2\n")
	require.NoError(t, r.End(), "an end in good order waits for the command")
	data, err := os.ReadFile(out)
	require.NoError(t, err)
	got := string(data)
	for _, want := range []string{
		"ED_COMMAND=DO_IT\n", "ED_SERVER=srv\n", "ED_SERVICE=you\n", "ED_FROM_SERVER=from\n", "ED_FROM_SERVICE=me\n",
		"ED_PARAM_a=$(touch x); `y` 'z'\n", "ED_PARAM_n=1\n", "ED_PEER=tcp://127.0.0.1:",
		"ED_MESSAGE=<from:me srv:you/DO_IT a=\"$(touch x); `y` 'z'\";n=1\\n2\n",
		`ED_JSON={"sent-from-server":"from","sent-from-service":"me","server":"srv","service":"you","command":"DO_IT",`,
	} {
		require.Contains(t, got, want)
	}
	require.NotContains(t, got, "ED_PARAM_old")
	require.Contains(t, r.Err.String(), "on DO_IT: exit status 0 after ")
}

func TestOnReportsFailures(t *testing.T) {
	for name, c := range map[string]struct{ line, want string }{
		"status": {"exit 3", "on X: exit status 3 after "},
		"signal": {"kill -9 $$", "on X: signal KILL after "},
		"prints": {"echo to the terminal; false", "to the terminal\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, "tcp://127.0.0.1:0", "-n1", "--on", "X="+c.line)
			send(t, r.dial(0), "X\n")
			require.NoError(t, r.End(), "how the command ended is not how we end")
			require.Contains(t, r.Err.String(), c.want)
		})
	}
}

func TestOnAsJSON(t *testing.T) {
	for line, exit := range map[string]int{"exit 3": 3, "kill -9 $$": 137} {
		r := start(t, "tcp://127.0.0.1:0", "-n1", "--json", "--on", "X="+line)
		send(t, r.dial(0), "X\n")
		require.NoError(t, r.End())
		lines := strings.Split(strings.TrimSpace(r.Out.String()), "\n")
		require.Len(t, lines, 2)
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(lines[1]), &got))
		require.Equal(t, "on", got["event"])
		require.Equal(t, "X", got["for"])
		require.EqualValues(t, exit, got["exit"], "as ed on has it")
		require.NotContains(t, got, "command", "else `ed send --json` would send it")
	}
}

func TestOnReply(t *testing.T) {
	r := start(t, "tcp://127.0.0.1:0", "-n1", "--on-reply",
		"--on", `X=echo "DONE what=$ED_PARAM_what"; echo not a message; echo '{"service":"other","command":"MORE"}'`)
	c := r.dial(0)
	send(t, c, "<srv:me X what=this\n")
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	require.Equal(t, "srv:me/DONE what=this\nother/MORE\n", string(got), "also when the run has reached its end meanwhile")
	require.NoError(t, r.End())
	require.Contains(t, r.Err.String(), "on X: what it printed is not sent: bad message at byte 0")
}

// A slow command keeps nothing waiting, and only so many run at once.
func TestOnIsBounded(t *testing.T) {
	dir := t.TempDir()
	r := start(t, "tcp://127.0.0.1:0", "--echo", "--on-max", "3",
		"--on", fmt.Sprintf("X=touch %s/run.$ED_PARAM_n; while [ ! -e %s/go ]; do sleep 0.01; done; ls %s | grep -c run >> %s/count; rm %s/run.$ED_PARAM_n", dir, dir, dir, dir, dir))
	c := r.dial(0)
	for i := range 12 {
		send(t, c, fmt.Sprintf("X n=%d\n", i))
	}
	send(t, c, "LAST\n")
	r.WaitOut("-> tcp://" + c.LocalAddr().String() + " LAST\n")
	require.Eventually(t, func() bool {
		found, _ := filepath.Glob(dir + "/run.*")
		return len(found) == 3
	}, patience, time.Millisecond)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), nil, 0o600))
	r.WaitFor(r.Err, func(s string) bool { return strings.Count(s, "on X: exit status 0") == 12 })
	data, err := os.ReadFile(filepath.Join(dir, "count"))
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		require.LessOrEqual(t, line, "3\n")
	}
	require.Error(t, r.Stop())
}

func TestOnDropsWhatIsTooMuch(t *testing.T) {
	r := start(t, "tcp://127.0.0.1:0", "--on-max", "1", "--on", "X=exec sleep 60", "--filter", "LAST")
	c := r.dial(0)
	send(t, c, strings.Repeat("X\n", 1500)+"LAST\n")
	r.WaitOut("LAST\n")
	began := time.Now()
	require.Error(t, r.Stop())
	require.Less(t, time.Since(began), 40*time.Second)
	require.Contains(t, r.Err.String(), "warning: too many shell commands wait; from now on some are not run")
	require.Contains(t, r.Err.String(), "warning: 1499 shell commands not run")
}

// A command that does not want to end is ended with all that it started.
// What ends the run when a message is recorded ends it for the commands of that message, too: nothing would end those.
func TestOnIsNotBegunAfterTheEnd(t *testing.T) {
	r := start(t, "unix:SOCK", "--record", "/dev/full", "--echo", "--on", "X=sleep 100")
	send(t, r.dial(0), "X a="+strings.Repeat("b", 65_500)+"\n") // as much as is written at once
	require.Equal(t, toolkit.IO, toolkit.KindOf(r.End()))
	require.NotContains(t, r.Err.String(), "on X")
}

func TestOnIsEndedAtTheEnd(t *testing.T) {
	for name, args := range map[string][]string{
		"Ctrl-C": {"--on-timeout", "1h"}, // which is not waited for
		"limit":  {"--on-timeout", "2s"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r := start(t, append(args, "tcp://127.0.0.1:0", "--on", fmt.Sprintf("X=(trap '' HUP; echo $$ > %s/up; exec sleep 300) & wait", dir))...)
			send(t, r.dial(0), "X\n")
			require.Eventually(t, func() bool {
				data, err := os.ReadFile(filepath.Join(dir, "up"))
				return err == nil && len(data) > 0
			}, patience, time.Millisecond)
			if name == "limit" {
				r.WaitErr("on X: signal TERM, its time was over after 2")
			}
			require.Error(t, r.Stop())
			require.Contains(t, r.Err.String(), "on X: signal TERM")
			data, err := os.ReadFile(filepath.Join(dir, "up"))
			require.NoError(t, err)
			group := strings.TrimSpace(string(data))
			require.Eventually(t, func() bool { return !groupLives(t, group) }, patience, time.Millisecond)
		})
	}
}

// groupLives looks for processes of a group that are no zombies.
func groupLives(t *testing.T, group string) bool {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, path := range stats {
		data, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		fields := strings.Fields(rest)
		if len(fields) > 2 && fields[2] == group && fields[0] != "Z" {
			return true
		}
	}
	return false
}

func TestListenUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		kind toolkit.Kind
		err  string
	}{
		"no address":         {nil, toolkit.Usage, "an address, or --service NAME, is missing"},
		"bad address":        {[]string{"tcp://:x"}, toolkit.Usage, ""},
		"no such file":       {[]string{"/no/such@field"}, toolkit.NoInput, ""},
		"json and raw":       {[]string{":0", "--json", "--raw"}, toolkit.Usage, "--json and --raw exclude each other"},
		"append alone":       {[]string{":0", "--append"}, toolkit.Usage, "--append and --force need --record"},
		"append and force":   {[]string{":0", "--append", "--force", "--record=x"}, toolkit.Usage, "--append and --force exclude each other"},
		"no count":           {[]string{":0", "-n0"}, toolkit.Usage, `option --count: "0" is not a number of at least 1`},
		"bad count":          {[]string{":0", "-nx"}, toolkit.Usage, ""},
		"on alone":           {[]string{":0", "--on-reply"}, toolkit.Usage, "--on-reply, --on-max and --on-timeout need --on"},
		"on without command": {[]string{":0", "--on", "X"}, toolkit.Usage, `option --on: "X" is not COMMAND=SHELL COMMAND`},
		"on with bad glob":   {[]string{":0", "--on", "x=ls"}, toolkit.Usage, `option --on: "x" matches no command, they are in capitals: X`},
		"no commands":        {[]string{":0", "--on", "X=ls", "--on-max=0"}, toolkit.Usage, `option --on-max: "0" is not a number of at least 1`},
		"bad until":          {[]string{":0", "--until", "end"}, toolkit.Usage, ""},
		"bad reply":          {[]string{":0", "--reply", "A*B"}, toolkit.Data, ""},
		"empty reply":        {[]string{":0", "--reply", " "}, toolkit.Usage, "option --reply: the message is empty"},
		"bad timestamps":     {[]string{":0", "--timestamps", "hourly"}, toolkit.Usage, ""},
		"bad filter":         {[]string{":0", "--filter", "x=y"}, toolkit.Usage, ""},
		"huge datagram":      {[]string{":0", "--max-datagram", "65508"}, toolkit.Usage, `option --max-datagram: "65508" is not a number from 1 to 65507`},
		"a command":          {[]string{"exec:cat"}, toolkit.Usage, "exec:cat: a command is not listened on"},
		"dialled FIFO":       {[]string{"fifo:/tmp/f", "--connect"}, toolkit.Usage, "fifo:/tmp/f: to connect to a FIFO is to write to it, and nothing comes back"},
	} {
		t.Run(name, func(t *testing.T) {
			w := toolkittest.New(t)
			err := w.Run(t.Context(), tail.Listen, append([]string{"listen"}, c.args...)...)
			require.Error(t, err)
			require.Equal(t, c.kind, toolkit.KindOf(err), err)
			if c.err != "" {
				require.EqualError(t, err, c.err)
			}
			require.Empty(t, w.Out.String())
			require.Empty(t, w.Err.String(), "nothing was opened")
		})
	}
}

func TestListenRawIsNotForTerminals(t *testing.T) {
	w := toolkittest.New(t)
	w.Terminal(80)
	err := w.Run(t.Context(), tail.Listen, "listen", ":0", "--raw")
	require.EqualError(t, err, "--raw would let peers control this terminal")
	require.Equal(t, toolkit.Usage, toolkit.KindOf(err))
}
