package message

import (
	"errors"
	"fmt"
	"strconv"
)

var (
	// ErrEmpty is returned for a line that has nothing but white space: it is no message, and no mistake either.
	ErrEmpty = errors.New("empty line")
	// ErrMissing is what a ParamError of a typed getter is when the parameter is not there.
	ErrMissing = errors.New("parameter missing")
	// ErrNotUTF8 is returned by AppendJSON when a value is not UTF-8: such a message can only travel as text.
	ErrNotUTF8 = errors.New("message is not UTF-8, it has no JSON form")
	// ErrTooLong is what a TooLongError is.
	ErrTooLong = errors.New("line too long")
)

// maxShown is how much of a name or value an error message repeats; both may come from a peer.
const maxShown = 80

// SyntaxError says where and why a line is no message.
type SyntaxError struct {
	Offset int    // of the offending byte, counted from the start of the line as it was given
	Reason string // in plain words
}

// Error gives offset and reason.
func (e *SyntaxError) Error() string {
	return "bad message at byte " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// NameError says which name is wrong. Encoding returns it for what the setters were given.
type NameError struct {
	What   string // "command", "parameter", "server", "service", "sent-from server", "sent-from service"
	Name   string
	Reason string
}

// Error gives the kind of name, the name with its control bytes escaped, and the reason.
func (e *NameError) Error() string {
	return "bad " + e.What + " name " + shown(e.Name) + ": " + e.Reason
}

// ParamError says what is wrong with the value of a parameter.
type ParamError struct {
	Command string
	Name    string
	Value   string // as it was in the message; "" when missing
	Reason  string
	Err     error // ErrMissing or the error of the value's own parser, may be nil
}

// Error gives command, parameter, value (shortened, control bytes escaped) and reason.
func (e *ParamError) Error() string {
	if errors.Is(e.Err, ErrMissing) {
		return fmt.Sprintf("parameter %s of %s: %s", e.Name, e.Command, e.Reason)
	}
	return fmt.Sprintf("parameter %s of %s: %s: %s", e.Name, e.Command, shown(e.Value), e.Reason)
}

// Unwrap makes errors.Is(err, ErrMissing) work.
func (e *ParamError) Unwrap() error { return e.Err }

// TooLongError says that the Decoder dropped lines over its limit.
type TooLongError struct {
	Limit int // bytes in a line, without its end
	Lines int // how many were dropped since the last report
}

// Error gives the limit.
func (e *TooLongError) Error() string {
	return "line longer than " + strconv.Itoa(e.Limit) + " bytes"
}

// Is makes errors.Is(err, ErrTooLong) work.
func (e *TooLongError) Is(target error) bool { return target == ErrTooLong }

// shown quotes what a peer or a user wrote, shortened.
func shown(s string) string {
	if len(s) > maxShown {
		return strconv.Quote(s[:maxShown]) + "…"
	}
	return strconv.Quote(s)
}
