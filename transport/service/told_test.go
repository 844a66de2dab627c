package service_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/service"
	"github.com/ed-toolbox/ed/transport/service/servicetest"
)

// The log says what an operator has to know, and the same thing not twice in a row, however often it is tried.
func TestLog(t *testing.T) {
	var log bytes.Buffer
	ends := 0
	s := newScene(t, servicetest.Options{Refuse: map[string]string{"alpha": "the policy"}})
	s.options.Logger = slog.New(slog.NewTextHandler(&log, nil))
	s.options.Link.OnClose = func(*link.Link, error) { ends++ }
	s.start()
	told := func(text string, n int) {
		t.Helper()
		s.Until(text, func() bool { return strings.Count(log.String(), text) >= n })
		require.Equal(t, n, strings.Count(log.String(), text), log.String())
	}
	attempts := func() {
		was := s.s.Status().Attempts
		s.Until("it is tried again", func() bool { return s.s.Status().Attempts > was+3 })
	}
	attempts()
	told(`"service refused by its router" service=alpha reason="the policy"`, 1)
	require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
	require.Positive(t, ends, "each connection ends for the program, too")
	s.router.Kill()
	attempts()
	require.LessOrEqual(t, strings.Count(log.String(), `"service without a router"`), 2, "that it goes, and that it is gone: %s", &log)
	s.restart(servicetest.Options{})
	s.up()
	told(`"service registered" service=alpha router=unix:`, 1)
	told(" node=n1\n", 1)
	s.logged("COMMANDS", 1)
	s.router.Send("alpha", "<n1:communicatord QUITTING")
	told(`"service without a router" service=alpha error="the router ends"`, 1)
	s.up()
	require.Positive(t, s.s.Status().Counts.Uncertain, "the list of commands")
	require.NotContains(t, log.String(), "lost", "nobody misses that")
	told(`"service registered"`, 2)
	m := message.New("DO")
	m.SetService("beta")
	require.NoError(t, s.s.Send(m))
	s.logged("beta/DO", 1)
	closed := `"service without a router" service=alpha error="the router closed the connection"`
	before := strings.Count(log.String(), closed) // 1 if a connection was open when the router was killed
	s.router.Drop("alpha")
	told(`"messages may be lost with the router" service=alpha count=1`, 1)
	told(closed, before+1)
	told(`"service registered"`, 3)
	require.Equal(t, link.Up, s.states[len(s.states)-1].State, "the program is told, too")
	s.end()
}

// What a refusal is, and what it says; another complaint is none, and the program hears of that one only.
func TestWhatIsARefusal(t *testing.T) {
	for line, want := range map[string]string{
		"INVALID command=REGISTER":                 "",
		"INVALID command=REGISTER;message=why not": "why not",
		"INVALID message=why not":                  "why not",
		"UNKNOWN command=REGISTER;message=why not": "why not",
		"UNKNOWN": "whoever listens there is no router",
	} {
		t.Run(line, func(t *testing.T) {
			s := newScene(t, servicetest.Options{Silent: true})
			heard := 0
			require.NoError(t, s.options.Dispatcher.On("INVALID", func(dispatch.Sender, *message.Message) error {
				heard++
				return nil
			}))
			s.options.Link.Pauses = link.Pauses{time.Hour}
			s.start()
			s.logged("REGISTER", 1)
			s.router.Answer("INVALID command=OTHER")
			s.router.Answer(line)
			s.Until("it waits", func() bool { return s.s.Status().State == link.Waiting })
			var refused *service.RefusedError
			require.True(t, errors.As(s.s.Status().Err, &refused))
			require.Equal(t, want, refused.Reason)
			require.Equal(t, 1, heard)
			s.end()
		})
	}
}

// A reply to another service survives the connection that the question came by; one to the router belongs to it.
func TestLateReplies(t *testing.T) {
	s := newScene(t, servicetest.Options{})
	var from dispatch.Sender
	require.NoError(t, s.options.Dispatcher.On("ASK", func(f dispatch.Sender, _ *message.Message) error {
		from = f
		return nil
	}))
	s.start()
	s.up()
	s.router.Send("alpha", "<n1:beta alpha/ASK")
	s.Until("it is asked", func() bool { return from != nil })
	s.router.Drop("alpha")
	s.Until("the connection ends", func() bool { return !s.s.Registered() })
	s.up()
	m := message.New("TELL")
	m.SetService(service.Router)
	require.ErrorIs(t, from.Send(m), transport.ErrClosed)
	m.SetService("beta")
	require.NoError(t, from.Send(m))
	s.logged("^alpha→d <:alpha beta/TELL$", 1)
	s.end()
}
