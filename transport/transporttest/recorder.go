package transporttest

import (
	"testing"

	"github.com/ed-toolbox/ed/transport"
)

// Recorder is a transport.Handler that notes what happens and checks the order
// of it. Its functions, where set, are called as well.
type Recorder struct {
	T    testing.TB
	Name string
	Conn transport.Conn

	Opened, Drained, Closed int
	Received                int    // bytes
	Data                    []byte // the same, unless Discard
	Discard                 bool
	Sum                     uint64 // of the bytes, in order
	Err                     error  // of OnClose

	Open  func(c transport.Conn)
	On    func(c transport.Conn, p []byte)
	Drain func(c transport.Conn)
	Close func(c transport.Conn, err error)

	inside bool
}

// enter notes that a callback runs: they must never nest.
func (r *Recorder) enter(c transport.Conn, what string) {
	if r.inside {
		r.T.Errorf("%s: %s came from inside another callback", r.Name, what)
	}
	if r.Closed > 0 {
		r.T.Errorf("%s: %s came after OnClose", r.Name, what)
	}
	if r.Conn == nil {
		r.Conn = c
	}
	r.inside = true
}

func (r *Recorder) leave() { r.inside = false }

// OnOpen implements transport.Handler.
func (r *Recorder) OnOpen(c transport.Conn) {
	r.enter(c, "OnOpen")
	defer r.leave()
	if r.Opened++; r.Opened > 1 {
		r.T.Errorf("%s: OnOpen came twice", r.Name)
	}
	if r.Open != nil {
		r.Open(c)
	}
}

// OnData implements transport.Handler.
func (r *Recorder) OnData(c transport.Conn, p []byte) {
	r.enter(c, "OnData")
	defer r.leave()
	if r.Opened == 0 || len(p) == 0 {
		r.T.Errorf("%s: OnData of %d bytes, opened %d times", r.Name, len(p), r.Opened)
	}
	r.Received += len(p)
	r.Sum = sum(r.Sum, p)
	if !r.Discard {
		r.Data = append(r.Data, p...)
	}
	if r.On != nil {
		r.On(c, p)
	}
}

// OnDrain implements transport.Handler.
func (r *Recorder) OnDrain(c transport.Conn) {
	r.enter(c, "OnDrain")
	defer r.leave()
	r.Drained++
	if r.Drain != nil {
		r.Drain(c)
	}
}

// OnClose implements transport.Handler.
func (r *Recorder) OnClose(c transport.Conn, err error) {
	r.enter(c, "OnClose")
	defer r.leave()
	r.Closed++
	r.Err = err
	if r.Close != nil {
		r.Close(c, err)
	}
}

// HalfRecorder is a Recorder that stays open for writing after the peer's end
// of stream.
type HalfRecorder struct {
	Recorder
	EOFs int
	EOF  func(c transport.Conn)
}

// OnEOF implements transport.EOFHandler.
func (r *HalfRecorder) OnEOF(c transport.Conn) {
	r.enter(c, "OnEOF")
	defer r.leave()
	if r.EOFs++; r.EOFs > 1 {
		r.T.Errorf("%s: OnEOF came twice", r.Name)
	}
	if r.EOF != nil {
		r.EOF(c)
	}
}
