package toolkittest

import (
	"context"
	"testing"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport/control"
)

// Service can be looked into by its control socket, in the folder that control.DirVariable names. It runs on a goroutine of its own,
// until somebody sends it STOP or the test ends.
type Service struct {
	t        testing.TB
	loop     *reactor.Loop
	commands *dispatch.Dispatcher
	over     chan struct{}
}

// Serve runs a service that knows the default commands.
func Serve(t testing.TB, name string) *Service {
	t.Helper()
	s := &Service{t: t, commands: dispatch.New(dispatch.Options{}), over: make(chan struct{})}
	var err error
	if s.loop, err = reactor.New(reactor.Options{Name: name}); err != nil {
		t.Fatal(err)
	}
	if err := s.commands.Defaults(dispatch.DefaultsOptions{Stop: func(bool) { s.loop.Stop() }}); err != nil {
		t.Fatal(err)
	}
	c, err := control.Serve(s.loop, control.Options{Name: name, Dispatcher: s.commands})
	if err != nil {
		t.Fatal(err)
	}
	s.loop.Hold()
	go func() {
		defer close(s.over)
		_ = s.loop.Run(context.Background())
		_ = c.Close()
		_ = s.loop.Close()
	}()
	t.Cleanup(s.Stop)
	return s
}

// Stop ends the service and waits for its end. Calling it again does nothing.
func (s *Service) Stop() {
	_ = s.loop.Post(s.loop.Stop) // it may have ended
	<-s.over
}

// Receive has the service treat a line as if somebody had sent it. It returns when its handler has.
func (s *Service) Receive(line string) {
	s.t.Helper()
	m, err := message.Parse([]byte(line))
	if err != nil {
		s.t.Fatal(err)
	}
	done := make(chan struct{})
	if err := s.loop.Post(func() { s.commands.Dispatch(nil, m); close(done) }); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-done:
	case <-s.over:
		s.t.Fatalf("the service ended before %s", line)
	}
}
