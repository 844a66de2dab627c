package definition

import (
	"errors"
	"net/netip"
	"strconv"
	"unsafe"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
)

// check returns what is wrong with the parameter p of m, or "".
func (p *Parameter) check(m *message.Message) string {
	value, found := m.Lookup(p.Name)
	switch {
	case !found && p.Required:
		return "is missing"
	case !found:
		return ""
	case p.Forbidden:
		return "is forbidden"
	case len(value) == 0 && p.Empty:
		return ""
	case len(value) == 0:
		return "is empty"
	case p.Type == String:
		return ""
	}
	return p.reason(value, p.checkType(value))
}

// checkType reads the value, which is not empty, by the type. It does not go through the getters of the message, which would copy the
// value.
func (p *Parameter) checkType(value []byte) error {
	var err error
	switch p.Type {
	case Integer:
		_, err = message.ParseInt(view(value))
	case Address:
		// IP:PORT, the usual form, needs no error on the way. A zone is left to the one who knows which are allowed.
		if a, bad := netip.ParseAddrPort(view(value)); bad == nil && a.Addr().Zone() == "" {
			return nil
		}
		_, err = address.Parse(view(value), address.Defaults{AnyPort: true})
	case Timespec:
		_, err = message.ParseTimespec(view(value))
	case Bool:
		_, err = message.ParseBool(view(value))
	case Duration:
		// A bare number of seconds, the usual form, is read without making an error on the way.
		if t, bad := message.ParseTimespec(view(value)); bad == nil && -enough < t.Sec && t.Sec < enough {
			return nil
		}
		_, err = message.ParseDuration(view(value))
	}
	return err
}

// enough is a number of seconds that a duration is sure to hold; its limit is 9.2e9.
const enough = 9e9

// view returns b as a string without a copy. The string is good while b is: what is parsed from it here is dropped at
// once, and reason copies what it takes.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// reason puts the error of a parser in words that continue "parameter NAME". The value is shown shortened: it may be as
// long as a line, and the text travels back to whoever sent it.
func (p *Parameter) reason(value []byte, err error) string {
	if err == nil {
		return ""
	}
	const most = 40
	article, dots := "is not a ", ""
	if p.Type == Integer || p.Type == Address {
		article = "is not an "
	}
	if len(value) > most {
		value, dots = value[:most], "…"
	}
	why := err.Error()
	if bad, ok := errors.AsType[*address.ParseError](err); ok {
		why = bad.Reason
	}
	return article + p.Type.String() + ": " + strconv.Quote(string(value)) + dots + ": " + why
}
