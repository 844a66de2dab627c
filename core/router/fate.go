package router

import (
	"errors"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// Fate is what became of a message, for those who watch.
type Fate struct {
	// Word is one of forwarded, relayed (to other routers), broadcast, cached, router (it was for the router itself), refused,
	// undelivered, duplicate, limited (over the rate), stopping.
	Word    string
	Outcome dispatch.Outcome
	Err     error // why not; nil where there is nothing to say
}

// Watcher is a Host that is told of cached messages that waited in vain, while somebody watches. m is borrowed.
type Watcher interface {
	Host
	// Watched says whether anybody wants to know.
	Watched() bool
	// Expired is told of the message.
	Expired(m *message.Message)
}

// Why nothing came of a message.
var (
	errNobody    = errors.New("it reaches nobody")
	errNoRoom    = errors.New("the cache has no room for it")
	errDuplicate = errors.New("it was here before, or is too old")
	errOverRate  = errors.New("too many messages in one second")
	errStopping  = errors.New("the router stops")
)

// inHand is the message whose fate is wanted.
type inHand struct {
	m       *message.Message // nil: nobody wants to know
	fate    Fate
	decided bool
}

// Observe is Receive for those who want to know what becomes of m.
func (r *Router) Observe(c *Client, m *message.Message) Fate {
	return r.observe(m, func() { r.Receive(c, m) })
}

// ObservePacket is Packet for those who want to know what becomes of m.
func (r *Router) ObservePacket(conn Conn, o Origin, m *message.Message) Fate {
	return r.observe(m, func() { r.Packet(conn, o, m) })
}

func (r *Router) observe(m *message.Message, treat func()) Fate {
	r.inHand = inHand{m: m, fate: Fate{Word: "forwarded"}} // the short way says nothing
	defer func() { r.inHand.m = nil }()
	treat()
	return r.inHand.fate
}

// became notes what became of m, if anybody wants to know. What is noted first counts: reports of it come later.
func (r *Router) became(m *message.Message, word string, o dispatch.Outcome, err error) {
	if h := &r.inHand; h.m == m && m != nil && !h.decided {
		h.fate, h.decided = Fate{word, o, err}, true
	}
}

// showExpired shows a message that waited in vain.
func (r *Router) showExpired(e *waitingLine) {
	w, ok := r.host.(Watcher)
	if !ok || !w.Watched() {
		return
	}
	var m message.Message
	if m.Decode(e.text) == nil {
		w.Expired(&m)
	}
}
