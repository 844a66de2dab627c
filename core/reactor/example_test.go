package reactor_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
)

// echo prints what comes in, until the end.
type echo struct{ in *os.File }

func (e echo) OnReady(s reactor.Source, _ reactor.Interest) {
	p := make([]byte, 16)
	n, err := e.in.Read(p)
	if err != nil {
		s.Remove()
		return
	}
	fmt.Printf("%s", p[:n])
}

func Example() {
	l, err := reactor.New(reactor.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = l.Close() }()

	in, out, _ := os.Pipe()
	defer func() { _ = in.Close() }()
	if _, err := l.Add(int(in.Fd()), echo{in}, reactor.SourceOptions{Name: "pipe", Interest: reactor.Read}); err != nil {
		fmt.Println(err)
		return
	}
	l.After(time.Millisecond, "last words", func() {
		_, _ = out.WriteString("hello\n")
		_ = out.Close()
	})
	fmt.Println(l.Run(context.Background())) // until the pipe has ended and nothing is left
	// Output:
	// hello
	// <nil>
}
