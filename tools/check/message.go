package check

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// messageOptions is the command line of `ed check message`.
type messageOptions struct {
	toolkit.Common
	messages []string // none, or "-": lines of standard input
}

// good is what is in a message, as JSON. The names are those of the test vectors, not of the wire.
type good struct {
	V           int               `json:"v"`
	OK          bool              `json:"ok"`
	FromServer  string            `json:"from_server"`
	FromService string            `json:"from_service"`
	Server      string            `json:"server"`
	Service     string            `json:"service"`
	Command     string            `json:"command"`
	Params      map[string]string `json:"params"`
	Text        *string           `json:"text,omitempty"` // canonical; not there for SERVER:COMMAND, which cannot be written, and for what is not UTF-8
	// Values that are not UTF-8 have U+FFFD for each wrong byte in Params, which JSON cannot carry, and are whole here.
	ParamsBase64 map[string]string `json:"params_base64,omitempty"`
	RawBase64    string            `json:"raw_base64,omitempty"` // in place of Text
}

// bad is why a line is no message.
type bad struct {
	V      int    `json:"v"`
	OK     bool   `json:"ok"`
	Error  string `json:"error"`
	Offset int    `json:"offset"` // of the wrong byte in the line, from 0
}

// checkMessages prints one line or object for each message. Every line of the input counts, also an empty one, so that
// line N of the JSON output belongs to line N of the input.
func checkMessages(ctx context.Context, env *toolkit.Env, o messageOptions) error {
	if o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Timeout)
		defer cancel()
	}
	c := &messageChecker{env: env, out: env.Output(o.Common)}
	if err := c.all(ctx, o.messages); err != nil {
		return err
	}
	switch {
	case c.wrong == 0:
		return nil
	case c.lines == 1 || o.JSON:
		return toolkit.Silent(toolkit.Data)
	}
	return toolkit.Errorf(toolkit.Data, "%d of %d lines are no messages", c.wrong, c.lines)
}

type messageChecker struct {
	env   *toolkit.Env
	out   *toolkit.Output
	m     message.Message // decoded into again and again
	lines int
	wrong int
}

func (c *messageChecker) all(ctx context.Context, operands []string) error {
	if len(operands) == 0 || len(operands) == 1 && operands[0] == "-" {
		if c.env.Stdin.TTY {
			c.out.Say("type messages, one a line; Ctrl-D ends")
		}
		err := readLines(ctx, c.env.Stdin, c.check)
		if errors.Is(err, context.DeadlineExceeded) {
			return toolkit.Errorf(toolkit.Timeout, "standard input did not end in time")
		}
		if err != nil && ctx.Err() == nil && toolkit.KindOf(err) == toolkit.Other {
			return toolkit.Errorf(toolkit.IO, "read standard input: %w", err)
		}
		return err
	}
	for i, text := range operands {
		if err := c.check(input{source: fmt.Sprintf("operand %d", i+1), text: []byte(text), hint: fileHint(text)}); err != nil {
			return err
		}
	}
	return nil
}

// fileHint is for those who give a file where a message is wanted.
func fileHint(operand string) string {
	if _, err := os.Stat(operand); err != nil {
		return ""
	}
	return fmt.Sprintf("; to check the lines of the file %q, give it as standard input: < FILE", operand)
}

// check prints one message or what is wrong with it. Its error is one of writing.
func (c *messageChecker) check(in input) error {
	c.lines++
	err := c.m.Decode(in.text)
	if in.long {
		err = &message.SyntaxError{Offset: maxLine, Reason: fmt.Sprintf("the line is longer than %d bytes", maxLine)}
	}
	if err != nil {
		c.wrong++
		return c.refuse(in, err)
	}
	text, err := c.m.AppendText(nil)
	if c.out.JSON {
		return c.out.JSONLine(describe(&c.m, text, err))
	}
	if err != nil {
		c.out.Say("%s: a message, but it has no canonical form: %s", in.source, toolkit.Escape(err.Error()))
		return nil
	}
	return c.out.Line("%s", c.out.Received(string(text)))
}

func (c *messageChecker) refuse(in input, err error) error {
	why := bad{V: 1, Error: err.Error()}
	var syntax *message.SyntaxError
	if errors.As(err, &syntax) {
		why.Error, why.Offset = syntax.Reason, syntax.Offset
	}
	if c.out.JSON {
		return c.out.JSONLine(why)
	}
	where := fmt.Sprintf("byte %d: ", why.Offset)
	if syntax == nil {
		where = ""
	}
	return c.env.Stderr.Printf("%s: %s: %s%s%s\n", c.env.Program, in.source, where, toolkit.Escape(why.Error), in.hint)
}

// describe returns what is in m. The error is the one of making text.
func describe(m *message.Message, text []byte, err error) good {
	g := good{
		V: 1, OK: true,
		FromServer: m.SentFromServer(), FromService: m.SentFromService(), Server: m.Server(), Service: m.Service(),
		Command: m.Command(), Params: make(map[string]string, m.Len()),
	}
	for name, value := range m.Params() {
		g.Params[name] = value
		if utf8.ValidString(value) {
			continue
		}
		if g.ParamsBase64 == nil {
			g.ParamsBase64 = make(map[string]string)
		}
		g.ParamsBase64[name] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	switch {
	case err != nil:
	case utf8.Valid(text):
		s := string(text)
		g.Text = &s
	default:
		g.RawBase64 = base64.StdEncoding.EncodeToString(text)
	}
	return g
}
