package stop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/proc/proctest"
	"github.com/ed-toolbox/ed/tools/stop"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

func TestMain(m *testing.M) {
	transporttest.Prepare()
	if !proctest.Play(nil) {
		goleak.VerifyTestMain(m)
	}
}

// child is a process of ours that is not reaped until the test ends, unless reap is called.
type child struct{ *proctest.Child }

func start(t *testing.T, role, name string) *child {
	t.Helper()
	return &child{proctest.Start(t, role, name)}
}

func (c *child) pid() string { return strconv.Itoa(c.PID()) }

// endedBy requires that the child died by the signal.
func (c *child) endedBy(t *testing.T, sig syscall.Signal) {
	t.Helper()
	require.Equal(t, sig, c.Reap().Sys().(syscall.WaitStatus).Signal())
}

// systemctl puts a command of that name first in PATH. Without a script there is no systemd.
func systemctl(t *testing.T, script string) {
	t.Helper()
	if script == "" {
		script = `echo "System has not been booted with systemd as init system (PID 1). Can't operate." >&2; exit 1`
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "systemctl"), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

func unique(t *testing.T, suffix string) string {
	name := strings.NewReplacer("/", "_", "-", "_").Replace(strings.ToLower(t.Name()))
	return fmt.Sprintf("ed%d_%s_%s", os.Getpid(), name, suffix)
}

func newWorld(t *testing.T) *toolkittest.World {
	w := toolkittest.New(t)
	w.DialErr = toolkit.Errorf(toolkit.Unavailable, "refused")
	return w
}

// run runs `ed stop` with a limit that a good run never meets.
func run(t *testing.T, w *toolkittest.World, args ...string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return w.Run(ctx, stop.Command, append([]string{"stop"}, args...)...)
}

// requireKind requires an error of that kind.
func requireKind(t *testing.T, kind toolkit.Kind, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, kind, toolkit.KindOf(err), err.Error())
}

type jsonEvent struct {
	V       int    `json:"v"`
	Target  string `json:"target"`
	PID     int    `json:"pid"`
	Unit    string `json:"unit"`
	Service string `json:"service"`
	Step    string `json:"step"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	TookNS  int64  `json:"took_ns"`
}

// events reads the JSON output.
func events(t *testing.T, w *toolkittest.World) []jsonEvent {
	t.Helper()
	var list []jsonEvent
	for line := range strings.Lines(w.Out.String()) {
		var e jsonEvent
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		require.Equal(t, 1, e.V)
		list = append(list, e)
	}
	return list
}

// steps is the short form of events: "INT gone".
func steps(list []jsonEvent) []string {
	var short []string
	for _, e := range list {
		short = append(short, e.Step+" "+e.Outcome)
	}
	return short
}
