package servicetest

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport/service"
)

// Register runs a service on a goroutine of its own until the end of the test. It waits until the router knows its commands. Of o,
// Router and Logger are set here.
func (r *Router) Register(t testing.TB, o service.Options) {
	t.Helper()
	loop, err := reactor.New(reactor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o.Router, o.Logger = r.At, slog.New(slog.NewTextHandler(io.Discard, nil))
	s, err := service.New(loop, o)
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- loop.Run(context.Background()) }()
	t.Cleanup(func() {
		if err := loop.Post(func() { s.Abort(nil) }); err != nil {
			t.Error(err)
		}
		if err := <-over; err != nil {
			t.Error(err)
		}
		if err := loop.Close(); err != nil {
			t.Error(err)
		}
	})
	r.Wait("^"+o.Name+"→d .*COMMANDS", 1)
}
