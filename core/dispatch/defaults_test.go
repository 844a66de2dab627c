package dispatch_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

const defaultList = "ALIVE,HELP,INVALID,LEAK,LOG_ROTATE,QUITTING,READY,RESTART,SERVICE_UNAVAILABLE,STOP,UNKNOWN"

func withDefaults(t testing.TB, o dispatch.Options, options dispatch.DefaultsOptions) *dispatch.Dispatcher {
	t.Helper()
	o.Now = func() time.Time { return epoch }
	d := dispatch.New(o)
	require.NoError(t, d.Defaults(options))
	return d
}

func TestDefaultReplies(t *testing.T) {
	d := withDefaults(t, dispatch.Options{Logger: slog.New(slog.DiscardHandler)}, dispatch.DefaultsOptions{})
	for _, test := range []struct {
		line, reply string
		outcome     dispatch.Outcome
	}{
		{"ALIVE", "ABSOLUTELY reply_timestamp=1720000000.000000005", dispatch.Handled},
		{"<srv:svc ALIVE serial=007;timestamp= 1.50", "srv:svc/ABSOLUTELY reply_timestamp=1720000000.000000005;serial=007;timestamp= 1.50", dispatch.Handled},
		{"<srv:svc HELP", "srv:svc/COMMANDS list=" + defaultList, dispatch.Handled},
		{"<srv:svc NOT_KNOWN a=b", "srv:svc/UNKNOWN command=NOT_KNOWN", dispatch.Unknown},
		{"INVALID command=X;message=y", "", dispatch.Handled},
		{"UNKNOWN command=X", "", dispatch.Handled},
		{"ABSOLUTELY reply_timestamp=1", "", dispatch.Handled},
		{"COMMANDS list=A", "", dispatch.Handled},
		{"SERVICE_UNAVAILABLE", "", dispatch.Handled},
		{"LEAK", "", dispatch.Handled}, {"LOG_ROTATE", "", dispatch.Handled}, {"READY", "", dispatch.Handled},
		{"RESTART", "", dispatch.Handled}, {"STOP", "", dispatch.Handled}, {"QUITTING", "", dispatch.Handled},
	} {
		var from recorder
		require.Equal(t, test.outcome, d.Dispatch(&from, parse(t, test.line)), test.line)
		if test.reply == "" {
			require.Empty(t, from.lines, test.line)
		} else {
			require.Equal(t, []string{test.reply}, from.lines)
		}
		require.Equal(t, test.outcome, d.Dispatch(nil, parse(t, test.line)), "nobody to answer")
	}
}

// Without the entries for them the catch-all sees the four answers; it must not answer.
func TestAnswersAreNeverAnswered(t *testing.T) {
	d := dispatch.New(dispatch.Options{Logger: slog.New(slog.DiscardHandler)})
	tag := d.NewTag()
	require.NoError(t, d.Defaults(dispatch.DefaultsOptions{NoCatchAll: true, Tag: tag}))
	d.Remove(tag)
	require.Empty(t, d.Commands())
	require.NoError(t, d.Defaults(dispatch.DefaultsOptions{}))
	for _, command := range []string{"INVALID", "UNKNOWN", "ABSOLUTELY", "COMMANDS"} {
		require.True(t, dispatch.NeverAnswered([]byte(command)))
		var from recorder
		d.Dispatch(&from, parse(t, "<a:b "+command))
		require.Empty(t, from.lines)
	}
	require.False(t, dispatch.NeverAnswered([]byte("ALIVE")))
}

func TestCallbacks(t *testing.T) {
	var calls []string
	call := func(format string, a ...any) { calls = append(calls, fmt.Sprintf(format, a...)) }
	d := withDefaults(t, dispatch.Options{}, dispatch.DefaultsOptions{
		Stop:      func(quitting bool) { call("stop %v", quitting) },
		LogRotate: func() { call("rotate") },
		Ready:     func(m *message.Message) { call("ready %v", m.Has("my_address")) },
		Restart:   func(m *message.Message) { call("restart %v", m.Has("reason")) },
		Leak:      func() { call("leak") },
		Help:      func() []string { return []string{"EVENT_A", "ALIVE"} },
	})
	for _, line := range []string{"STOP", "QUITTING", "LOG_ROTATE", "READY my_address=1.2.3.4:5", "RESTART", "LEAK"} {
		require.Equal(t, dispatch.Handled, d.Dispatch(nil, parse(t, line)))
	}
	require.Equal(t, []string{"stop false", "stop true", "rotate", "ready true", "restart false", "leak"}, calls)

	var from recorder
	d.Dispatch(&from, parse(t, "HELP"))
	require.Equal(t, []string{"COMMANDS list=ALIVE,EVENT_A,HELP,INVALID,LEAK,LOG_ROTATE,QUITTING,READY,RESTART,SERVICE_UNAVAILABLE,STOP,UNKNOWN"}, from.lines)
}

func TestOwnEntriesWin(t *testing.T) {
	var r tape
	d := withDefaults(t, dispatch.Options{}, dispatch.DefaultsOptions{})
	require.NoError(t, d.On("STOP", r.handler("own stop")))
	require.NoError(t, d.On("ABSOLUTELY", r.handler("own absolutely")))
	require.NoError(t, d.Add(dispatch.Match{CatchAll: true, Handler: r.handler("own catch-all")}))
	d.Dispatch(nil, parse(t, "STOP"))
	d.Dispatch(nil, parse(t, "ABSOLUTELY"))
	require.Equal(t, dispatch.Handled, d.Dispatch(nil, parse(t, "NOT_KNOWN")))
	require.Equal(t, "own stop own absolutely own catch-all", r.take())
	require.Contains(t, d.Commands(), "ABSOLUTELY", "an entry of the service's own is listed")
	require.NotContains(t, d.Commands(), "COMMANDS")
}

func TestDefaultsTwice(t *testing.T) {
	d := dispatch.New(dispatch.Options{})
	require.NoError(t, d.Add(dispatch.Match{Command: "STOP", Priority: dispatch.System, Handler: func(dispatch.Sender, *message.Message) error { return nil }}))
	require.ErrorIs(t, d.Defaults(dispatch.DefaultsOptions{}), dispatch.ErrDuplicate)
	require.Equal(t, []string{"STOP"}, d.Commands(), "nothing stays behind")
}

func TestComplaintsAreLogged(t *testing.T) {
	var log bytes.Buffer
	d := withDefaults(t, dispatch.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, dispatch.DefaultsOptions{})
	d.Dispatch(nil, parse(t, "<srv:svc INVALID command=X;message=what"))
	require.Contains(t, log.String(), "level=ERROR")
	require.Contains(t, log.String(), "answer=INVALID command=X message=what from_server=srv from_service=svc")
	d.Dispatch(nil, parse(t, "UNKNOWN"))
	require.Contains(t, log.String(), `answer=UNKNOWN command="(not given)"`)
}

func TestReplyThatCannotBeSent(t *testing.T) {
	var reported []string
	d := withDefaults(t, dispatch.Options{OnError: func(_ *message.Message, handler string, err error) {
		reported = append(reported, handler+": "+err.Error())
	}}, dispatch.DefaultsOptions{})
	from := &recorder{err: errors.New("full")}
	require.Equal(t, dispatch.Failed, d.Dispatch(from, parse(t, "ALIVE")))
	require.Equal(t, dispatch.Failed, d.Dispatch(from, parse(t, "NOT_KNOWN")))
	require.Equal(t, []string{"default ALIVE: full", "default catch-all: full"}, reported)
}

// A wrong message of a command that only the catch-all sees is unknown, not invalid.
func TestCatchAllDoesNotCheck(t *testing.T) {
	d := withDefaults(t, dispatch.Options{Definitions: definitions(t, map[string]string{"A.conf": "[n]\n"})}, dispatch.DefaultsOptions{})
	var from recorder
	require.Equal(t, dispatch.Unknown, d.Dispatch(&from, parse(t, "A")))
	require.Equal(t, []string{"UNKNOWN command=A"}, from.lines)
}
