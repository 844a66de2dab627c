package transporttest

import (
	"cmp"
	"errors"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/transport"
)

// testMany holds many connections at once and talks over each.
func testMany(p *Pair) {
	n := Room(p.T, cmp.Or(p.Many, 2000), 4) // pipes have two at each end
	echoes, ends := 0, 0
	p.listen(func(transport.Conn) transport.Handler {
		r := p.recorder("server")
		r.On = p.echo
		return r
	})
	clients := make([]*Recorder, n)
	for i := range clients {
		r := p.recorder("client")
		r.Open = func(c transport.Conn) { noError(p.T, "write", c.Write(request)) }
		r.On = func(transport.Conn, []byte) {
			if r.Received == len(request) {
				echoes++
			}
		}
		r.Close = func(_ transport.Conn, err error) {
			noError(p.T, "close", err)
			ends++
		}
		clients[i] = r
		p.dial(p.Listener.Addr(), transport.Options{ConnectTimeout: patience, CloseTimeout: patience}, r)
	}
	p.Until("all are answered", func() bool { return echoes == n })
	equal(p.T, "open at once", p.Listener.Stats().Open, n)
	for _, r := range clients {
		noError(p.T, "close", r.Conn.Close())
	}
	p.Until("all are closed", func() bool { return ends == n && p.Listener.Stats().Open == 0 })
}

func testRefused(p *Pair) {
	r := p.recorder("client")
	p.dial(p.Refused, transport.Options{}, r)
	equal(p.T, "closed inside Dial", r.Closed, 0)
	p.closed(r)
	equal(p.T, "opened", r.Opened, 0)
	var op *transport.OpError
	if !errors.As(r.Err, &op) || op.Op != "connect" || op.Addr != p.Refused || !errors.Is(r.Err, syscall.ECONNREFUSED) {
		p.T.Errorf("error: %v", r.Err)
	}
}

func testConnectDeadline(p *Pair) {
	if p.Silent.IsZero() {
		return
	}
	r := p.recorder("client")
	p.dial(p.Silent, transport.Options{ConnectTimeout: 30 * time.Millisecond}, r)
	p.closed(r)
	equal(p.T, "opened", r.Opened, 0)
	if !errors.Is(r.Err, transport.ErrTimeout) {
		p.T.Errorf("error: %v", r.Err)
	}
}

func testConnectCancelled(p *Pair) {
	client := p.recorder("client")
	p.connect(client, p.recorder("server"))
	noError(p.T, "write", p.client.Write([]byte("never sent")))
	noError(p.T, "close", p.client.Close())
	p.closed(client)
	equal(p.T, "opened", client.Opened, 0)
	if !errors.Is(client.Err, transport.ErrClosed) {
		p.T.Errorf("error: %v", client.Err)
	}
	if !p.Silent.IsZero() {
		r := p.recorder("client of nobody")
		c := p.dial(p.Silent, transport.Options{}, r)
		p.For(time.Millisecond)
		c.Abort(errAborted)
		p.closed(r)
		equal(p.T, "error", r.Err, errAborted)
	}
}

func testMaxConns(p *Pair) {
	p.Options.MaxConns = 2
	p.listen(func(transport.Conn) transport.Handler { return p.recorder("server") })
	clients := make([]*Recorder, 3)
	for i := range clients {
		clients[i] = p.recorder("client")
		p.dial(p.Listener.Addr(), transport.Options{}, clients[i])
		if i < 2 || !p.Handshake {
			p.opened(clients[i])
		}
	}
	p.closed(clients[2])
	equal(p.T, "refused", p.Listener.Stats().Refused, 1)
	noError(p.T, "close", clients[0].Conn.Close())
	p.Until("one is gone", func() bool { return p.Listener.Stats().Open == 1 })
	again := p.recorder("client again")
	p.dial(p.Listener.Addr(), transport.Options{}, again)
	p.Until("it is accepted", func() bool { return p.Listener.Stats().Accepted == 3 })
}

func testAcceptRefuses(p *Pair) {
	p.listen(func(transport.Conn) transport.Handler { return nil })
	client := p.recorder("client")
	p.dial(p.Listener.Addr(), transport.Options{}, client)
	p.closed(client)
	equal(p.T, "refused", p.Listener.Stats().Refused, 1)
	equal(p.T, "accepted", p.Listener.Stats().Accepted, 0)
}

// testStarved: without a descriptor left, a peer is closed rather than left
// hanging, and the listener lives.
func testStarved(p *Pair) {
	if !p.Descriptors {
		return
	}
	p.listen(func(transport.Conn) transport.Handler {
		r := p.recorder("server")
		r.On = p.echo
		return r
	})
	first, second := p.recorder("first client"), p.recorder("second client")
	p.dial(p.Listener.Addr(), transport.Options{}, first)
	p.Until("the first is accepted", func() bool { return p.Listener.Stats().Accepted == 1 })
	p.dial(p.Listener.Addr(), transport.Options{}, second)
	restore := UseUpDescriptors(p.T)
	defer restore()
	p.Until("a peer is closed for want of descriptors", func() bool { return p.Listener.Stats().Starved == 1 })
	p.closed(second)
	equal(p.T, "the first closed", first.Closed, 0)
	if err := p.Listener.Stats().LastError; !errors.Is(err, syscall.EMFILE) {
		p.T.Errorf("last error: %v", err)
	}
	restore()
	third := p.recorder("third client")
	p.dial(p.Listener.Addr(), transport.Options{}, third)
	p.opened(third)
	noError(p.T, "write", third.Conn.Write(request))
	p.Until("it is answered", func() bool { return third.Received == len(request) })
}

func testListenerClosed(p *Pair) {
	client, server := p.pair()
	server.On = p.echo
	noError(p.T, "close", p.Listener.Close())
	noError(p.T, "close again", p.Listener.Close())
	late := p.recorder("late client")
	p.dial(p.Listener.Addr(), transport.Options{}, late)
	p.closed(late)
	if late.Err == nil || late.Opened > 0 {
		p.T.Errorf("a closed listener accepted: %v", late.Err)
	}
	noError(p.T, "write", client.Conn.Write(request))
	p.Until("the connection lives on", func() bool { return client.Received == len(request) })
}
