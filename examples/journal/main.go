// Journal appends the text of every LOG message to a file and opens that file anew on LOG_ROTATE.
//
//	go run ./examples/journal tcp://127.0.0.1:4051 /tmp/journal.log
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: journal ADDR FILE")
		os.Exit(64)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "journal:", err)
		os.Exit(1)
	}
}

func run(text, path string) error {
	where, err := address.Parse(text, address.Defaults{Scheme: address.TCP})
	if err != nil {
		return err
	}
	loop, err := reactor.New(reactor.Options{Name: "journal"})
	if err != nil {
		return err
	}
	defer loop.Close()
	var file *os.File // *os.File is nil-safe: writing before reopen reports an error
	reopen := func() {
		file.Close()
		file, err = os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	}
	reopen()
	commands := dispatch.New(dispatch.Options{})
	commands.On("LOG", func(_ dispatch.Sender, m *message.Message) error {
		text, _ := m.Get("message")
		_, err := fmt.Fprintln(file, text)
		return err
	})
	commands.Defaults(dispatch.DefaultsOptions{LogRotate: reopen, Stop: func(bool) { loop.Stop() }})
	server := link.NewServer(link.Options{Dispatcher: commands})
	if _, listenErr := open.Listen(loop, where, transport.Options{}, server.Accept); listenErr != nil {
		return listenErr
	}
	return loop.Run(context.Background())
}
