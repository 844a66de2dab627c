// Goroutines echoes lines the way most Go programs would: package net, a goroutine for each connection, bufio, and answers are written
// when no line is left. It looks at nothing but line ends. scripts/perf compares a service with it.
//
//	go run ./tests/perf/goroutines tcp:4050 unix:/tmp/echo.sock
package main

import (
	"bufio"
	"log"
	"net"
	"os"
	"strings"
)

func main() {
	done := make(chan error)
	for _, where := range os.Args[1:] {
		network, address, _ := strings.Cut(where, ":")
		if network == "tcp" {
			address = "127.0.0.1:" + address
		}
		listener, err := net.Listen(network, address)
		if err != nil {
			log.Fatal("goroutines: ", err)
		}
		go func() { done <- serve(listener) }()
	}
	log.Fatal("goroutines: ", <-done)
}

func serve(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go echo(c)
	}
}

// echo ends with the connection, whatever the reason.
func echo(c net.Conn) {
	defer c.Close()
	r, w := bufio.NewReader(c), bufio.NewWriter(c)
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		if _, err = w.Write(line); err == nil && r.Buffered() == 0 {
			err = w.Flush()
		}
		if err != nil {
			return
		}
	}
}
