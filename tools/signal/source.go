package signal

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// input is one message to send, or what should have been one.
type input struct {
	message *message.Message
	bad     error // why it is none; it says where the line stands
	line    int   // where it stands, for source.at
}

// source is where the messages of `ed send` come from. It belongs to one goroutine.
type source interface {
	// next returns io.EOF after the last one, and the cause of ctx if that ends first. It waits as long as the input does.
	next(ctx context.Context) (input, error)
	// at says where a line is wrong that could be read, but not sent.
	at(line int, err error) error
}

// newSource chooses by the options.
func newSource(env *toolkit.Env, o *sendOptions) (source, error) {
	switch {
	case o.Template != "":
		t, err := newTemplate(env, o.Template)
		if err != nil {
			return nil, err
		}
		return &limited{source: t, left: max(o.Count, 1)}, nil
	case o.Messages != nil:
		n := o.Count
		if n == 0 {
			n = len(o.Messages)
		}
		return &limited{source: &operands{texts: o.Messages}, left: n}, nil
	}
	r := &lines{reader: toolkit.NewMessageReader(env.Stdin, stdin).Bare()}
	if o.Count == 0 {
		return r, nil
	}
	return &limited{source: r, left: o.Count}, nil
}

// stdin names the source in errors.
const stdin = "standard input"

// limited ends after a number of messages.
type limited struct {
	source
	left int
}

func (l *limited) next(ctx context.Context) (input, error) {
	if l.left == 0 {
		return input{}, io.EOF
	}
	in, err := l.source.next(ctx)
	if err == nil {
		l.left--
	}
	return in, err
}

// operands gives the messages of the command line over and over.
type operands struct {
	texts  []string
	parsed []*message.Message // so far
	n      int
}

func (o *operands) next(context.Context) (input, error) {
	i := o.n % len(o.texts)
	o.n++
	if i < len(o.parsed) && o.parsed[i] != nil {
		return input{message: o.parsed[i], line: i + 1}, nil
	}
	m, err := message.Parse([]byte(o.texts[i]))
	if err != nil {
		return input{bad: o.at(i+1, err), line: i + 1}, nil
	}
	if len(o.parsed) == i {
		o.parsed = append(o.parsed, m)
	}
	return input{message: m, line: i + 1}, nil
}

func (o *operands) at(n int, err error) error {
	if len(o.texts) == 1 {
		return toolkit.As(toolkit.Data, fmt.Errorf("the message: %w", err))
	}
	return toolkit.As(toolkit.Data, fmt.Errorf("message %d: %w", n, err))
}

// lines gives the messages of standard input.
type lines struct{ reader *toolkit.MessageReader }

func (l *lines) next(ctx context.Context) (input, error) {
	r, err := l.reader.Next(ctx)
	return input{message: r.Message, bad: r.Err, line: r.Line}, err
}

func (l *lines) at(line int, err error) error {
	if _, ok := errors.AsType[*toolkit.LineError](err); ok {
		return err
	}
	return toolkit.As(toolkit.Data, &toolkit.LineError{Source: stdin, Line: line, Err: err})
}

// linesOf returns the reader of standard input, if that is where s has its messages from.
func linesOf(s source) (*toolkit.MessageReader, bool) {
	if l, ok := s.(*limited); ok {
		s = l.source
	}
	l, ok := s.(*lines)
	if !ok {
		return nil, false
	}
	return l.reader, true
}
