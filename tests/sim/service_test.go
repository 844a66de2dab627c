package sim_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/router"
)

// service is a program that registers with the router of its host, and starts again when it is killed.
type service struct {
	w     *world
	name  string
	label string // name, and which instance
	home  *node
	group string

	end        *end
	life       int            // counts its connections
	registered bool           // it has got READY over this connection
	leaving    bool           // it has sent UNREGISTER
	once       bool           // it does not start again
	heard      map[string]int // messages that it got, by their commands
	last       map[string]int // of those from its own node the last, by who sent it
}

// sending is one message that a service sent.
type sending struct {
	number  int
	command string
	from    *service
	life    int // of the sender
	at      time.Duration
	server  string
	to      string
	asked   bool
	local   bool // it cannot leave the sender's node
	dropped bool // the sender's connection did not take it

	delivered []*service
	cached    bool
	cachedAt  time.Duration
	failed    int
}

// settleServices gives a router its services: most have a name of their own, some share one.
func (w *world) settleServices(n *node) {
	for i := range w.shape.services {
		name := fmt.Sprintf("s%d_%d", n.index+1, i)
		if w.rand.IntN(3) == 0 {
			n.listed = append(n.listed, name)
		}
		w.addService(n, name, name, "")
	}
	if w.rand.IntN(2) == 0 { // the same name on several nodes
		w.addService(n, "many", "many@"+n.name, "")
	}
	if w.rand.IntN(3) == 0 { // several instances on one
		name := "group_" + n.name
		w.addService(n, name, name+"/1", "one")
		w.addService(n, name, name+"/2", "one")
	}
}

func (w *world) addService(n *node, name, label, group string) {
	s := &service{w: w, name: name, label: label, home: n, group: group, heard: make(map[string]int), last: make(map[string]int)}
	w.services = append(w.services, s)
	w.byName[name] = append(w.byName[name], s)
	w.after(w.upTo(4*time.Second), s.connect)
}

// connect connects to the router, or tries again.
func (s *service) connect() {
	w := s.w
	if s.end != nil || s.once && s.life > 0 {
		return
	}
	again := func() { w.after(200*time.Millisecond+w.upTo(time.Second), s.connect) }
	if s.home.router == nil {
		again()
		return
	}
	if stopping, _ := s.home.router.Stopped(); stopping {
		again()
		return
	}
	mine, theirs := w.connect()
	s.life++
	s.end, s.registered, s.leaving = mine, false, false
	life := s.life
	mine.closed = func(router.Lost) {
		if s.life == life {
			s.end, s.registered = nil, false
			again()
		}
	}
	mine.receive = func(line string) {
		if s.life == life {
			s.receive(line)
		}
	}
	s.home.attach(theirs, router.Origin{Kind: router.LocalUnix})
	s.register()
	s.write("COMMANDS list=HELP,NEWS,READY,STOP,UNKNOWN")
}

// register asks for the name, or asks again.
func (s *service) register() {
	if s.end == nil || s.leaving {
		return
	}
	line := "REGISTER version=1;service=" + s.name
	if s.group != "" {
		line += ";group=" + s.group
	}
	s.write(line)
}

// rival lets another program ask for the name. It may get it where the service has gone, and does not keep it for long.
func (s *service) rival() {
	v := &service{
		w: s.w, name: s.name, label: s.label + " rival", home: s.home, once: true, heard: make(map[string]int), last: make(map[string]int),
	}
	v.connect()
	s.w.after(s.w.upTo(5*time.Second), v.kill)
}

// forget lets its router and all others believe that a router has left for good. That is no end: it dials, or tells that it is there.
func (s *service) forget(n *node) {
	if s.end != nil && s.registered && !s.leaving && s.home != n {
		s.w.note("forget", n.name)
		s.write("communicatord/FORGET ip=" + n.address.IP.String())
	}
}

// kill ends the service as kill -9 does.
func (s *service) kill() {
	if s.end != nil {
		s.w.note("kill", s.label)
		s.w.cutEnd(s.end)
	}
}

// hang lets the service read no more for a while, and then die.
func (s *service) hang() {
	if e := s.end; e != nil {
		e.other.stalled = s.w.now + 3*time.Second
		s.w.after(s.w.upTo(2*time.Second), func() { s.w.cutEnd(e) })
	}
}

// leave ends it as a service should.
func (s *service) leave() {
	if s.end != nil && s.registered && !s.leaving {
		s.leaving = true
		s.write("UNREGISTER service=" + s.name)
	}
}

// write sends a line; it says whether the connection took it.
func (s *service) write(line string) bool { return s.end.SendText([]byte(line)) == nil }

// receive takes a line from the router.
func (s *service) receive(line string) {
	w := s.w
	w.note("got", s.label+" "+line)
	m, err := message.Parse([]byte(line))
	if err != nil {
		w.fail("%s gets what cannot be read: %q: %v", s.label, line, err)
	}
	switch command := m.Command(); {
	case command == "READY":
		s.registered = true
	case command == "INVALID":
		if text, _ := m.Get("message"); strings.Contains(text, "taken") {
			s.end.Close() // its last connection is not known to be dead: try again
			return
		}
		w.fail("%s is told %q", s.label, line)
	case command == "TRANSMISSION_REPORT":
		s.reported(m)
	case command == "NEWS", command[0] == 'M':
		s.delivered(m)
	}
}

// reported takes the report about a message that it sent.
func (s *service) reported(m *message.Message) {
	command, _ := m.Get("command")
	x := s.w.sendingOf(command)
	if x == nil || x.from.name != s.name {
		s.w.fail("%s gets a report about a message that it did not send: %s", s.label, m)
	}
	switch status, _ := m.Get("status"); status {
	case "cached":
		x.cached, x.cachedAt = true, s.w.now
	case "failed":
		x.failed++
		if x.failed > 1 && !s.w.faulty(x.at, s.w.now) { // a connection that breaks makes what went over it uncertain
			s.w.fail("%s learns twice that %s failed", s.label, command)
		}
	}
}

// delivered takes a message of another service.
func (s *service) delivered(m *message.Message) {
	w := s.w
	command := m.Command()
	if id, ok := m.Get("n"); ok {
		command = id
	}
	x := w.sendingOf(command)
	if x == nil {
		w.fail("%s gets a message that nobody sent: %s", s.label, m)
	}
	if s.heard[command]++; s.heard[command] > 1 {
		w.fail("%s gets %s twice", s.label, m)
	}
	if !isAll(x.to) {
		switch {
		case !s.registered:
			w.fail("%s gets %s and has not registered", s.label, m)
		case x.to != s.name:
			w.fail("%s gets %s, which is for another", s.label, m)
		case x.server != "" && x.server != "." && x.server != s.home.name, x.server == "." && s.home != x.from.home:
			w.fail("%s gets %s, which is for another node", s.label, m)
		case len(x.delivered) > 0:
			w.fail("%s gets %s, which %s has", s.label, m, x.delivered[0].label)
		}
	} else if s == x.from && s.life == x.life {
		w.fail("%s gets its own broadcast %s", s.label, m)
	}
	if x.from.home == s.home {
		from := fmt.Sprint(x.from.label, " ", x.life)
		if x.number < s.last[from] {
			w.fail("%s gets %s after M%d", s.label, m, s.last[from])
		}
		s.last[from] = x.number
	}
	if m.SentFromServer() != x.from.home.name || m.SentFromService() != x.from.name {
		w.fail("%s gets %s, which has a wrong sender", s.label, m)
	}
	x.delivered = append(x.delivered, s)
}

func isAll(to string) bool { return to == "." || to == "?" || to == "*" }

// sendingOf finds a message by its command, M and its number.
func (w *world) sendingOf(command string) *sending {
	n := 0
	if _, err := fmt.Sscanf(command, "M%d", &n); err != nil || n < 0 || n >= len(w.sent) {
		return nil
	}
	return w.sent[n]
}

// send sends a message to a service, or to all; server may be "".
func (s *service) send(server, to string, ask bool, cache string) *sending {
	x := &sending{
		number: len(s.w.sent), command: fmt.Sprintf("M%d", len(s.w.sent)), from: s, life: s.life, at: s.w.now, server: server, to: to,
		asked: ask, local: server == "." || server == s.home.name,
	}
	s.w.sent = append(s.w.sent, x)
	line := to + "/" + x.command + " "
	if isAll(to) {
		line = to + "/NEWS n=" + x.command
	}
	if server != "" {
		line = server + ":" + line
	}
	if ask && !isAll(to) {
		line += "transmission_report=failure;"
	}
	if cache != "" {
		line += "cache=" + cache
	}
	x.dropped = !s.write(strings.TrimSpace(line))
	return x
}
