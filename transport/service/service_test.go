package service_test

import (
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/service"
	"github.com/ed-toolbox/ed/transport/service/servicetest"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

func TestMain(m *testing.M) {
	transporttest.Prepare()
	goleak.VerifyTestMain(m)
}

// scene is a service on the test's loop and a router on its own.
type scene struct {
	*transporttest.World
	router  *servicetest.Router
	options service.Options
	s       *service.Service

	got      []string // messages for the program
	statuses []service.Status
	states   []link.Status
	stops    []bool
	lost     []string
	why      []error
}

func newScene(t *testing.T, o servicetest.Options) *scene {
	s := &scene{World: transporttest.NewWorld(t)}
	s.router = servicetest.Start(t, o)
	commands := dispatch.New(dispatch.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	for command, reply := range map[string]string{"PING": "PONG", "RELOAD": ""} {
		require.NoError(t, commands.On(command, func(from dispatch.Sender, m *message.Message) error {
			text, err := m.AppendText(nil)
			require.NoError(t, err)
			s.got = append(s.got, string(text))
			if reply == "" {
				return nil
			}
			return from.Send(m.Reply(reply))
		}))
	}
	s.options = service.Options{
		Name: "alpha", Router: s.router.At, Dispatcher: commands,
		Defaults: dispatch.DefaultsOptions{Stop: func(q bool) { s.stops = append(s.stops, q) }},
		OnStatus: func(st service.Status) { s.statuses = append(s.statuses, st) },
		Logger:   slog.New(slog.NewTextHandler(io.Discard, nil)),
		Link: link.PermanentOptions{
			Pauses:  link.Pauses{time.Millisecond},
			OnState: func(st link.Status) { s.states = append(s.states, st) },
			OnUndelivered: func(m *message.Message, why error) {
				s.lost, s.why = append(s.lost, m.Command()), append(s.why, why)
			},
		},
	}
	return s
}

func (s *scene) start() {
	s.T.Helper()
	var err error
	s.s, err = service.New(s.Loop, s.options)
	require.NoError(s.T, err)
}

func (s *scene) up() {
	s.T.Helper()
	s.Until("the service is registered", func() bool { return s.s.Registered() && s.s.Status().State == link.Up })
}

func (s *scene) logged(pattern string, n int) {
	s.T.Helper()
	s.Until(pattern, func() bool { return s.router.Count(pattern) >= n })
}

// restart puts another router in the place of one that died.
func (s *scene) restart(o servicetest.Options) {
	s.T.Helper()
	o.At = s.router.At
	s.router = servicetest.Start(s.T, o)
}

func (s *scene) end() {
	s.T.Helper()
	s.s.Close()
	s.Idle()
	require.Equal(s.T, link.Closed, s.s.Status().State)
	require.False(s.T, s.s.Registered())
}

const announced = "ALIVE,DISCONNECTING,HELP,INVALID,LEAK,LOG_ROTATE,PING,QUITTING,READY,RELOAD,RESTART,SERVICE_UNAVAILABLE,STATUS,STOP,UNKNOWN"

// The transcript of the handshake, byte by byte, with what was queued before it.
func TestHandshake(t *testing.T) {
	s := newScene(t, servicetest.Options{})
	s.start()
	m := message.New("DO").Set("a", "1")
	m.SetService("beta")
	require.NoError(t, s.s.Send(m))
	require.Empty(t, m.SentFromService(), "it is given back as it was")
	from := message.New("DO").Set("a", "2")
	from.SetService("beta")
	from.SetSentFrom("n9", "other")
	require.NoError(t, s.s.Send(from))
	require.False(t, s.s.Registered())
	s.up()
	s.logged("DO", 2)
	require.Equal(t, []string{
		"?→d REGISTER service=alpha;settles=true;version=1",
		"d→alpha <n1:communicatord HELP",
		"d→alpha <n1:communicatord READY my_address=10.0.0.1:4042",
		"alpha→d <:alpha n1:communicatord/COMMANDS list=" + announced,
		"alpha→d <:alpha beta/DO a=1",
		"alpha→d <n9:other beta/DO a=2",
	}, s.router.Log())
	require.Equal(t, "n1", s.s.Node())
	require.Equal(t, "tcp://10.0.0.1:4042", s.s.MyAddress().String())
	require.Equal(t, "alpha", s.s.Name())
	s.end()
	require.Equal(t, "alpha→d UNREGISTER service=alpha", s.router.Log()[6])
	require.Empty(t, s.lost)
}

// A service without a callback for STATUS does not ask the router for every one, and a group is asked for.
func TestGroupWithoutStatus(t *testing.T) {
	s := newScene(t, servicetest.Options{})
	s.options.OnStatus, s.options.Group, s.options.Dispatcher = nil, "one", nil
	s.start()
	s.up()
	s.logged("COMMANDS", 1)
	require.Equal(t, "?→d REGISTER group=one;service=alpha;settles=true;version=1", s.router.Log()[0])
	require.Zero(t, s.router.Count("STATUS"))
	s.end()
}

func TestReplies(t *testing.T) {
	s := newScene(t, servicetest.Options{})
	s.start()
	s.up()
	s.router.Send("alpha", "<n1:beta alpha/PING mode=now")
	s.router.Send("alpha", "alpha/PING mode=later")
	s.router.Send("alpha", "<n1:beta alpha/CLIMB")
	s.router.Send("alpha", "<n1:beta alpha/ALIVE serial=7")
	s.router.Send("alpha", "<n1:communicatord HELP")
	s.logged("COMMANDS", 2)
	s.Until("they are answered", func() bool { return s.router.Count("^alpha→d .*(ABSOLUTELY|PONG|UNKNOWN c)") == 4 })
	require.Equal(t, 1, s.router.Count("^alpha→d <:alpha n1:beta/PONG$"))
	require.Equal(t, 1, s.router.Count("^alpha→d <:alpha PONG$"))
	require.Equal(t, 1, s.router.Count("^alpha→d <:alpha n1:beta/UNKNOWN command=CLIMB$"))
	require.Equal(t, 1, s.router.Count("^alpha→d <:alpha n1:beta/ABSOLUTELY reply_timestamp=.*;serial=7$"))
	require.Equal(t, []string{"<n1:beta alpha/PING mode=now", "alpha/PING mode=later"}, s.got)
	s.end()
}

func TestAnnounce(t *testing.T) {
	s := newScene(t, servicetest.Options{})
	s.options.Defaults.Help = func() []string { return []string{"ZOOM"} }
	s.start()
	require.NoError(t, s.s.Announce(), "too early: the router will ask")
	s.up()
	require.NoError(t, s.options.Dispatcher.On("LATER", func(dispatch.Sender, *message.Message) error { return nil }))
	require.NoError(t, s.s.Announce())
	s.logged("^alpha→d <:alpha n1:communicatord/COMMANDS list=ALIVE.*,LATER,.*,ZOOM$", 1)
	s.end()
}

func TestStatus(t *testing.T) {
	s := newScene(t, servicetest.Options{})
	s.start()
	s.up()
	s.logged("COMMANDS", 1)
	require.NoError(t, s.s.Send(message.New("SERVICE_STATUS").Set("service", "zeta")))
	require.NoError(t, s.s.Send(message.New("SERVICE_STATUS").Set("service", "alpha")))
	s.router.Send("alpha", "STATUS status=up") // no service: the handler fails, and nothing else happens
	s.router.Send("alpha", "<n1:communicatord STATUS down_since=1768770100;server_name=n1;service=b;status=down;up_since=x")
	s.Until("they came", func() bool { return len(s.statuses) == 3 })
	require.ElementsMatch(t, []service.Status{
		{Service: "zeta", Status: "unknown"},
		{Service: "alpha", Server: "n1", Status: "up", UpSince: time.Unix(1768770000, 0)},
		{Service: "b", Server: "n1", Status: "down", DownSince: time.Unix(1768770100, 0)},
	}, s.statuses)
	s.end()
}

// STOP: what is queued goes out, then UNREGISTER; the loop comes to its end by itself.
func TestStop(t *testing.T) {
	s := newScene(t, servicetest.Options{})
	s.options.Defaults.Stop = func(quitting bool) {
		s.stops = append(s.stops, quitting)
		m := message.New("FAREWELL")
		m.SetService("beta")
		require.NoError(t, s.s.Send(m))
	}
	s.start()
	s.up()
	s.logged("COMMANDS", 1)
	s.router.Send("alpha", "<n1:ed_stop alpha/STOP")
	s.Idle()
	require.Equal(t, []bool{false}, s.stops)
	require.Equal(t, []string{"alpha→d <:alpha beta/FAREWELL", "alpha→d UNREGISTER service=alpha"}, s.router.Log()[5:7])
	require.Equal(t, link.Closed, s.s.Status().State)
	require.Empty(t, s.lost)
	require.ErrorIs(t, s.s.Send(message.New("LATE")), transport.ErrClosed)
	s.s.Close()
	s.s.Abort(nil)
}

// A program that wants more time handles STOP itself.
func TestStopOfTheProgramsOwn(t *testing.T) {
	s := newScene(t, servicetest.Options{})
	asked := false
	require.NoError(t, s.options.Dispatcher.On("STOP", func(dispatch.Sender, *message.Message) error {
		asked = true
		return nil
	}))
	s.start()
	s.up()
	s.router.Send("alpha", "alpha/STOP")
	s.Until("it is asked", func() bool { return asked })
	require.True(t, s.s.Registered())
	require.Empty(t, s.stops)
	s.end()
}

// Close before there ever was a router makes no attempt for the sake of UNREGISTER.
func TestCloseWithoutRouter(t *testing.T) {
	s := newScene(t, servicetest.Options{})
	s.router.Kill()
	s.start()
	s.Until("it waits", func() bool { return s.s.Status().State == link.Waiting })
	require.Error(t, s.s.Status().Err)
	s.end()
	require.Empty(t, s.lost)

	s = newScene(t, servicetest.Options{})
	s.router.Kill()
	s.start()
	require.NoError(t, s.s.Send(message.New("NEWS")))
	s.end()
	require.Equal(t, []string{"NEWS"}, s.lost, "UNREGISTER is nobody's loss")
	require.ErrorIs(t, s.why[0], transport.ErrClosed)
}

func TestNewErrors(t *testing.T) {
	w := transporttest.NewWorld(t)
	taken := dispatch.New(dispatch.Options{})
	require.NoError(t, taken.Defaults(dispatch.DefaultsOptions{}))
	udp, err := service.ParseRouter("cdu://127.0.0.1")
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		o    service.Options
		want string
	}{
		"no name":   {service.Options{}, "service"},
		"bad name":  {service.Options{Name: "foo-bar"}, "foo-bar"},
		"reserved":  {service.Options{Name: "communicatord"}, "is taken"},
		"broadcast": {service.Options{Name: "*"}, "bad service name"},
		"group":     {service.Options{Name: "a", Group: "some"}, "neither one nor all"},
		"datagrams": {service.Options{Name: "a", Router: udp}, "streams only"},
		"own hello": {service.Options{Name: "a", Link: link.PermanentOptions{Hello: func(*link.Link) error { return nil }}}, "its own"},
		"defaults":  {service.Options{Name: "a", Dispatcher: taken}, "default commands already"},
		"one way":   {service.Options{Name: "a", Router: mustAddress(t, "fifo:/nowhere/at/all")}, "both ways"},
		"listens":   {service.Options{Name: "a", Router: address.Address{Scheme: 99, Path: "x"}}, "make service"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := service.New(w.Loop, tt.o)
			require.ErrorContains(t, err, tt.want)
		})
	}
	d := dispatch.New(dispatch.Options{})
	require.NoError(t, d.Add(dispatch.Match{Command: "STATUS", Priority: dispatch.System, Handler: func(dispatch.Sender, *message.Message) error { return nil }}))
	_, err = service.New(w.Loop, service.Options{Name: "a", Dispatcher: d, OnStatus: func(service.Status) {}})
	require.True(t, errors.Is(err, dispatch.ErrDuplicate))
	require.Equal(t, []string{"STATUS"}, d.Commands(), "nothing is left behind")
}
