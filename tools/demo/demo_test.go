package demo

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

func TestMain(m *testing.M) {
	transporttest.Prepare()
	dir, err := os.MkdirTemp("", "ed-demo-test")
	if err != nil {
		panic(err)
	}
	os.Setenv(control.DirVariable, dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func play(t *testing.T, o options, steps []step) (out, err string) {
	t.Helper()
	defer goleak.VerifyNone(t)
	w := toolkittest.New(t)
	began := time.Now()
	require.NoError(t, run(context.Background(), w.Env, o, steps))
	require.Less(t, time.Since(began), longest)
	return w.Out.String(), w.Err.String()
}

func TestEveryStepIsShown(t *testing.T) {
	out, notes := play(t, options{}, script())
	require.NotContains(t, out, "\x1b", "plain where there is no terminal")
	for _, want := range []string{
		`client  → journal  <demo:client journal/LOG_ROTATE`,
		`journal ← client   <demo:client journal/LOG_ROTATE`,
		`client  → clock    <demo:client clock/NOW serial=4711`,
		`clock   ← client   NOW zone="Europe/Paris`,
		`malformed  bad message at byte 9`,
		`client  ← clock    INVALID message=`,
		`client  ← clock    demo:client/UNKNOWN command=CLIMB`,
		`clock   ← client   <demo:client clock/STOP`,
	} {
		require.Contains(t, out, want)
	}
	require.Regexp(t, `client  ← clock    demo:client/TIME now=\d{4}-.*;serial=4711`, out)
	require.Regexp(t, `demo:client/ABSOLUTELY reply_timestamp=\d+\.\d{9};serial=4712`, out)
	require.Contains(t, notes, "both services have stopped")
}

// A message that is not sent must not be shown: nothing is printed that did not travel.
func TestALineNeedsItsMessage(t *testing.T) {
	for _, c := range []struct {
		gone string // of the step
		line string // what must be there with it, and not without
	}{
		{"LOG_ROTATE", "LOG_ROTATE"},
		{"NOW", "TIME now="},
		{"ALIVE", "ABSOLUTELY"},
		{"CLIMB", "UNKNOWN"},
		{"", "malformed"},
	} {
		t.Run(c.line, func(t *testing.T) {
			full, _ := play(t, options{}, script())
			require.Contains(t, full, c.line)
			less, _ := play(t, options{}, slices.DeleteFunc(script(), func(s step) bool { return s.command == c.gone }))
			require.NotContains(t, less, c.line)
		})
	}
}

func TestPortsAreReal(t *testing.T) {
	first, notes := play(t, options{}, script())
	port := regexp.MustCompile(`journal +listens on (tcp://127\.0\.0\.1:\d+)`).FindStringSubmatch(notes)
	require.NotNil(t, port)
	require.Contains(t, first, port[1])
}

func TestTimesRise(t *testing.T) {
	out, _ := play(t, options{}, script())
	var last float64
	stamps := regexp.MustCompile(`(?m)^ *(\d+\.\d{3}) ms`).FindAllStringSubmatch(out, -1)
	require.NotEmpty(t, stamps)
	for _, s := range stamps {
		d, err := time.ParseDuration(s[1] + "ms")
		require.NoError(t, err)
		require.GreaterOrEqual(t, d.Seconds(), last)
		last = d.Seconds()
	}
}

func TestJSONIsReadableAsMessages(t *testing.T) {
	out, _ := play(t, options{Common: toolkit.Common{JSON: true, Quiet: true}}, script())
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 23)
	for _, l := range lines {
		require.True(t, strings.HasPrefix(l, `{"v":1,"time":"`), l)
	}
}

func TestAnEndThatNeverComesIsReported(t *testing.T) {
	w := toolkittest.New(t)
	steps := []step{{to: "clock", command: "NOW", until: sign{who: "client", command: "NEVER"}}}
	err := run(context.Background(), w.Env, options{}, steps)
	require.ErrorContains(t, err, "wait for NEVER of client")
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err))
}

func TestTimeoutEndsIt(t *testing.T) {
	w := toolkittest.New(t)
	steps := []step{{to: "clock", command: "NOW", until: sign{who: "client", command: "NEVER"}}}
	err := run(context.Background(), w.Env, options{Common: toolkit.Common{Timeout: time.Millisecond}}, steps)
	require.Equal(t, toolkit.Timeout, toolkit.KindOf(err))
}

func TestKeepGoesOnAndCanBeWatched(t *testing.T) {
	defer goleak.VerifyNone(t)
	t.Setenv(control.DirVariable, t.TempDir())
	w := toolkittest.New(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- run(ctx, w.Env, options{Keep: true}, script()) }()
	feed := control.Follow(t.Context(), control.FollowOptions{Targets: []string{"clock"}})
	rounds, deadline := 0, time.After(20*time.Second)
	for rounds < 2 {
		select {
		case item := <-feed.C():
			if item.Record != nil && strings.Contains(string(item.Record.Text), "clock/NOW") {
				rounds++
			}
		case <-deadline:
			require.Fail(t, "nothing to watch", w.Err.String())
		}
	}
	feed.Close()
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.Equal(t, 1, strings.Count(w.Out.String(), "→ clock    <demo:client clock/NOW serial=4711"), "printed once")
	require.NotContains(t, w.Out.String(), "STOP")
	require.Empty(t, control.Discover())
}

func TestNoFolder(t *testing.T) {
	w := toolkittest.New(t)
	t.Setenv("TMPDIR", "/nonexistent")
	err := run(t.Context(), w.Env, options{}, script())
	require.Equal(t, toolkit.CantCreate, toolkit.KindOf(err))
	require.Equal(t, "TMPDIR can name another folder", toolkit.HintOf(err))
}
