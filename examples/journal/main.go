// Journal appends the text of every LOG message to a file and opens that file anew on LOG_ROTATE.
//
//	go run ./examples/journal tcp://127.0.0.1:4051 /tmp/journal.log
package main

import (
	"context"
	"log"
	"os"
	"syscall"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: journal ADDR FILE")
	}
	where, err := address.Parse(os.Args[1], address.Defaults{})
	check(err)
	loop, err := reactor.New(reactor.Options{Name: "journal"})
	check(err)
	var file *os.File
	reopen := func() {
		file.Close()
		file, err = os.OpenFile(os.Args[2], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
		check(err)
	}
	reopen()
	commands := dispatch.New(dispatch.Options{})
	check(commands.On("LOG", func(_ dispatch.Sender, m *message.Message) error {
		text, _ := m.Get("message")
		_, err := file.WriteString(text + "\n")
		return err
	}))
	check(commands.Defaults(dispatch.DefaultsOptions{LogRotate: reopen, Stop: func(bool) { loop.Stop() }}))
	server := link.NewServer(link.Options{Dispatcher: commands})
	listener, err := open.Listen(loop, where, transport.Options{}, server.Accept)
	check(err)
	defer listener.Close()
	defer control.Offer(loop, control.Options{Name: "journal", Dispatcher: commands, Server: server}).Close()
	_, err = watch.Signals(loop, func(syscall.Signal, int) { loop.Stop() }, watch.SignalOptions{}, syscall.SIGINT, syscall.SIGTERM)
	check(err)
	check(loop.Run(context.Background()))
}

func check(err error) {
	if err != nil {
		log.Fatal("journal: ", err)
	}
}
