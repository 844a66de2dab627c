package bench

import (
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// hub is as much of a router as `ed bench fanout` and `ed bench router` need: services register, and messages go to one of
// them or to all. It checks nothing.
type hub struct {
	services map[string]dispatch.Sender
	names    map[dispatch.Sender]string
}

func newHub() *hub {
	return &hub{services: map[string]dispatch.Sender{}, names: map[dispatch.Sender]string{}}
}

// nothing takes a message without a word.
func nothing(dispatch.Sender, *message.Message) error { return nil }

func (h *hub) register(from dispatch.Sender, m *message.Message) error {
	name, err := m.Text("service")
	if err == nil {
		err = message.VerifyService(name)
	}
	if err != nil {
		return from.Send(m.Reply("INVALID").Set("command", "REGISTER").Set("message", err.Error()))
	}
	h.forget(from)
	h.services[name], h.names[from] = from, name
	if err := from.Send(m.Reply("HELP")); err != nil {
		return err
	}
	return from.Send(m.Reply("READY"))
}

func (h *hub) unregister(from dispatch.Sender, _ *message.Message) error {
	h.forget(from)
	return nil
}

// forget drops what a connection registered.
func (h *hub) forget(from dispatch.Sender) {
	if name, ok := h.names[from]; ok {
		delete(h.names, from)
		if h.services[name] == from {
			delete(h.services, name)
		}
	}
}

// knows says whether a message is for a service that is registered here, or for all services and there are some.
func (h *hub) knows(m *message.Message) bool {
	to := m.ServiceBytes()
	return len(to) > 0 && len(h.services) > 0 && (forAll(to) || h.services[string(to)] != nil)
}

// forAll says whether that is how all services of a node are called, or of all nodes.
func forAll(to []byte) bool { return len(to) == 1 && (to[0] == '.' || to[0] == '*' || to[0] == '?') }

// forward brings a message to the service that it is for, or to all but its sender. What a receiver does not take is lost; the
// load tells.
func (h *hub) forward(from dispatch.Sender, m *message.Message, f *faulty) {
	to := m.ServiceBytes()
	if !forAll(to) {
		_ = f.send(h.services[string(to)], m)
		return
	}
	for s := range h.names {
		if s != from {
			_ = f.send(s, m)
		}
	}
}
