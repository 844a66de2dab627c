package link_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

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
