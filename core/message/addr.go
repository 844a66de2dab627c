package message

import (
	"errors"

	"github.com/ed-toolbox/ed/core/address"
)

// Addr returns a parameter as an address; d says what the text leaves out.
func (m *Message) Addr(name string, d address.Defaults) (address.Address, error) {
	return typed(m, name, func(text string) (address.Address, error) {
		a, err := address.Parse(text, d)
		if bad, ok := errors.AsType[*address.ParseError](err); ok {
			err = addrError{bad}
		}
		return a, err
	})
}

// addrError is a ParseError that leaves the text out, which a ParamError says already.
type addrError struct{ *address.ParseError }

func (e addrError) Error() string { return e.Reason }
func (e addrError) Unwrap() error { return e.ParseError }

// SetAddress sets a parameter to an address as the C++ services write it, without its scheme: IP:PORT, [IPv6]:PORT, the path of a
// Unix socket or FIFO (an abstract one with "@"). Addresses of other kinds are written whole.
func (m *Message) SetAddress(name string, a address.Address) *Message {
	switch {
	case a.Scheme.IsIP():
		return m.Set(name, a.HostPort())
	case a.Scheme.IsUnix() || a.Scheme == address.FIFO:
		return m.Set(name, a.Path)
	}
	return m.Set(name, a.String())
}
