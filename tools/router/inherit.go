package router

import (
	"os"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/ed-toolbox/ed/core/address"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/open"
)

// inheritAll takes the sockets that systemd has bound for us. Each takes the place of those that its key names; the name that the
// unit gives it (FileDescriptorName=) tells which, else its kind does.
func (d *daemon) inheritAll(files []*os.File) error {
	for _, f := range files {
		fd, err := open.Detach(f)
		if err != nil {
			return toolkit.Errorf(toolkit.Config, "socket %q of systemd: %w", f.Name(), err)
		}
		a, err := open.Inherited(fd)
		if err != nil {
			return toolkit.Errorf(toolkit.Config, "socket %q of systemd: %w", f.Name(), err)
		}
		key := keyOfSocket(f.Name(), a)
		if err := d.inherit(key, fd, a); err != nil {
			return toolkit.Errorf(toolkit.Config, "socket %q of systemd: %w", f.Name(), err)
		}
		d.inherited[key] = true
		d.log.Info("listening", "for", key, "address", a.String(), "inherited", true)
	}
	return nil
}

// inheritedFiles are the sockets of systemd's socket activation. The variables that tell of them are unset, so that they
// mean nothing to children.
func inheritedFiles() []*os.File { return activation.Files(true) }

// keyOfSocket says which setting a socket stands for.
func keyOfSocket(name string, a address.Address) string {
	switch name {
	case "unix_listen", "unix_datagram", "local_listen", "remote_listen", "secure_listen", "signal":
		return name
	}
	switch a.Scheme {
	case address.UDP:
		return "signal"
	case address.UnixGram:
		return "unix_datagram"
	case address.TCP:
		if a.IP.IsLoopback() {
			return "local_listen"
		}
		return "remote_listen"
	}
	return "unix_listen"
}

// inherit takes one socket.
func (d *daemon) inherit(key string, fd int, a address.Address) error {
	if a.IsDatagram() {
		c, err := open.AdoptPacket(d.loop, fd, a, d.transportOptions(), d.datagram)
		if err != nil {
			return err
		}
		d.sockets = append(d.sockets, c)
		return nil
	}
	kinds := map[string]rules.Kind{
		"unix_listen": rules.LocalUnix, "local_listen": rules.LocalTCP, "remote_listen": rules.Remote, "secure_listen": rules.Secure,
	}
	kind, ok := kinds[key]
	if !ok {
		return toolkit.Errorf(toolkit.Config, "%s takes datagrams, not connections", key)
	}
	if kind == rules.Secure {
		a.Scheme = address.TLS
	}
	l, err := d.opener.Adopt(d.loop, fd, a, d.listenerOptions(kind), d.acceptor(kind))
	if err != nil {
		return err
	}
	d.listeners = append(d.listeners, l)
	return nil
}
