package transporttest

import (
	"errors"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/transport"
)

// endings are the two ways of ending a connection.
var endings = map[string]func(transport.Conn){
	"Close":       func(c transport.Conn) { c.Close() },
	"Abort":       func(c transport.Conn) { c.Abort(errAborted) },
	"Close twice": func(c transport.Conn) { c.Close(); c.Close(); c.Abort(nil) },
}

var errAborted = errors.New("aborted by the test")

// testCloseInside ends either side inside each of its callbacks.
func testCloseInside(p *Pair) {
	for name, end := range endings {
		for _, where := range []string{"OnOpen", "OnData", "OnDrain", "OnEOF", "Write then OnData"} {
			for _, which := range []string{"client", "server"} {
				client, server := p.half("client"), p.half("server")
				one, other := client, server
				if which == "server" {
					one, other = server, client
				}
				p.provoke(one, other, where, end)
				p.connect(client, server)
				p.Until(which+" closes in "+where, func() bool { return one.Closed > 0 })
				p.Until("the other side ends", func() bool { return other.Closed > 0 })
				p.Listener.Close()
				want := error(nil)
				if name == "Abort" {
					want = errAborted
				}
				equal(p.T, name+" of the "+which+" in "+where, one.Err, want)
			}
		}
	}
}

// provoke has one end its connection in the callback named, and other do what
// brings it about.
func (p *Pair) provoke(one, other *HalfRecorder, where string, end func(transport.Conn)) {
	stop := func(c transport.Conn) {
		one.inside = true
		end(c)
		equal(p.T, "closed from inside "+where, one.Closed, 0)
	}
	other.EOF = func(c transport.Conn) { c.Close() }
	other.Discard = true
	switch where {
	case "OnOpen":
		one.Open = stop
	case "OnData":
		other.Open = func(c transport.Conn) { c.Write([]byte("x")) }
		one.On = func(c transport.Conn, _ []byte) { stop(c) }
	case "Write then OnData":
		other.Open = func(c transport.Conn) { c.Write([]byte("x")) }
		one.On = func(c transport.Conn, _ []byte) {
			noError(p.T, "write", c.Write([]byte("bye")))
			stop(c)
			equal(p.T, "write after the end", c.Write([]byte("x")), transport.ErrClosed)
		}
	case "OnDrain":
		one.Open = func(c transport.Conn) {
			for c.Write(make([]byte, 50_000)) == nil && !c.Congested() {
			}
		}
		one.Drain = stop
	case "OnEOF":
		other.Open = func(c transport.Conn) { c.CloseWrite() }
		one.EOF = stop
	}
}

// testPanicInside: a handler that panics loses its connection, and only that.
func testPanicInside(p *Pair) {
	bystander, _ := p.pair()
	p.Listener.Close()
	for _, where := range []string{"OnOpen", "OnData", "OnDrain", "OnEOF"} {
		client, server := p.half("client"), p.half("server")
		p.provoke(server, client, where, func(transport.Conn) {
			server.inside = false
			panic("provoked in " + where)
		})
		p.connect(client, server)
		p.closed(&server.Recorder, &client.Recorder)
		p.Listener.Close()
		var op *transport.OpError
		if !errors.As(server.Err, &op) || op.Op != "handle" {
			p.T.Errorf("after a panic in %s, OnClose got %v", where, server.Err)
		}
	}
	equal(p.T, "the bystander closed", bystander.Closed, 0)
	p.Loop.Stats()
}

func testCloseSendsQueue(p *Pair) {
	const n = 16 << 20 // more than a kernel takes by itself
	p.Options.HighMark = n
	client, server := p.pair()
	client.Conn.Pause()
	client.Discard = true
	data := make([]byte, n)
	pattern(data, 0)
	noError(p.T, "write", put(server.Conn, data))
	noError(p.T, "close", server.Conn.Close())
	p.For(5 * time.Millisecond)
	equal(p.T, "closed before the queue went out", server.Closed, 0)
	client.Conn.Resume()
	p.closed(client, server)
	equal(p.T, "received", client.Received, n)
	equal(p.T, "checksum", client.Sum, patternSum(n))
	equal(p.T, "server's error", server.Err, nil)
	equal(p.T, "client's error", client.Err, nil)
}

func testCloseDeadline(p *Pair) {
	p.Options.CloseTimeout = 20 * time.Millisecond
	p.Options.HighMark = 16 << 20
	client, server := p.pair()
	client.Conn.Pause()
	noError(p.T, "write", put(server.Conn, make([]byte, 16<<20)))
	noError(p.T, "close", server.Conn.Close())
	p.closed(server)
	if !errors.Is(server.Err, transport.ErrTimeout) {
		p.T.Errorf("server's error: %v", server.Err)
	}
}

// testCloseUnread: a server that answers and closes while the client is still
// sending must not lose its answer to a reset.
func testCloseUnread(p *Pair) {
	client, server := p.recorder("client"), p.recorder("server")
	client.Open = func(c transport.Conn) { noError(p.T, "write", put(c, make([]byte, 1<<20))) }
	server.On = func(c transport.Conn, _ []byte) {
		noError(p.T, "write", c.Write([]byte("INVALID\n")))
		noError(p.T, "close", c.Close())
	}
	p.connect(client, server)
	p.closed(client, server)
	equal(p.T, "answer", string(client.Data), "INVALID\n")
	equal(p.T, "server's error", server.Err, nil)
	equal(p.T, "client's error", client.Err, nil)
}

func testAbort(p *Pair) {
	client, server := p.pair()
	client.Conn.Abort(errAborted)
	equal(p.T, "closed inside Abort", client.Closed, 0)
	p.closed(client, server)
	equal(p.T, "client's error", client.Err, errAborted)
	if !p.Resets {
		return
	}
	var op *transport.OpError
	if !errors.As(server.Err, &op) || op.Op != "read" || !errors.Is(server.Err, syscall.ECONNRESET) {
		p.T.Errorf("server's error: %v", server.Err)
	}
}

func testWriteAfterEnd(p *Pair) {
	client, _ := p.pair()
	noError(p.T, "close", client.Conn.Close())
	equal(p.T, "write after Close", client.Conn.Write([]byte("x")), transport.ErrClosed)
	p.closed(client)
	equal(p.T, "write after OnClose", client.Conn.Write([]byte("x")), transport.ErrClosed)
	noError(p.T, "half-close", client.Conn.CloseWrite())
	noError(p.T, "close", client.Conn.Close())
	client.Conn.Pause()
	client.Conn.Resume()
	client.Conn.Abort(errAborted)
	_, _ = client.Conn.Peer()
	equal(p.T, "queued", client.Conn.Queued(), 0)
	equal(p.T, "error", client.Err, nil)
}

// testResetWhileWriting: the peer goes while much is queued for it.
func testResetWhileWriting(p *Pair) {
	client, server := p.pair()
	client.Conn.Pause()
	taken := 0
	for before := -1; taken > before; { // until no kernel takes any more either
		before = taken
		for line := append(make([]byte, 9_999), '\n'); put(server.Conn, line) == nil; taken += len(line) {
		}
		p.For(2 * time.Millisecond)
	}
	_, there := server.Conn.Peer()
	client.Conn.Abort(nil)
	p.closed(client, server)
	if server.Err == nil {
		p.T.Error("the server was not told")
	}
	equal(p.T, "queued", server.Conn.Queued(), 0)
	d, ok := server.Conn.(transport.Discarder)
	if !ok {
		return
	}
	bytes, lines := d.Discarded()
	equal(p.T, "bytes thrown away", bytes, taken-int(server.Conn.Stats().BytesOut))
	if lines == 0 || lines > (bytes+9_999)/10_000 {
		p.T.Errorf("%d lines thrown away, in %d bytes", lines, bytes)
	}
	_, known := server.Conn.Peer()
	equal(p.T, "peer known", known, there)
}

// testEnded: who does not read can still find out that the peer has said its last.
func testEnded(p *Pair) {
	client, server := p.pair()
	e, ok := server.Conn.(transport.Ending)
	if !ok {
		return
	}
	server.Conn.Pause()
	noError(p.T, "write", client.Conn.Write([]byte("x")))
	p.For(2 * time.Millisecond)
	equal(p.T, "ended before", e.Ended(), false)
	noError(p.T, "close", client.Conn.Close())
	p.Until("the end arrives", e.Ended)
	equal(p.T, "data before Resume", len(server.Data), 0)
	server.Conn.Resume()
	p.closed(client, server)
	equal(p.T, "data", string(server.Data), "x")
	equal(p.T, "ended", e.Ended(), true)
}

// testLastWords: what a peer said before it left is read, even if writing to it
// has failed by then.
func testLastWords(p *Pair) {
	client, server := p.pair()
	client.Conn.Pause()
	noError(p.T, "write", server.Conn.Write([]byte("you are over your limit")))
	noError(p.T, "close", server.Conn.Close())
	p.closed(server)
	client.Conn.Resume()
	for range 3 {
		_ = client.Conn.Write([]byte("more"))
	}
	p.closed(client)
	equal(p.T, "last words", string(client.Data), "you are over your limit")
}
