// Package servicetest is a small router for tests of what talks to routers: a real socket, the handshake, forwarding by name, and a
// transcript of every line. It has one node and no cluster, and follows orders: it refuses names, keeps silent, dies.
package servicetest

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// Options of a Router. The zero value is a router in good order, like ours.
type Options struct {
	At     address.Address   // zero: a Unix socket in a folder of the test
	UDP    address.Address   // if set, datagrams are taken there, too
	Node   string            // "" is n1
	Cxx    bool              // it does what communicatord does: it is silent where that is
	Silent bool              // it answers nothing at all
	Refuse map[string]string // service name -> why it is not registered
	Full   map[string]bool   // services that take nothing any more
	PID    int               // said to be that of each service; 0: what their connections tell
	Since  int64             // said to be when each was registered, in seconds; 0: long ago
	Listed map[string]bool   // services whose messages are kept while they are away
}

// Router runs on a goroutine of its own until the end of the test. Its methods may be called from any goroutine, and wait until
// what they ask for is done.
type Router struct {
	t       testing.TB
	options Options
	At      address.Address
	UDP     address.Address
	loop    *reactor.Loop
	ended   chan struct{}

	server   *link.Server
	packets  *link.Datagram
	listener transport.Listener
	socket   transport.PacketConn
	clients  map[dispatch.Sender]*client
	quitting bool

	mu   sync.Mutex
	log  []string
	wake chan struct{}
}

// client is one connection.
type client struct {
	name     string
	commands map[string]bool
	since    int64
}

// Start runs a router.
func Start(t testing.TB, o Options) *Router {
	t.Helper()
	if o.Node == "" {
		o.Node = "n1"
	}
	if o.At.IsZero() {
		o.At = address.FromUnix(address.Unix, filepath.Join(t.TempDir(), "router.sock"))
	}
	r := &Router{t: t, options: o, ended: make(chan struct{}), clients: map[dispatch.Sender]*client{}, wake: make(chan struct{})}
	var err error
	if r.loop, err = reactor.New(reactor.Options{Name: "test router"}); err != nil {
		t.Fatal(err)
	}
	lo := link.Options{Dispatcher: r, OnOpen: func(l *link.Link) { r.clients[l] = &client{} }, OnClose: r.closed}
	r.server, r.packets = link.NewServer(lo), link.NewDatagram(lo, nil)
	if r.listener, err = open.Listen(r.loop, o.At, transport.Options{}, r.server.Accept); err != nil {
		t.Fatal(err)
	}
	r.At = r.listener.Addr()
	if !o.UDP.IsZero() {
		if r.socket, err = open.Packet(r.loop, o.UDP, address.Address{}, transport.Options{}, r.packets); err != nil {
			t.Fatal(err)
		}
		r.UDP = r.socket.Local()
	}
	r.loop.Hold() // until Kill: it lives without connections
	go func() {
		defer close(r.ended)
		if err := r.loop.Run(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(r.Kill)
	return r
}

// do runs f on the router's loop.
func (r *Router) do(f func()) {
	done := make(chan struct{})
	if r.loop.Post(func() { f(); close(done) }) != nil {
		return // it is over
	}
	select {
	case <-done:
	case <-r.ended:
	}
}

// Kill ends it as kill -9 does, but for the socket's file, which is gone. Calling it again does nothing.
func (r *Router) Kill() {
	r.do(func() {
		r.quitting = true
		r.stopListening()
		for l := range r.server.Links() {
			l.Abort(nil)
		}
		r.loop.Stop()
	})
	<-r.ended
	_ = r.loop.Close() // it may be closed already
}

// Quit ends it in good order: DISCONNECTING to those who announced it, QUITTING to those who talk on. The connections stay until
// Kill where hold is true.
func (r *Router) Quit(hold bool) {
	r.do(func() {
		r.quitting = true
		r.stopListening()
		for l := range r.server.Links() {
			if r.clients[l].commands["DISCONNECTING"] {
				r.reply(l, r.command("DISCONNECTING"))
			}
			if !hold {
				l.Close()
			}
		}
	})
}

func (r *Router) stopListening() {
	_ = r.listener.Close()
	if r.socket != nil {
		_ = r.socket.Close()
	}
}

// Send has the router send a line to a service, as it is but for the form.
func (r *Router) Send(service, line string) {
	r.t.Helper()
	m, err := message.Parse([]byte(line))
	if err != nil {
		r.t.Fatal(err)
	}
	found := false
	r.do(func() {
		for l, c := range r.clients {
			if found = c.name == service; found {
				r.reply(l, m)
				return
			}
		}
	})
	if !found {
		r.t.Fatalf("no service %s is registered", service)
	}
}

// Drop resets the connection of a service.
func (r *Router) Drop(service string) {
	r.do(func() {
		for l, c := range r.clients {
			if k, ok := l.(*link.Link); ok && c.name == service {
				k.Abort(nil)
			}
		}
	})
}

// Log is the transcript: "alpha→d LINE" for what came, "d→alpha LINE" for what went; a client without a name is "?".
func (r *Router) Log() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.log...)
}

// Count says how many lines of the transcript match a pattern.
func (r *Router) Count(pattern string) int {
	n, re := 0, regexp.MustCompile(pattern)
	for _, line := range r.Log() {
		if re.MatchString(line) {
			n++
		}
	}
	return n
}

// Wait returns when the transcript has so many lines that match.
func (r *Router) Wait(pattern string, n int) {
	r.t.Helper()
	limit := time.NewTimer(time.Minute)
	defer limit.Stop()
	for {
		r.mu.Lock()
		wake := r.wake
		r.mu.Unlock()
		if r.Count(pattern) >= n {
			return
		}
		select {
		case <-wake:
		case <-limit.C:
			r.t.Fatalf("no %d lines like %s in\n%s", n, pattern, strings.Join(r.Log(), "\n"))
		}
	}
}

func (r *Router) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, fmt.Sprintf(format, args...))
	close(r.wake)
	r.wake = make(chan struct{})
}

// Answer has the router send a line over each connection, also to those that have not registered.
func (r *Router) Answer(line string) {
	r.t.Helper()
	m, err := message.Parse([]byte(line))
	if err != nil {
		r.t.Fatal(err)
	}
	r.do(func() {
		for to := range r.clients {
			r.reply(to, m)
		}
	})
}
