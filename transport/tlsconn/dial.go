package tlsconn

import (
	"cmp"
	"errors"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
)

// Dialer connects by the medium that carries the ciphertext: tcp.Dial is one.
type Dialer func(l *reactor.Loop, a address.Address, o transport.Options, h transport.Handler) (transport.Conn, error)

// Binder listens by that medium: tcp.Listen is one.
type Binder func(l *reactor.Loop, a address.Address, o transport.Options, accept transport.Accept) (transport.Listener, error)

// Dial connects to a, of which dial is given the address below: tcp for tls, and any other as it is. OnOpen comes after
// the handshake. What is written before goes out then. Without config it is that of the zero Options.
func Dial(l *reactor.Loop, dial Dialer, a address.Address, o transport.Options, config *Config, h transport.Handler) (transport.Conn, error) {
	if config == nil {
		var err error
		if config, err = New(Options{}); err != nil {
			return nil, &transport.OpError{Op: "connect", Addr: a, Err: err}
		}
	}
	set := newSettings(a, o, config, client)
	set.host = cmp.Or(config.options.ServerName, hostOf(a))
	if set.host == "" && !config.options.Insecure {
		return nil, &transport.OpError{Op: "connect", Addr: a, Err: errors.New("no name is known that the server's certificate could be checked for")}
	}
	c := newConn(localOf(l), set, h)
	under, err := dial(l, carrying(a), set.below(), (*carrier)(c))
	if err != nil {
		return nil, raise(err)
	}
	c.below = under
	return c, nil
}

// Listen accepts connections at a, of which listen is given the address below. accept is called when a peer has
// connected, before the handshake; a handler whose peer never gets through it hears only OnClose.
func Listen(l *reactor.Loop, listen Binder, a address.Address, o transport.Options, config *Config, accept transport.Accept) (transport.Listener, error) {
	if config == nil || config.options.CertFile == "" {
		return nil, &transport.OpError{Op: "listen", Addr: a, Err: ErrNoCertificate}
	}
	set := newSettings(a, o, config, server)
	loc := localOf(l)
	under, err := listen(l, carrying(a), set.below(), func(b transport.Conn) transport.Handler {
		c := newConn(loc, set, nil)
		c.below = b
		if c.h = accept(c); c.h == nil {
			return nil
		}
		return (*carrier)(c)
	})
	if err != nil {
		return nil, raise(err)
	}
	return listener{under}, nil
}

// ErrNoCertificate is why a server without one cannot listen.
var ErrNoCertificate = errors.New("a server needs a certificate and its key")

func newSettings(a address.Address, o transport.Options, config *Config, r role) *settings {
	o.Name = cmp.Or(o.Name, a.String())
	return &settings{Options: o.WithDefaults(), config: config, role: r}
}

// below are the options of the connection below. Its low mark is not above ours: when it drains, so do we.
func (s *settings) below() transport.Options {
	o := s.Options
	o.HighMark, o.LowMark = highBelow, max(1, min(lowBelow, s.LowMark))
	return o
}

// listener shows the addresses of the one below as ours.
type listener struct{ transport.Listener }

// Addr implements transport.Listener.
func (l listener) Addr() address.Address { return secured(l.Listener.Addr()) }

// raise puts our address into an error of the medium below.
func raise(err error) error {
	if op, ok := err.(*transport.OpError); ok && op.Addr != secured(op.Addr) {
		return &transport.OpError{Op: op.Op, Addr: secured(op.Addr), Err: op.Err}
	}
	return err
}
