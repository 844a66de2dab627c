package tlsconn

import (
	"sync"

	"github.com/ed-toolbox/ed/core/reactor"
)

// enough is how many bytes wait for a handshake before the connection below is paused.
const enough = 64 << 10

// exchange carries bytes between the loop and the goroutine that makes one handshake.
type exchange struct {
	loop *reactor.Loop
	gate chan struct{}
	tend func() // posted to the loop when there is something to send, or room to read

	mu     sync.Mutex
	came   sync.Cond // in or err have changed
	in     []byte    // from the peer
	out    []byte    // to the peer
	err    error     // what read returns once in is empty
	full   bool      // the loop has paused the connection below
	tended bool      // tend is posted and has not run
}

func newExchange(l *local, tend func()) *exchange {
	x := &exchange{loop: l.Loop, gate: l.gate, tend: tend}
	x.came.L = &x.mu
	return x
}

// enter waits until the goroutine may compute.
func (x *exchange) enter() { x.gate <- struct{}{} }
func (x *exchange) leave() { <-x.gate }

// read is called by the goroutine. While it waits for the peer, another handshake may compute.
func (x *exchange) read(p []byte) (int, error) {
	x.mu.Lock()
	if len(x.in) == 0 && x.err == nil {
		room := x.full
		x.full = false
		x.mu.Unlock()
		if room {
			x.ask()
		}
		x.leave()
		x.mu.Lock()
		for len(x.in) == 0 && x.err == nil {
			x.came.Wait()
		}
		x.mu.Unlock()
		x.enter()
		x.mu.Lock()
	}
	defer x.mu.Unlock()
	if len(x.in) == 0 {
		return 0, x.err
	}
	n := copy(p, x.in)
	x.in = x.in[n:]
	return n, nil
}

// write is called by the goroutine.
func (x *exchange) write(p []byte) (int, error) {
	x.mu.Lock()
	x.out = append(x.out, p...)
	x.mu.Unlock()
	x.ask()
	return len(p), nil
}

// ask has tend called once on the loop. A loop that is closed ends the handshake.
func (x *exchange) ask() {
	x.mu.Lock()
	ask := !x.tended
	x.tended = true
	x.mu.Unlock()
	if !ask {
		return
	}
	if err := x.loop.PostWait(x.tend); err != nil {
		x.fail(err)
	}
}

// fail ends the handshake from any goroutine; the first reason counts.
func (x *exchange) fail(err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err == nil {
		x.err = err
		x.came.Broadcast()
	}
}

// feed is called by the loop. It says whether so much waits that no more should come.
func (x *exchange) feed(p []byte) (full bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.in = append(x.in, p...)
	x.came.Broadcast()
	x.full = len(x.in) > enough
	return x.full
}

// take is called by the loop. It returns what is to be sent, and whether there is room for more from the peer.
func (x *exchange) take() (out []byte, room bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	out, x.out, x.tended = x.out, nil, false
	return out, !x.full
}

// rest is called by the loop after the goroutine has ended.
func (x *exchange) rest() []byte { return x.in }
