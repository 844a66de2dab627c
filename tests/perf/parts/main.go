// Parts does a part of what examples/echo does, to see what the parts cost: "copy" writes back what it reads, and "decode" decodes and
// validates each line before, but finds no handler and prints nothing. scripts/perf compares them with the C server.
//
//	go run ./tests/perf/parts decode tcp://127.0.0.1:4050 unix:/tmp/parts.sock
package main

import (
	"context"
	"log"
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/open"
)

func main() {
	if len(os.Args) < 3 || os.Args[1] != "copy" && os.Args[1] != "decode" {
		log.Fatal("usage: parts copy|decode ADDR ...")
	}
	loop, err := reactor.New(reactor.Options{Name: "parts"})
	check(err)
	var m *message.Message
	if os.Args[1] == "decode" {
		m = new(message.Message)
	}
	for _, text := range os.Args[2:] {
		where, err := address.Parse(text, address.Defaults{Scheme: address.TCP})
		check(err)
		_, err = open.Listen(loop, where, transport.Options{}, func(transport.Conn) transport.Handler { return &part{m: m} })
		check(err)
	}
	check(loop.Run(context.Background()))
}

// part serves one connection.
type part struct {
	m       *message.Message // all share it; nil where nothing is decoded
	decoder message.Decoder
}

func (s *part) OnOpen(transport.Conn)         {}
func (s *part) OnDrain(transport.Conn)        {}
func (s *part) OnClose(transport.Conn, error) {}

func (s *part) OnData(c transport.Conn, p []byte) {
	var err error
	if s.m != nil {
		err = s.decoder.Decode(p, s.m, s)
	}
	if err == nil {
		err = c.Write(p)
	}
	if err != nil {
		c.Abort(err)
	}
}

// OnMessages is called by the decoder.
func (s *part) OnMessages(b *message.Batch) bool {
	for b.Next() {
	}
	return true
}

// OnLine is called by the decoder. A load of lines that are no messages measures something else.
func (s *part) OnLine(_ []byte, err error) bool {
	check(err)
	return true
}

func check(err error) {
	if err != nil {
		log.Fatal("parts: ", err)
	}
}
