package toolkit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ed-toolbox/ed/core/message"
)

// MaxInputLine bounds a line of an input file or of standard input, in bytes. A message of the wire's limit fits in any form.
const MaxInputLine = 1 << 20

// Record is one line of input that should hold a message.
type Record struct {
	Line      int              // counted from 1
	Raw       []byte           // the line without its end; it belongs to the receiver
	Message   *message.Message // nil when Err is set
	Err       error            // why the line is no message; a *LineError
	Time      time.Time        // of a line that a tool printed; zero when it says none
	Direction string           // likewise: "in" or "out"
	Peer      string           // likewise
}

// LineError says which line of an input is wrong. Its kind is Data.
type LineError struct {
	Source string // "standard input", or a file's name
	Line   int
	Err    error
}

func (e *LineError) Error() string { return fmt.Sprintf("%s, line %d: %v", e.Source, e.Line, e.Err) }

// Unwrap returns the cause.
func (e *LineError) Unwrap() error { return e.Err }

// MessageReader reads messages, one a line, as text or as JSON, mixed at will. It takes back what the tools print with --json:
// further fields do no harm, "raw_base64" stands for a message that has no JSON form, and lines that report a broken message or
// something else that happened ("error" or "event" and no command) are skipped and counted. Blank lines are skipped.
type MessageReader struct {
	source  string
	chunks  chan inputChunk
	stopped chan struct{}
	started bool
	in      io.Reader
	rest    []byte // lines not handed out yet, each with its end but the last of the input
	number  int
	skipped int
	bare    bool
}

// inputChunk is whole lines that were read together, or why reading ended.
type inputChunk struct {
	text []byte
	err  error
}

const inputChunkSize = 64 << 10

// NewMessageReader reads from r; source names it in errors.
func NewMessageReader(r io.Reader, source string) *MessageReader {
	return &MessageReader{source: source, in: r, chunks: make(chan inputChunk, 4), stopped: make(chan struct{})}
}

// Stop lets go of an input that was not read to its end; nothing is to be read any more. It is called once. A read that waits
// for the input goes on until something comes.
func (r *MessageReader) Stop() { close(r.stopped) }

// Bare leaves Time, Direction and Peer of the records empty. Reading JSON takes a fraction of the time then.
func (r *MessageReader) Bare() *MessageReader {
	r.bare = true
	return r
}

// Skipped is how many error reports were passed over so far.
func (r *MessageReader) Skipped() int { return r.skipped }

// Next returns the next record. A line that is no message is a record with Err set, and reading can go on; the error
// result is io.EOF at the end, context.Cause(ctx) when ctx ended, or a failure to read. Next can wait as long as the input does; the
// goroutine behind it, which holds a few hundred kilobytes at most, ends with the input or after Stop.
func (r *MessageReader) Next(ctx context.Context) (Record, error) {
	if !r.started {
		r.started = true
		go r.read()
	}
	for {
		for len(r.rest) > 0 {
			r.number++
			line, rest, _ := bytes.Cut(r.rest, []byte{'\n'})
			r.rest = rest
			line = bytes.TrimSuffix(line, []byte{'\r'})
			if rec, ok := r.record(line[:len(line):len(line)]); ok {
				return rec, nil
			}
		}
		select {
		case c, ok := <-r.chunks:
			if !ok {
				return Record{}, io.EOF
			}
			if c.err != nil {
				r.number++
				return Record{}, r.readError(c.err)
			}
			r.rest = c.text
		case <-ctx.Done():
			return Record{}, context.Cause(ctx)
		}
	}
}

func (r *MessageReader) readError(err error) error {
	if errors.Is(err, bufio.ErrTooLong) {
		return As(Data, &LineError{r.source, r.number, fmt.Errorf("longer than %d bytes", MaxInputLine)})
	}
	return As(IO, &LineError{r.source, r.number, err})
}

// read hands over whole lines as soon as they are there, each chunk a copy of its own. It runs on a goroutine of its own.
func (r *MessageReader) read() {
	defer close(r.chunks)
	var tail []byte // the beginning of a line
	buf := make([]byte, inputChunkSize)
	for {
		n, err := r.in.Read(buf)
		tail = append(tail, buf[:n]...)
		if end := bytes.LastIndexByte(buf[:n], '\n') + 1; end > 0 {
			whole := len(tail) - n + end
			if !r.put(inputChunk{text: bytes.Clone(tail[:whole])}) {
				return
			}
			tail = append(tail[:0], tail[whole:]...)
		}
		switch {
		case len(tail) > MaxInputLine:
			err = bufio.ErrTooLong
		case err == nil:
			continue
		case errors.Is(err, io.EOF):
			r.put(inputChunk{text: tail}) // the last line may lack its end
			return
		}
		r.put(inputChunk{err: err}) // what is left is half a line, and could read as another message
		return
	}
}

// put says whether the lines were taken: after Stop none are.
func (r *MessageReader) put(c inputChunk) bool {
	select {
	case r.chunks <- c:
		return true
	case <-r.stopped:
		return false
	}
}

// record makes a record of a line; ok is false for a line to skip.
func (r *MessageReader) record(text []byte) (rec Record, ok bool) {
	rec = Record{Line: r.number, Raw: text}
	trimmed := bytes.Trim(text, " \t\v\f\r") // as Parse does: what Unicode counts as white space is not
	if len(trimmed) == 0 {
		return rec, false
	}
	var err error
	if trimmed[0] == '{' && (!r.bare || mayReport(trimmed)) {
		var wrapped wrapper
		if json.Unmarshal(trimmed, &wrapped) == nil {
			if (wrapped.Error != nil || wrapped.Event != nil) && wrapped.Command == nil {
				r.skipped++
				return rec, false
			}
			text, err = wrapped.message(text)
			rec.Time, rec.Direction, rec.Peer = wrapped.time(), wrapped.text(wrapped.Direction), wrapped.text(wrapped.Peer)
		}
	}
	if err == nil {
		rec.Message, err = message.Parse(text)
	}
	if err != nil {
		rec.Message, rec.Err = nil, As(Data, &LineError{r.source, r.number, err})
	}
	return rec, true
}

// wrapper holds the fields that our tools add to a message's JSON. The values are raw, because a foreign line may rightly have
// fields of the same names and of any type.
type wrapper struct {
	Error     json.RawMessage `json:"error"`
	Event     json.RawMessage `json:"event"`
	Command   json.RawMessage `json:"command"`
	RawBase64 json.RawMessage `json:"raw_base64"`
	Time      json.RawMessage `json:"time"`
	Direction json.RawMessage `json:"direction"`
	Peer      json.RawMessage `json:"peer"`
}

// mayReport says whether a line can be one of those that are skipped.
func mayReport(line []byte) bool {
	return bytes.Contains(line, []byte(`"error"`)) || bytes.Contains(line, []byte(`"event"`))
}

// message returns the line to parse: what raw_base64 holds, or the line itself.
func (w *wrapper) message(line []byte) ([]byte, error) {
	if w.RawBase64 == nil || w.Command != nil {
		return line, nil
	}
	raw, err := base64.StdEncoding.DecodeString(w.text(w.RawBase64))
	if err != nil {
		return nil, fmt.Errorf("read raw_base64: %w", err)
	}
	return raw, nil
}

func (w *wrapper) text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s) // what is no string leaves it empty
	return s
}

func (w *wrapper) time() time.Time {
	t, _ := time.Parse(time.RFC3339Nano, w.text(w.Time)) // zero where it is none
	return t
}
