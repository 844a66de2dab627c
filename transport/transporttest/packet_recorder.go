package transporttest

import (
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
)

// PacketRecorder is a transport.PacketHandler that notes what happens and checks
// the order of it. Its functions, where set, are called as well.
type PacketRecorder struct {
	T    testing.TB // may be nil
	Name string

	Opened  int
	Packets [][]byte
	From    []address.Address
	Drained int
	Errors  []error
	Closed  int
	Err     error

	On    func(c transport.PacketConn, p []byte, from address.Address)
	Drain func(c transport.PacketConn)
	Close func(c transport.PacketConn, err error)

	inside bool
}

func (r *PacketRecorder) enter(what string) {
	if r.T != nil && (r.inside || r.Closed > 0) {
		r.T.Errorf("%s: %s came from inside another callback, or after OnClose", r.Name, what)
	}
	r.inside = true
}

func (r *PacketRecorder) leave() { r.inside = false }

// OnOpen implements transport.PacketOpenHandler.
func (r *PacketRecorder) OnOpen(transport.PacketConn) {
	r.enter("OnOpen")
	defer r.leave()
	if r.Opened++; r.T != nil && (r.Opened > 1 || len(r.Packets) > 0) {
		r.T.Errorf("%s: OnOpen came twice or late", r.Name)
	}
}

// OnPacket implements transport.PacketHandler.
func (r *PacketRecorder) OnPacket(c transport.PacketConn, p []byte, from address.Address) {
	r.enter("OnPacket")
	defer r.leave()
	r.Packets = append(r.Packets, append([]byte{}, p...))
	r.From = append(r.From, from)
	if r.On != nil {
		r.On(c, p, from)
	}
}

// OnDrain implements transport.PacketHandler.
func (r *PacketRecorder) OnDrain(c transport.PacketConn) {
	r.enter("OnDrain")
	defer r.leave()
	r.Drained++
	if r.Drain != nil {
		r.Drain(c)
	}
}

// OnError implements transport.PacketErrorHandler.
func (r *PacketRecorder) OnError(_ transport.PacketConn, err error) {
	r.enter("OnError")
	defer r.leave()
	r.Errors = append(r.Errors, err)
}

// OnClose implements transport.PacketHandler.
func (r *PacketRecorder) OnClose(c transport.PacketConn, err error) {
	r.enter("OnClose")
	defer r.leave()
	r.Closed++
	r.Err = err
	if r.Close != nil {
		r.Close(c, err)
	}
}
