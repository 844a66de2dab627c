package watch_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/watch"
)

// A command whose end is an event like others. Keep leaves it to its owner to reap.
func ExampleChildProcess() {
	l, err := reactor.New(reactor.Options{})
	if err != nil {
		log.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", "exit 3")
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	_, err = watch.ChildProcess(l, cmd.Process, func(e watch.Exit) {
		_ = cmd.Wait()
		fmt.Println(e)
	}, watch.ChildOptions{Keep: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Run(context.Background()), l.Close())
	// Output:
	// exit status 3
	// <nil> <nil>
}

// A service that reads its configuration again, on SIGHUP and when it was changed. Coalesce makes one event of what
// an editor does to save.
func ExampleFiles() {
	l, err := reactor.New(reactor.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	reload := func() { fmt.Println("reload"); l.Stop() }
	signals, err := watch.Signals(l, func(syscall.Signal, int) { reload() }, watch.SignalOptions{}, syscall.SIGHUP)
	if err != nil {
		log.Fatal(err)
	}
	defer signals.Close()
	dir, err := os.MkdirTemp("", "conf")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	files, err := watch.Files(l, func(e watch.FileEvent) {
		if e.Op != watch.Lost { // Synced comes after it
			reload()
		}
	}, watch.FileOptions{Patterns: []string{watch.Escape(dir) + "/**/*.conf"}, Coalesce: 10 * time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	defer files.Close()
	if err := os.WriteFile(dir+"/a.conf", nil, 0o600); err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Run(context.Background()))
	// Output:
	// reload
	// <nil>
}

// Work that must not be done on the loop, for it blocks.
func ExampleBackground() {
	l, err := reactor.New(reactor.Options{})
	if err != nil {
		log.Fatal(err)
	}
	_, err = watch.Background(l, func(context.Context) (string, error) {
		return "slow answer", nil
	}, func(answer string, err error) { fmt.Println(answer, err) })
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Run(context.Background()), l.Close())
	// Output:
	// slow answer <nil>
	// <nil> <nil>
}
