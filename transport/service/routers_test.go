package service_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/service"
	"github.com/ed-toolbox/ed/transport/service/servicetest"
)

func mustAddress(t *testing.T, text string) address.Address {
	a, err := address.Parse(text, address.Defaults{})
	require.NoError(t, err)
	return a
}

// A router that ends in good order is not the service's end: it registers with the next one, and nothing is lost.
func TestRouterQuits(t *testing.T) {
	for _, how := range []string{"DISCONNECTING", "QUITTING", "nothing"} {
		t.Run(how, func(t *testing.T) {
			s := newScene(t, servicetest.Options{})
			s.start()
			s.up()
			s.logged("COMMANDS", 1)
			switch how {
			case "DISCONNECTING":
				s.router.Quit(true)
			case "QUITTING":
				s.router.Send("alpha", "<n1:communicatord QUITTING")
			default:
				s.router.Drop("alpha")
			}
			s.Until("the connection ends", func() bool { return !s.s.Registered() })
			s.router.Kill()
			require.Zero(t, s.router.Count("UNREGISTER"))
			require.Empty(t, s.stops)
			require.NoError(t, s.s.Send(message.New("NEWS")))
			s.restart(servicetest.Options{Node: "n2"})
			s.up()
			s.logged("^alpha→d <:alpha NEWS$", 1)
			require.Equal(t, "n2", s.s.Node())
			require.Empty(t, s.lost)
			s.end()
			require.Equal(t, 1, s.router.Count("UNREGISTER"))
		})
	}
}

func TestQuitWithRouter(t *testing.T) {
	s := newScene(t, servicetest.Options{})
	s.options.QuitWithRouter = true
	s.start()
	s.up()
	s.logged("COMMANDS", 1)
	s.router.Quit(true)
	s.Idle()
	require.Equal(t, []bool{true}, s.stops)
	require.Zero(t, s.router.Count("UNREGISTER"))
	require.Equal(t, link.Closed, s.s.Status().State)
}

// A refusal is a state with a typed error, not a storm; when the name is free it is taken.
func TestRefused(t *testing.T) {
	s := newScene(t, servicetest.Options{Refuse: map[string]string{"alpha": "the policy of line 3"}})
	s.options.Link.Pauses = link.Pauses{20 * time.Millisecond, time.Hour}
	s.start()
	require.NoError(t, s.s.Send(message.New("NEWS")))
	waiting := func() bool {
		st := s.s.Status()
		return st.State == link.Waiting && st.Attempts == 2
	}
	s.Until("it waits for the third attempt", waiting)
	var refused *service.RefusedError
	require.ErrorAs(t, s.s.Status().Err, &refused)
	require.Equal(t, service.RefusedError{Name: "alpha", Reason: "the policy of line 3"}, *refused)
	require.EqualError(t, refused, "service alpha is refused: the policy of line 3")
	require.Equal(t, 2, s.router.Count("REGISTER service"))
	require.Zero(t, s.router.Count("NEWS"), "nothing is sent by one who has no name")
	s.router.Kill()
	s.restart(servicetest.Options{})
	s.end() // one more attempt, for the queue
	require.Equal(t, 1, s.router.Count("^alpha→d <:alpha NEWS$"))
	require.Equal(t, 1, s.router.Count("^alpha→d UNREGISTER service=alpha$"))
}

func TestRefusedForGood(t *testing.T) {
	s := newScene(t, servicetest.Options{})
	first, err := service.New(s.Loop, service.Options{Name: "alpha", Router: s.router.At, Logger: s.options.Logger})
	require.NoError(t, err)
	s.Until("the first is registered", first.Registered)
	var told *service.RefusedError
	s.options.OnRefused = func(e *service.RefusedError) bool {
		told = e
		return false
	}
	s.start()
	require.NoError(t, s.s.Send(message.New("NEWS")))
	s.Until("it ends", func() bool { return s.s.Status().State == link.Closed })
	require.Equal(t, "the name alpha is taken", told.Reason)
	require.Equal(t, []string{"NEWS"}, s.lost)
	require.ErrorIs(t, s.why[0], transport.ErrClosed)
	require.True(t, first.Registered(), "the first is undisturbed")
	first.Close()
	s.Idle()
}

// communicatord says nothing at all when it refuses; something else that listens there does not know REGISTER.
func TestNoRouterThere(t *testing.T) {
	for name, tt := range map[string]struct {
		o     servicetest.Options
		check func(t *testing.T, err error)
	}{
		"communicatord refuses": {
			servicetest.Options{Cxx: true, Refuse: map[string]string{"alpha": ""}},
			func(t *testing.T, err error) { require.ErrorIs(t, err, transport.ErrTimeout) },
		},
		"mute": {
			servicetest.Options{Silent: true},
			func(t *testing.T, err error) { require.ErrorIs(t, err, transport.ErrTimeout) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, tt.o)
			s.options.Link.HelloTimeout = 20 * time.Millisecond
			s.options.Link.Pauses = link.Pauses{time.Hour}
			s.start()
			s.Until("it waits", func() bool { return s.s.Status().State == link.Waiting })
			tt.check(t, s.s.Status().Err)
			s.end()
		})
	}
	t.Run("another service", func(t *testing.T) {
		s := newScene(t, servicetest.Options{Silent: true})
		s.options.Link.Pauses = link.Pauses{time.Hour}
		s.start()
		s.logged("REGISTER", 1)
		s.router.Answer("UNKNOWN command=OTHER")
		s.router.Answer("UNKNOWN command=REGISTER")
		s.Until("it waits", func() bool { return s.s.Status().State == link.Waiting })
		var refused *service.RefusedError
		require.True(t, errors.As(s.s.Status().Err, &refused))
		require.Contains(t, refused.Reason, "no router")
		s.end()
	})
}

// With communicatord all goes well, too.
func TestCxx(t *testing.T) {
	s := newScene(t, servicetest.Options{Cxx: true, At: mustAddress(t, "tcp://127.0.0.1:0")})
	s.start()
	s.up()
	s.router.Send("alpha", "<n1:beta alpha/PING")
	s.logged("PONG", 1)
	s.end()
	require.Equal(t, 1, s.router.Count("UNREGISTER"))
}

// Routers die and come while messages flow: each that was taken arrives once, or is reported.
func TestRestartsWithTraffic(t *testing.T) {
	s := newScene(t, servicetest.Options{})
	s.start()
	routers := []*servicetest.Router{s.router}
	sent := 0
	feed := s.Loop.Every(200*time.Microsecond, "feed", func(int) {
		for range 5 {
			if s.s.Send(message.New(fmt.Sprintf("N%d", sent))) == nil {
				sent++
			}
		}
	})
	for i := range 6 {
		s.up()
		before := s.router.Count("→d <:alpha N")
		s.Until("messages flow", func() bool { return s.router.Count("→d <:alpha N") > before+20 })
		if i%2 == 0 {
			s.router.Quit(false)
			s.Until("it is seen", func() bool { return !s.s.Registered() })
		}
		s.router.Kill()
		s.restart(servicetest.Options{})
		routers = append(routers, s.router)
	}
	feed.Cancel()
	s.up()
	s.end()
	seen := map[string]int{}
	for _, r := range routers {
		for _, line := range r.Log() {
			var n int
			if _, err := fmt.Sscanf(line, "alpha→d <:alpha N%d", &n); err == nil {
				seen[fmt.Sprintf("N%d", n)]++
			}
		}
	}
	lost := map[string]error{}
	for i, command := range s.lost {
		lost[command] = s.why[i]
	}
	for i := range sent {
		name := fmt.Sprintf("N%d", i)
		require.LessOrEqual(t, seen[name], 1, "%s came twice", name)
		if seen[name] == 0 {
			require.ErrorIs(t, lost[name], link.ErrUncertain, "%s was neither delivered nor reported", name)
		}
	}
}
