package link_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// A client and its service, which is started later, on one loop.
func ExamplePermanent() {
	dir, err := os.MkdirTemp("", "ed-example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	where := address.FromUnix(address.Unix, filepath.Join(dir, "service"))
	loop, err := reactor.New(reactor.Options{})
	if err != nil {
		panic(err)
	}
	defer loop.Close()

	client, err := link.NewPermanent(loop, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return open.Dial(l, where, transport.Options{}, h)
	}, link.PermanentOptions{
		Pauses: link.Pauses{1e6}, // 1 ms
		Hello:  func(l *link.Link) error { return l.Send(message.New("REGISTER").Set("service", "client")) },
	})
	if err != nil {
		panic(err)
	}
	_ = client.Send(message.New("NEWS")) // nobody listens yet: it waits

	var listener transport.Listener
	show := dispatch.Match{CatchAll: true, Handler: func(_ dispatch.Sender, m *message.Message) error {
		fmt.Println(m.Command())
		if m.Command() == "NEWS" {
			client.Close() // the loop comes to its end
			return listener.Close()
		}
		return nil
	}}
	dispatcher := dispatch.New(dispatch.Options{})
	if err := dispatcher.Add(show); err != nil {
		panic(err)
	}
	service := link.NewServer(link.Options{Dispatcher: dispatcher})
	if listener, err = open.Listen(loop, where, transport.Options{}, service.Accept); err != nil {
		panic(err)
	}
	if err := loop.Run(context.Background()); err != nil {
		panic(err)
	}
	// Output:
	// REGISTER
	// NEWS
}

// A program that asks a service, without a loop of its own.
func ExampleDial() {
	where, end := exampleClock()
	defer end()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	clock, err := link.Dial(ctx, func(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
		return open.Dial(l, where, transport.Options{}, h)
	}, link.BlockingOptions{})
	if err != nil {
		panic(err)
	}
	defer clock.Close()
	if err := clock.Send(message.New("NOW")); err != nil {
		panic(err)
	}
	reply, err := clock.Recv(ctx)
	if err != nil {
		panic(err)
	}
	fmt.Println(reply)
	// Output: TIME now=2026-11-22T10:00:00Z
}

// exampleClock runs a clock that stands still, on a goroutine, until end is called.
func exampleClock() (where address.Address, end func()) {
	loop, err := reactor.New(reactor.Options{})
	if err != nil {
		panic(err)
	}
	commands := dispatch.New(dispatch.Options{})
	if err := commands.On("NOW", func(from dispatch.Sender, m *message.Message) error {
		return from.Send(m.Reply("TIME").Set("now", "2026-11-22T10:00:00Z"))
	}); err != nil {
		panic(err)
	}
	server := link.NewServer(link.Options{Dispatcher: commands})
	listener, err := open.Listen(loop, address.Address{Scheme: address.TCP, IP: netip.MustParseAddr("127.0.0.1")}, transport.Options{}, server.Accept)
	if err != nil {
		panic(err)
	}
	where = listener.Addr()
	ended := make(chan error)
	go func() { ended <- loop.Run(context.Background()) }()
	return where, func() {
		_ = loop.Post(func() {
			listener.Close()
			server.Close()
		})
		<-ended
		loop.Close()
	}
}
