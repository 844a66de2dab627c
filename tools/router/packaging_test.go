package router

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

const packaging = "../../packaging/"

// TestShippedConfiguration: it is good as it is, and every line that is commented out names a setting.
func TestShippedConfiguration(t *testing.T) {
	w := toolkittest.New(t)
	_, err := load(w.Env, nil, []string{packaging + "etc/router.conf"})
	require.NoError(t, err)
	_, err = loadPolicy(packaging + "etc/router.policy")
	require.NoError(t, err)
	known := map[string]bool{}
	for _, k := range keys() {
		known[k.name] = true
	}
	lines := 0
	for _, line := range readLines(t, "etc/router.conf") {
		if name, _, ok := strings.Cut(strings.TrimPrefix(line, "#"), "="); ok && strings.HasPrefix(line, "#") && !strings.Contains(name, " ") {
			require.True(t, known[name], name)
			lines++
		}
	}
	require.Greater(t, lines, 10)
	var rules []string
	for _, line := range readLines(t, "etc/router.policy") {
		if rest, ok := strings.CutPrefix(line, "#"); ok && (strings.HasPrefix(rest, "allow") || strings.HasPrefix(rest, "deny")) {
			rules = append(rules, strings.NewReplacer("cluckd  ", "root  ", "user=cluckd", "user=root", "www-data", "root").Replace(rest))
		}
	}
	require.Greater(t, len(rules), 4)
	_, errs := parsePolicy(strings.Join(rules, "\n"))
	require.Empty(t, errs)
}

func readLines(t *testing.T, name string) []string {
	data, err := os.ReadFile(packaging + name)
	require.NoError(t, err)
	return strings.Split(string(data), "\n")
}

// TestUnits: what the units say is what the router does.
func TestUnits(t *testing.T) {
	service, socket := readLines(t, "systemd/ed-router.service"), readLines(t, "systemd/ed-router.socket")
	require.Contains(t, service, "Type=notify")
	require.Contains(t, service, "ExecReload=/bin/kill -HUP $MAINPID")
	require.Contains(t, service, "ExecStart=/usr/bin/ed-router")
	require.Contains(t, service, "RestartPreventExitStatus=64 66 78")
	require.Contains(t, service, "SystemCallFilter=@system-service adjtimex")
	require.NotContains(t, service, "ProtectClock=yes", "it refuses adjtimex whatever is asked: a clock that is right would be told as wrong")
	require.Contains(t, socket, "FileDescriptorName=unix_listen")
	w := toolkittest.New(t)
	w.Vars["RUNTIME_DIRECTORY"], w.Vars["STATE_DIRECTORY"] = "/run/ed", "/var/lib/ed"
	require.Equal(t, place{"/run/ed/router.sock", "/var/lib/ed"}, placeOf(w.Env))
	require.Contains(t, socket, "ListenStream="+placeOf(w.Env).socket)
	require.Contains(t, readLines(t, "logrotate.d/ed-router"), "\t\t/usr/bin/ed-signal --host unix:"+placeOf(w.Env).socket+
		" --quiet --if-running communicatord/LOG_ROTATE", "a datagram would be dropped where a signal_secret is set, and nobody told")
	if _, err := exec.LookPath("systemd-analyze"); err == nil {
		dir := t.TempDir()
		text := strings.ReplaceAll(strings.Join(service, "\n"), "/usr/bin/ed-router", "/bin/true")
		write(t, filepath.Join(dir, "ed-router.service"), text)
		write(t, filepath.Join(dir, "ed-router.socket"), strings.Join(socket, "\n"))
		out, err := exec.Command("systemd-analyze", "verify", "--man=no", filepath.Join(dir, "ed-router.service"), filepath.Join(dir, "ed-router.socket")).CombinedOutput()
		require.NoError(t, err, string(out))
		require.NotContains(t, string(out), "ignoring", "an older systemd passes over what it does not know, and says so")
	}
}
