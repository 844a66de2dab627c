package check

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// maxLine is the most bytes of a line, without its end. It is far over what the wire takes, since JSON and escapes make a
// message longer, and there only to keep memory bounded.
const maxLine = 16 << 20

// input is one line to check.
type input struct {
	source string // where it came from: "standard input, line 3"
	text   []byte // without its end
	hint   string // what may be meant instead, if the line is no message
	long   bool   // longer than maxLine; text is empty
}

// readLines reads r line by line and gives each to f, until r ends, f fails or ctx ends. A last line without an end counts. The
// goroutine that reads holds a few lines, and ends when r has nothing more or nobody wants it.
func readLines(ctx context.Context, r io.Reader, f func(input) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := make(chan input, 16)
	failed := make(chan error, 1)
	go func() {
		defer close(lines)
		failed <- split(ctx, r, lines)
	}()
	for number := 1; ; number++ {
		select {
		case l, ok := <-lines:
			if !ok {
				return <-failed
			}
			l.source = fmt.Sprintf("standard input, line %d", number)
			if err := f(l); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// split sends the lines of r. It returns nil at the end of r.
func split(ctx context.Context, r io.Reader, lines chan<- input) error {
	buffered := bufio.NewReaderSize(r, 64<<10)
	for {
		l, err := next(buffered)
		if err == nil || len(l.text) > 0 || l.long {
			select {
			case lines <- l:
			case <-ctx.Done():
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// next reads one line. At the end of the input it returns what is left together with io.EOF.
func next(r *bufio.Reader) (l input, err error) {
	for {
		part, err := r.ReadSlice('\n')
		part, ended := bytes.CutSuffix(part, []byte("\n"))
		switch {
		case len(l.text)+len(part) > maxLine:
			l.text, l.long = nil, true
		case !l.long:
			l.text = append(l.text, part...)
		}
		if ended {
			return l, nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return l, err
		}
	}
}
