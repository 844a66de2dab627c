package toolkit

import (
	"strings"

	"github.com/urfave/cli/v2"

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
		if half := strings.Trim(text, "@"); err != nil && half != "" && half != text && !strings.ContainsAny(half, "@:") {
			err = &config.ReferenceError{Reference: text} // FILE@ or @VARIABLE
		}
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

// TypeFlag is --type of commands that take addresses of any medium; TypeDefaults reads it.
func TypeFlag() cli.Flag {
	return ChoiceFlag("type", []string{"t"}, "tcp", []string{"tcp", "tls", "udp", "unix", "unixgram", "unixpacket"}, "scheme where none is given: `TYPE`")
}

// TypeDefaults is what --type says of addresses without a scheme, with the router's port for it.
func TypeDefaults(c *cli.Context) address.Defaults {
	d := address.Defaults{}
	d.Scheme, _ = address.ParseScheme(StringOf(c, "type")) // the flag takes nothing else
	switch d.Scheme {
	case address.TCP:
		d.Port = 4040
	case address.TLS:
		d.Port = 4043
	case address.UDP:
		d.Port = 4041
	}
	return d
}
