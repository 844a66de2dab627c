package transporttest

import (
	"bytes"

	"github.com/ed-toolbox/ed/transport"
)

func testHalfCloseClient(p *Pair) {
	client, server := p.half("client"), p.recorder("server")
	server.On = p.echo
	client.Open = func(c transport.Conn) {
		noError(p.T, "write", c.Write([]byte("last words")))
		noError(p.T, "half-close", c.CloseWrite())
		noError(p.T, "half-close again", c.CloseWrite())
		equal(p.T, "write after the half-close", c.Write([]byte("x")), transport.ErrClosed)
	}
	p.connect(client, server)
	p.closed(&client.Recorder, server)
	equal(p.T, "reply", string(client.Data), "last words")
	equal(p.T, "client's ends of stream", client.EOFs, 1)
	equal(p.T, "client's error", client.Err, nil)
	equal(p.T, "server's error", server.Err, nil)
}

func testHalfCloseServer(p *Pair) {
	client, server := p.half("client"), p.half("server")
	server.Open = func(c transport.Conn) {
		noError(p.T, "write", c.Write([]byte("that is all")))
		noError(p.T, "half-close", c.CloseWrite())
	}
	client.EOF = func(c transport.Conn) {
		noError(p.T, "write", c.Write([]byte("thanks")))
		noError(p.T, "close", c.Close())
	}
	p.connect(client, server)
	p.closed(&client.Recorder, &server.Recorder)
	equal(p.T, "client's data", string(client.Data), "that is all")
	equal(p.T, "server's data", string(server.Data), "thanks")
	equal(p.T, "server's ends of stream", server.EOFs, 1)
	equal(p.T, "server's error", server.Err, nil)
}

// testReplyAfterEOF: a service that answers later needs the connection to stay.
func testReplyAfterEOF(p *Pair) {
	client, server := p.recorder("client"), p.half("server")
	client.Open = func(c transport.Conn) {
		noError(p.T, "write", c.Write([]byte("question")))
		noError(p.T, "half-close", c.CloseWrite())
	}
	server.EOF = func(c transport.Conn) {
		p.Loop.After(20e6, "answer", func() {
			equal(p.T, "closed before the answer", server.Closed, 0)
			noError(p.T, "write", c.Write([]byte("answer")))
			noError(p.T, "close", c.Close())
		})
	}
	p.connect(client, server)
	p.closed(client, &server.Recorder)
	equal(p.T, "reply", string(client.Data), "answer")
	equal(p.T, "client's error", client.Err, nil)
}

// testPipelined: 10,000 requests, then the end of stream; every reply comes.
func testPipelined(p *Pair) { p.pipelined(len(request)) }

// testPipelinedLong: the same with replies of 20 MB in all, far above the high
// mark, to a client that reads slowly at first.
func testPipelinedLong(p *Pair) { p.pipelined(2 << 10) }

var request = bytes.Repeat([]byte("0123456789abcde\n"), 4)

func (p *Pair) pipelined(reply int) {
	const n = 10_000
	client, server := p.half("client"), p.recorder("server")
	s := &answering{p: p, reply: make([]byte, reply)}
	server.Discard, server.On, server.Drain = true, s.on, s.drain
	client.Discard = true
	client.Open = func(c transport.Conn) {
		noError(p.T, "write", put(c, bytes.Repeat(request, n)))
		noError(p.T, "half-close", c.CloseWrite())
		c.Pause()
		p.Loop.After(20e6, "read", c.Resume)
	}
	p.connect(client, server)
	p.closed(&client.Recorder, server)
	equal(p.T, "requests", server.Received, n*len(request))
	equal(p.T, "replies", client.Received, n*reply)
	equal(p.T, "client's error", client.Err, nil)
	equal(p.T, "server's error", server.Err, nil)
	if high := server.Conn.Stats().HighWater; high > transport.DefaultHighMark {
		p.T.Errorf("%d bytes were queued", high)
	}
	if reply > len(request) && s.refused == 0 {
		p.T.Error("nothing was ever refused: the test tests nothing")
	}
}

// answering is what a link does: it answers each request, stops reading when a
// reply is refused, and goes on when the queue has drained.
type answering struct {
	p       *Pair
	reply   []byte
	bytes   int // of requests not yet answered
	refused int
}

func (a *answering) on(c transport.Conn, data []byte) {
	a.bytes += len(data)
	a.drain(c)
}

func (a *answering) drain(c transport.Conn) {
	for a.bytes >= len(request) {
		switch err := c.Write(a.reply); err {
		case nil:
			a.bytes -= len(request)
		case transport.ErrFull:
			a.refused++
			equal(a.p.T, "congested", c.Congested(), true)
			c.Pause()
			return
		default:
			a.p.T.Fatal(err)
		}
	}
	c.Resume()
}
