package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// Bounds of what is sent in turn.
const (
	mostRecorded = 1_000_000
	rendered     = 10_000    // messages made of a template
	mostText     = 256 << 20 // bytes of all; in memory they are several times that
)

// tooMuch is the error for more than that.
func tooMuch() error { return fmt.Errorf("more than %d MiB of messages", mostText>>20) }

// messages returns what --message, --file or --template say; none where none of them is given.
func (w *wording) messages(ctx context.Context, env *toolkit.Env) ([]*message.Message, error) {
	switch {
	case w.message != "":
		m, err := message.Parse([]byte(w.message))
		if err != nil {
			return nil, toolkit.Errorf(toolkit.Usage, "option --message: %w", err)
		}
		return []*message.Message{m}, w.setParams(m)
	case w.path != "":
		return w.recorded(ctx, env)
	case w.pattern != "":
		return w.render(ctx, env)
	case len(w.params) > 0:
		m := message.New(w.command)
		return []*message.Message{m}, w.setParams(m)
	}
	return nil, nil
}

func (w *wording) setParams(m *message.Message) error {
	for _, p := range w.params {
		name, value, ok := strings.Cut(p, "=")
		if err := message.VerifyName(name); err != nil || !ok {
			return toolkit.Errorf(toolkit.Usage, "option --param: %q is not NAME=VALUE", toolkit.Escape(p))
		}
		m.Set(name, value)
	}
	return nil
}

// recorded reads a file of messages, one a line, as text or as the JSON of `ed listen --record`. What was recorded going
// out is left out. A pipe that is silent for the time-out is an error; standard input is waited for, as filters do.
func (w *wording) recorded(ctx context.Context, env *toolkit.Env) ([]*message.Message, error) {
	in, heard := io.Reader(env.Stdin), func() {}
	if w.path != "-" {
		var cancel context.CancelCauseFunc
		ctx, cancel = context.WithCancelCause(ctx)
		defer cancel(nil)
		if w.timeout > 0 {
			silent := time.AfterFunc(w.timeout, func() { cancel(toolkit.Errorf(toolkit.NoInput, "read %s: nothing came for %s", w.path, w.timeout)) })
			defer silent.Stop()
			heard = func() { silent.Reset(w.timeout) }
		}
		f, err := toolkit.OpenFile(ctx, w.path, os.O_RDONLY, 0)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	reader := toolkit.NewMessageReader(in, w.path)
	defer reader.Stop()
	var all []*message.Message
	size := 0
	for {
		r, err := reader.Next(ctx)
		heard()
		switch {
		case errors.Is(err, io.EOF) && len(all) == 0:
			return nil, toolkit.Errorf(toolkit.Data, "%s: no message in it", w.path)
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		case r.Err != nil:
			return nil, r.Err
		case r.Direction == "out":
			continue
		case len(all) == mostRecorded:
			return nil, toolkit.Errorf(toolkit.Data, "%s: more than %d messages", w.path, mostRecorded)
		}
		if size += len(r.Raw); size > mostText {
			return nil, toolkit.Errorf(toolkit.Data, "%s: %w", w.path, tooMuch())
		}
		all = append(all, r.Message)
	}
}

// render makes messages of a template ahead of time, so that making them costs nothing while time is measured.
func (w *wording) render(ctx context.Context, env *toolkit.Env) ([]*message.Message, error) {
	t, err := toolkit.NewTemplate(env, w.pattern)
	if err != nil {
		return nil, err
	}
	var all []*message.Message
	var text short
	size := 0
	for n := 1; n <= rendered; n++ {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		text.Reset()
		if err := t.Write(&text, n); err != nil {
			return nil, toolkit.Errorf(toolkit.Usage, "option --template: %w", err)
		}
		m, err := message.Parse(text.Bytes())
		if err != nil {
			return nil, toolkit.Errorf(toolkit.Usage, "option --template: message %d: %w", n, err)
		}
		if size += text.Len(); size > mostText {
			return nil, toolkit.Errorf(toolkit.Usage, "option --template: %w", tooMuch())
		}
		if all = append(all, m); n == 1 && !strings.Contains(w.pattern, "{{") {
			return all, nil
		}
	}
	return all, nil
}

// short is a text of at most mostSize bytes.
type short struct{ bytes.Buffer }

// Write implements io.Writer.
func (s *short) Write(p []byte) (int, error) {
	if s.Len()+len(p) > mostSize {
		return 0, fmt.Errorf("a message is longer than %d bytes", mostSize)
	}
	return s.Buffer.Write(p)
}
