package control

import (
	"cmp"
	"context"
	"errors"

	"github.com/ed-toolbox/ed/core/message"
)

// RefusedError is an INVALID or UNKNOWN that a control socket answered.
type RefusedError struct{ Command, Message string }

func (e *RefusedError) Error() string { return e.Command + ": " + e.Message }

// refusal is the error in an INVALID or UNKNOWN that names the command, in what is said where no place is left, and in the question
// itself, as an echo service sends it back.
func refusal(m *message.Message, command string) error {
	switch string(m.CommandBytes()) {
	case command:
		return &RefusedError{Command: command, Message: "it sends back what it is asked"}
	case "INVALID", "UNKNOWN":
	case "SERVICE_UNAVAILABLE":
		text, _ := m.Get("message")
		return &BusyError{cmp.Or(text, "busy")}
	default:
		return nil
	}
	if about, ok := m.Get("command"); ok && about != command {
		return nil
	}
	text, ok := m.Get("message")
	if !ok {
		text = "the process does not know this command"
	}
	return &RefusedError{Command: command, Message: text}
}

// IsRefused says whether err is an answer of the process, and not trouble on the way.
func IsRefused(err error) bool {
	_, ok := errors.AsType[*RefusedError](err)
	return ok
}

// refused is what came before the connection broke, if that says why: nil otherwise. It does not wait.
func (c *Client) refused(ctx context.Context, command string) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	for {
		i, err := c.next(ctx)
		if err != nil {
			return nil
		}
		if i.Message != nil {
			if err := refusal(i.Message, command); err != nil {
				return err
			}
		}
		if c.keep(i) != nil {
			return nil
		}
	}
}
