package service_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport/service"
	"github.com/ed-toolbox/ed/transport/service/servicetest"
)

// A whole service. It finds its router by ED_ROUTER, or where routers listen, and runs until it is told to STOP.
func Example() {
	loop, _ := reactor.New(reactor.Options{})
	commands := dispatch.New(dispatch.Options{})
	_ = commands.On("PING", func(from dispatch.Sender, m *message.Message) error {
		return from.Send(m.Reply("PONG"))
	})
	s, err := service.New(loop, service.Options{Name: "alpha", Dispatcher: commands})
	if err != nil {
		panic(err)
	}
	_ = loop.Run(context.Background())
	_ = loop.Close()
	fmt.Println(s.Status().State)
}

// The example above, run.
func TestExample(t *testing.T) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	defer slog.SetDefault(before)
	r := servicetest.Start(t, servicetest.Options{})
	t.Setenv("ED_ROUTER", r.At.Path)
	over := make(chan struct{})
	go func() {
		Example()
		close(over)
	}()
	r.Wait("COMMANDS", 1)
	r.Send("alpha", "<n1:beta alpha/PING")
	r.Wait("^alpha→d <:alpha n1:beta/PONG$", 1)
	r.Send("alpha", "alpha/STOP")
	r.Wait("UNREGISTER", 1)
	<-over
}
