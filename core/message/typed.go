package message

import (
	"strconv"
	"strings"
	"time"
)

// Text returns the value of a parameter; the error is a *ParamError that is ErrMissing when the parameter is not there.
// All typed getters give *ParamError.
func (m *Message) Text(name string) (string, error) {
	value, ok := m.Lookup(name)
	if !ok {
		return "", &ParamError{Command: m.Command(), Name: name, Reason: "it is missing", Err: ErrMissing}
	}
	return string(value), nil
}

// Int returns a parameter as an integer: [+-] [0x 0b 0o 0d] digits; a leading 0 alone is decimal. What does not fit
// 64 bits is an error.
func (m *Message) Int(name string) (int64, error) { return typed(m, name, ParseInt) }

// Uint is Int for what is not negative.
func (m *Message) Uint(name string) (uint64, error) { return typed(m, name, ParseUint) }

// Bool returns a parameter as a truth value: true false, yes no, on off, 1 0, in upper or lower case.
func (m *Message) Bool(name string) (bool, error) { return typed(m, name, ParseBool) }

// Duration returns a parameter as a duration, in the grammar of ParseDuration: "90", "1.5", "1h 30m", "1h30m", "250ms".
func (m *Message) Duration(name string) (time.Duration, error) { return typed(m, name, ParseDuration) }

// Timespec returns a parameter as seconds with a fraction, in the grammar of ParseTimespec: "1720000000.25".
func (m *Message) Timespec(name string) (Timespec, error) { return typed(m, name, ParseTimespec) }

// typed gets a parameter and parses it.
func typed[T any](m *Message, name string, parse func(string) (T, error)) (T, error) {
	text, err := m.Text(name)
	if err != nil {
		var zero T
		return zero, err
	}
	value, err := parse(text)
	if err != nil {
		err = &ParamError{Command: m.Command(), Name: name, Value: text, Reason: err.Error(), Err: err}
	}
	return value, err
}

// SetInt sets a parameter to a decimal number. All setters return m for chaining.
func (m *Message) SetInt(name string, n int64) *Message {
	f := m.field(name)
	f.value = strconv.AppendInt(f.value, n, 10)
	return m
}

// SetUint sets a parameter to a decimal number.
func (m *Message) SetUint(name string, n uint64) *Message {
	f := m.field(name)
	f.value = strconv.AppendUint(f.value, n, 10)
	return m
}

// SetBool sets a parameter to "true" or "false".
func (m *Message) SetBool(name string, b bool) *Message {
	return m.Set(name, strconv.FormatBool(b))
}

// SetDuration sets a parameter to a number of seconds, with a fraction where needed, as SetTimespec does.
func (m *Message) SetDuration(name string, d time.Duration) *Message {
	return m.SetTimespec(name, TimespecOfDuration(d))
}

// SetTimespec sets a parameter to seconds with up to nine decimals, without zeros at the end.
func (m *Message) SetTimespec(name string, t Timespec) *Message {
	f := m.field(name)
	f.value = t.AppendText(f.value)
	return m
}

// ParseBool reads a truth value as it is written in parameters, in the words of Message.Bool.
func ParseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, errBool
}
