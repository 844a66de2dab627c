package proc_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/proc"
)

// systemctl writes a script that stands in for the real command, and returns its path.
func systemctl(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "systemctl")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700))
	return path
}

func TestUnit(t *testing.T) {
	dir := filepath.Dir(systemctl(t, `
echo "$*" >"$(dirname "$0")/args"
echo Id=cron.service
echo Restart=on-failure
echo TimeoutStopUSec=1min 30s
echo MainPID=4711
echo ControlGroup=/system.slice/cron.service
echo LoadState=loaded
echo ActiveState=active
`))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	u, err := proc.System{}.Unit(within(t), "cron")
	require.NoError(t, err)
	require.Equal(t, proc.Unit{
		Name: "cron.service", LoadState: "loaded", ActiveState: "active", MainPID: 4711,
		ControlGroup: "/system.slice/cron.service", Restart: "on-failure", StopTimeout: 90 * time.Second,
	}, u)
	args, err := os.ReadFile(filepath.Join(dir, "args"))
	require.NoError(t, err)
	require.Equal(t, "show --property=Id,LoadState,ActiveState,MainPID,ControlGroup,Restart,TimeoutStopUSec -- cron\n", string(args))
	_, err = proc.System{UserUnits: true}.Unit(within(t), "cron")
	require.NoError(t, err)
	args, err = os.ReadFile(filepath.Join(dir, "args"))
	require.NoError(t, err)
	require.Contains(t, string(args), "--user show ")
}

func TestUnitErrors(t *testing.T) {
	for _, c := range []struct {
		name, script string
		want         string
		noSystemd    bool
	}{
		{"unknown", "echo MainPID=0; echo LoadState=not-found; echo ActiveState=inactive", `no unit "some"`, false},
		{"bad setting", "echo MainPID=0; echo LoadState=bad-setting", "is bad-setting", false},
		{"no answer", "true", "did not tell", false},
		{"nonsense", "echo LoadState=loaded; echo MainPID=x", `MainPID is "x"`, false},
		{"not the init", `echo "System has not been booted with systemd as init system (PID 1). Can't operate." >&2; exit 1`, "", true},
		{"no bus", `echo "Failed to connect to bus: Host is down" >&2; exit 1`, "", true},
		{"fails", `echo "Access denied" >&2; exit 4`, "Access denied", false},
		{"fails silently", `exit 4`, "exit status 4", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := proc.System{Systemctl: systemctl(t, c.script)}.Unit(within(t), "some")
			require.Error(t, err)
			if c.noSystemd {
				require.ErrorIs(t, err, proc.ErrNoSystemd)
				return
			}
			require.NotErrorIs(t, err, proc.ErrNoSystemd)
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestUnitWithoutSystemctl(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := proc.System{}.Unit(within(t), "cron")
	require.ErrorIs(t, err, proc.ErrNoSystemd)
	_, err = proc.System{Systemctl: "/nowhere/systemctl"}.Unit(within(t), "cron")
	require.ErrorIs(t, err, proc.ErrNoSystemd)
}

func TestUnitTakesNoForever(t *testing.T) {
	slow := systemctl(t, "exec sleep 60")
	_, err := proc.System{Systemctl: slow, UnitLimit: 30 * time.Millisecond}.Unit(within(t), "cron")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.EqualError(t, err, `ask systemd about "cron": systemctl did not answer within 30ms`)
}

// TestUnitDumb: a systemctl that fails says nothing of how Go sees that.
func TestUnitDumb(t *testing.T) {
	_, err := proc.System{Systemctl: systemctl(t, "exit 1")}.Unit(within(t), "cron")
	require.EqualError(t, err, `ask systemd about "cron": systemctl says nothing and ends with exit status 1`)
	_, err = proc.System{Systemctl: systemctl(t, "kill -9 $$")}.Unit(within(t), "cron")
	require.EqualError(t, err, `ask systemd about "cron": systemctl was killed`)
}

func TestUnitNames(t *testing.T) {
	yes := systemctl(t, "echo LoadState=loaded; echo MainPID=1")
	for _, name := range []string{"cron", "cron.service", "getty@tty1.service", `dev-disk-by\x2dlabel.swap`, "a:b"} {
		_, err := proc.System{Systemctl: yes}.Unit(within(t), name)
		require.NoError(t, err, name)
	}
	for _, name := range []string{"", "-a", "a b", "a;b", "$(x)", "a/b", "a\nb", string(make([]byte, 300))} {
		_, err := proc.System{Systemctl: yes}.Unit(within(t), name)
		var ue *proc.UnitError
		require.ErrorAs(t, err, &ue, name)
		require.Empty(t, ue.LoadState)
	}
}
