package bench

import (
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// Kinds of load, as the subcommands are called.
const (
	kindRequest = "request"
	kindPub     = "pub"
	kindConnect = "connect"
	kindFanout  = "fanout"
	kindRouter  = "router"
)

// plan is one run: a load of one shape. Nothing in it changes while it runs, so the workers share it.
type plan struct {
	kind   string
	target address.Address
	open   toolkit.Opener

	rate     rate // steady, closed or ramp
	poisson  bool
	burst    int
	warmup   time.Duration
	duration time.Duration
	count    int // of messages to end after, with those of the warm-up; 0: no limit

	connections int
	window      int // on each connection; 0: no limit
	workers     int
	idle        int
	spin        time.Duration
	catchUp     bool

	answerIn    time.Duration // then an answer is lost
	connectIn   time.Duration
	maxDatagram int
	pid         int
	histograms  bool // of each second are kept

	script   *script
	wording  wording            // for scripts of clients that differ
	messages []*message.Message // likewise
	hold     bool               // connections stay until the end
	names    string             // beginning of the names of services at a router
}

// routed says that the messages go through a router to receivers of ours.
func (p *plan) routed() bool { return p.kind == kindFanout || p.kind == kindRouter }

// receivers is how many get each message.
func (p *plan) receivers() int {
	if p.kind == kindFanout {
		return p.connections
	}
	return 1
}

// senders is how many connections send.
func (p *plan) senders() int {
	if p.kind == kindFanout {
		return 1
	}
	return p.connections
}

// descriptors is how many connections there are at a time.
func (p *plan) descriptors() int {
	switch {
	case p.kind == kindFanout:
		return p.connections + 1
	case p.kind == kindRouter:
		return 2 * p.connections
	case p.kind == kindConnect && p.hold:
		return p.connections + p.count
	}
	return p.connections + p.idle
}

// countOf is how many of the messages of --count are a worker's, as the schedule deals them out.
func (p *plan) countOf(worker int) int {
	n := p.count / p.workers
	if worker < p.count%p.workers {
		n++
	}
	return n
}

// oneWay says that nothing is answered.
func (p *plan) oneWay() bool { return p.kind == kindPub }

// closed says that the answers, and not the clock, say when the next message goes.
func (p *plan) closed() bool { return p.rate.shape == closed }
