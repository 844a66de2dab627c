package toolkit

import (
	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
)

// Address reads an address that the operator gave: a URI, IP[:PORT], [IPv6]:PORT, a host name, ":PORT" (127.0.0.1), or
// FILE@VARIABLE, the value of a variable in a configuration file. An empty text gives what the defaults alone say.
// The error is of kind Usage; where a FILE@VARIABLE reference fails it is of kind NoInput or Config.
func (e *Env) Address(text string, d address.Defaults) (address.Address, error) {
	if d.Host == "" {
		d.Host = "127.0.0.1"
	}
	if text == "" {
		text = d.Host
	}
	if !config.IsReference(text) {
		a, err := address.Parse(text, d)
		return a, As(Usage, err)
	}
	value, _, err := config.Reference(text)
	if err != nil {
		if KindOf(err) == NoInput || KindOf(err) == Permission {
			return address.Address{}, err
		}
		return address.Address{}, As(Config, err)
	}
	a, err := address.Parse(value, d)
	if err != nil {
		return address.Address{}, Errorf(Config, "read %s: %w", Escape(text), err)
	}
	return a, nil
}
