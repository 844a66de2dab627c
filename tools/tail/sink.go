package tail

import "io"

// sinkSize is how much is gathered for one write.
const sinkSize = 64 << 10

// sink gathers lines for a writer. Each write has whole lines only.
type sink struct {
	w   io.Writer
	buf []byte
}

// grow returns the buffer to append lines to; they are given back with keep.
func (s *sink) grow() []byte { return s.buf }

// keep takes what was appended, and writes when there is enough.
func (s *sink) keep(buf []byte) error {
	s.buf = buf
	if len(buf) >= sinkSize {
		return s.flush()
	}
	return nil
}

// flush writes what was gathered. It may block, and what could not be written is lost.
func (s *sink) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	_, err := s.w.Write(s.buf)
	if cap(s.buf) > 4*sinkSize {
		s.buf = nil // one long line does not keep its memory
	}
	s.buf = s.buf[:0]
	return err
}
