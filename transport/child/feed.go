package child

import (
	"bytes"
	"io"
	"runtime/debug"
	"strings"

	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/transport"
)

// feedPiece is how much of the input is read at a time.
const feedPiece = 64 << 10

// feed is the handler of a command's standard input: it reads on when there is room. A command that does not read to the end is
// no failure.
type feed struct {
	job  *Job
	r    io.Reader
	buf  []byte
	more chan struct{} // a note to the goroutine: the buffer is free. nil: Read never blocks, there is none
	stop chan struct{}
	idle bool // the goroutine waits for room
}

func newFeed(j *Job, r io.Reader) *feed {
	f := &feed{job: j, r: r, buf: make([]byte, feedPiece)}
	switch r.(type) {
	case *bytes.Reader, *bytes.Buffer, *strings.Reader:
	default:
		f.more, f.stop = make(chan struct{}, 1), make(chan struct{})
	}
	return f
}

func (f *feed) OnOpen(c transport.Conn) {
	if f.more != nil {
		go f.read(c)
		return
	}
	f.pump(c)
}

// pump copies memory until the pipe and the queue are full.
func (f *feed) pump(c transport.Conn) {
	for !c.Congested() {
		n, err := f.r.Read(f.buf)
		if !f.take(c, n, err) {
			return
		}
	}
}

// read is on a goroutine of its own.
func (f *feed) read(c transport.Conn) {
	for {
		n, err := f.fill()
		closed := f.job.loop.PostWait(func() {
			if f.take(c, n, err) {
				f.idle = true
				f.OnDrain(c)
			}
		})
		if closed != nil || err != nil {
			return
		}
		select {
		case <-f.more:
		case <-f.stop:
			return
		}
	}
}

// fill reads once. A panic is an error of the reader, not the end of the process.
func (f *feed) fill() (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			n, err = 0, &watch.PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return f.r.Read(f.buf)
}

// take hands on what was read and says whether more is wanted.
func (f *feed) take(c transport.Conn, n int, err error) bool {
	if n > 0 && c.Write(f.buf[:n]) != nil {
		return false // it has closed its input: OnClose follows, or was there
	}
	if err == nil {
		return true
	}
	if err != io.EOF && f.job.result.InputErr == nil && !f.job.over {
		f.job.result.InputErr = err
	}
	_ = c.CloseWrite()
	return false
}

func (f *feed) OnData(transport.Conn, []byte) {}

func (f *feed) OnDrain(c transport.Conn) {
	switch {
	case c.Congested():
	case f.more == nil:
		f.pump(c)
	case f.idle:
		f.idle = false
		f.more <- struct{}{}
	}
}

func (f *feed) OnClose(c transport.Conn, _ error) {
	if f.stop != nil {
		close(f.stop)
	}
	f.job.closed(c)
}
