package router

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// maxRecords is how many records may wait to be written. A disk or a pipe that does not take them loses records, it does not
// stop the router.
const maxRecords = 4096

// sink writes log records on a goroutine of its own. Write may be called from any goroutine and never waits.
type sink struct {
	path    string // "": out is not ours
	queue   chan []byte
	rotate  chan struct{}
	quit    chan struct{}
	over    chan struct{}
	lost    atomic.Uint64 // records that were not written
	failing bool          // the last one was not, and that was told
	written atomic.Uint64
}

// openSink opens the file, or takes fallback where path is empty.
func openSink(path string, fallback io.Writer) (*sink, error) {
	s := &sink{
		path: path, queue: make(chan []byte, maxRecords),
		rotate: make(chan struct{}, 1), quit: make(chan struct{}), over: make(chan struct{}),
	}
	out := fallback
	if path != "" {
		f, err := openLog(path)
		if err != nil {
			return nil, err
		}
		out = f
	}
	go s.run(out, fallback)
	return s, nil
}

// logPatience is how long a FIFO may have nobody who reads it.
const logPatience = 2 * time.Second

func openLog(path string) (*os.File, error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), logPatience, fmt.Errorf("open %s: nobody reads it", path))
	defer cancel()
	return toolkit.OpenFile(ctx, path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
}

// Write takes one record, which is copied. It is lost, and counted, if too many wait.
func (s *sink) Write(p []byte) (int, error) {
	select {
	case s.queue <- append([]byte(nil), p...):
	default:
		s.lost.Add(1)
	}
	return len(p), nil
}

// Rotate closes the file and opens it anew, after what was written before.
func (s *sink) Rotate() {
	select {
	case s.rotate <- struct{}{}:
	default: // one is on its way
	}
}

// Close writes what waits, for at most d.
func (s *sink) Close(d time.Duration) {
	close(s.quit)
	await(d, s.over)
}

// await waits for the end of a goroutine, for at most d.
func await(d time.Duration, over <-chan struct{}) {
	select {
	case <-over:
	case <-time.After(d):
	}
}

func (s *sink) run(out, fallback io.Writer) {
	defer close(s.over)
	for {
		select {
		case p := <-s.queue:
			s.put(out, fallback, p)
		case <-s.rotate:
			s.drain(out, fallback)
			out = s.reopen(out, fallback)
		case <-s.quit:
			s.drain(out, fallback)
			if f, ok := out.(*os.File); ok && s.path != "" {
				_ = f.Close()
			}
			return
		}
	}
}

func (s *sink) drain(out, fallback io.Writer) {
	for {
		select {
		case p := <-s.queue:
			s.put(out, fallback, p)
		default:
			return
		}
	}
}

// put writes one record. That a file takes none is told once, elsewhere; when it takes them again, it gets their number.
func (s *sink) put(out, fallback io.Writer, p []byte) {
	if _, err := out.Write(p); err != nil {
		if s.lost.Add(1); !s.failing && s.path != "" {
			fmt.Fprintf(fallback, "ed router: log records are lost until the log file takes them again: %v\n", err)
		}
		s.failing = true
		return
	}
	s.failing = false
	s.written.Add(1)
}

// reopen returns the new file, or the old one where there is none to be had; the reason goes to standard error.
func (s *sink) reopen(out, fallback io.Writer) io.Writer {
	old, ok := out.(*os.File)
	if s.path == "" || !ok {
		return out
	}
	f, err := openLog(s.path)
	if err != nil {
		fmt.Fprintf(fallback, "ed router: the log file stays as it is: %v\n", err)
		return out
	}
	_ = old.Close()
	return f
}
