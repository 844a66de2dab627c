package definition

import (
	"errors"
	"strconv"

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
	return reason(p.Type, p.checkType(m))
}

// checkType reads the parameter, which is there, by its type.
func (p *Parameter) checkType(m *message.Message) error {
	var err error
	switch p.Type {
	case Integer:
		_, err = m.Int(p.Name)
	case Address:
		_, err = m.Addr(p.Name, address.Defaults{})
	case Timespec:
		_, err = m.Timespec(p.Name)
	case Bool:
		_, err = m.Bool(p.Name)
	case Duration:
		_, err = m.Duration(p.Name)
	}
	return err
}

// reason puts the error of a getter in words that continue "parameter NAME". The value is shown shortened: it may be as
// long as a line, and the text travels back to whoever sent it.
func reason(t Type, err error) string {
	if err == nil {
		return ""
	}
	const most = 40
	article := "is not a "
	if t == Integer || t == Address {
		article = "is not an "
	}
	var bad *message.ParamError
	if !errors.As(err, &bad) {
		return article + t.String() + ": " + err.Error()
	}
	value := bad.Value
	if len(value) > most {
		value = value[:most] + "…"
	}
	return article + t.String() + ": " + strconv.Quote(value) + ": " + bad.Reason
}
