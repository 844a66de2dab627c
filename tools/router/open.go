package router

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/reactor"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/tlsconn"
)

// openerOf reads the certificates for connections to other routers.
func openerOf(s *setup) (open.Opener, error) {
	if s.certificate == "" && s.authority == "" {
		return open.Opener{}, nil
	}
	o := tlsconn.Options{CertFile: s.certificate, KeyFile: s.privateKey, CAFile: s.authority}
	switch {
	case s.authority == "":
	case s.credentials.User != "":
		o.ClientAuth = tlsconn.ClientOptional // either a certificate or the password
	default:
		o.ClientAuth = tlsconn.ClientRequired
	}
	config, err := toolkit.LoadTLS(o)
	if err != nil {
		name := "certificate"
		if s.certificate == "" {
			name = "certificate_authority"
		}
		err = fmt.Errorf("%s: %s: %w", s.settings.Get(name).Origin, name, err)
	}
	return open.Opener{TLS: config}, err
}

// bind opens every address that was not inherited. The first that cannot be opened ends the start.
func (d *daemon) bind() error {
	s := d.setup
	for _, l := range []struct {
		kind rules.Kind
		key  string
		list []address.Address
	}{
		{rules.LocalUnix, "unix_listen", s.unix},
		{rules.LocalTCP, "local_listen", s.local},
		{rules.Remote, "remote_listen", s.remote},
		{rules.Secure, "secure_listen", s.secure},
	} {
		for _, a := range l.list {
			if d.inherited[l.key] {
				continue
			}
			if err := d.listen(l.kind, l.key, a); err != nil {
				return err
			}
		}
	}
	for _, a := range s.signal {
		if d.inherited["signal"] {
			continue
		}
		if err := d.openPackets("signal", a); err != nil {
			return err
		}
	}
	if !s.datagram.IsZero() && !d.inherited["unix_datagram"] {
		return d.openPackets("unix_datagram", s.datagram)
	}
	return nil
}

func (d *daemon) listen(kind rules.Kind, key string, a address.Address) error {
	if err := d.makeFolder(a); err != nil {
		return err
	}
	l, err := d.opener.Listen(d.loop, a, d.listenerOptions(kind), d.acceptor(kind))
	if err != nil {
		return d.explain(key, a, err)
	}
	d.listeners = append(d.listeners, l)
	d.log.Info("listening", "for", key, "address", l.Addr().String())
	return nil
}

func (d *daemon) openPackets(key string, a address.Address) error {
	if err := d.makeFolder(a); err != nil {
		return err
	}
	o := d.transportOptions()
	if a.Scheme == address.UDP {
		o.MaxPacket = toolkit.MaxDatagram // of an answer
	}
	c, err := open.Packet(d.loop, a, address.Address{}, o, d.datagram)
	if err != nil {
		return d.explain(key, a, err)
	}
	d.sockets = append(d.sockets, c)
	d.log.Info("listening", "for", key, "address", c.Local().String())
	return nil
}

// makeFolder makes the folder of a socket file if it is not there. One in which others could exchange the file is refused.
func (d *daemon) makeFolder(a address.Address) error {
	if !a.Scheme.IsUnix() || a.IsAbstract() {
		return nil
	}
	dir := filepath.Dir(a.Path)
	root := os.Geteuid() == 0
	mode, others := fs.FileMode(0o700), fs.FileMode(0o022)
	if root {
		mode, others = 0o755, 0o002
	}
	err := os.Mkdir(dir, mode)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.MkdirAll(dir, mode)
	}
	switch {
	case err == nil:
		d.folders = append(d.folders, dir)
		return toolkit.As(toolkit.CantCreate, os.Chmod(dir, mode)) // whatever the umask is
	case !errors.Is(err, fs.ErrExist):
		return toolkit.WithHint(toolkit.As(toolkit.CantCreate, err), "--unix-listen PATH puts the socket elsewhere, none does without one")
	case dir != filepath.Dir(d.setup.place.socket):
		return nil // where the operator wants it
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return toolkit.As(toolkit.CantCreate, err)
	}
	uid, known := proc.FileOwner(info)
	foreign := int(uid) != os.Geteuid() && uid != 0 && !root // the folders of root's router may be those of its user
	if !known || !info.IsDir() || foreign || info.Mode().Perm()&others != 0 {
		return toolkit.Errorf(toolkit.Permission, "folder %s: it belongs to somebody else, or others may write in it", dir)
	}
	return nil
}

// explain says of an address that is taken who has it, and what can be done.
func (d *daemon) explain(key string, a address.Address, err error) error {
	option := "--" + optionOf(key)
	var op *transport.OpError
	switch found := errors.As(err, &op); {
	case found && op.InUse():
		return toolkit.WithHint(toolkit.As(toolkit.Unavailable, fmt.Errorf("%w%s", err, takenBy(a))),
			"%s ADDR takes another, %s none does without; ed stop ends what has it", option, option)
	case found && op.Foreign():
		return toolkit.WithHint(toolkit.As(toolkit.Unavailable, err), "no interface of this host has that address")
	case errors.Is(err, fs.ErrPermission):
		return toolkit.WithHint(toolkit.As(toolkit.Permission, err), "%s ADDR takes another, %s none does without", option, option)
	}
	return err
}

// takenBy names the process that holds an address, as far as it may be known.
func takenBy(a address.Address) string {
	var sys proc.System
	var p proc.Process
	var err error
	switch a.Scheme {
	case address.TCP, address.TLS:
		p, err = sys.TCPListener(a.AddrPort())
	case address.UDP:
		p, err = sys.UDPSocket(a.AddrPort())
	default:
		p, err = sys.UnixListener(a.Path)
	}
	switch {
	case err == nil:
		return ", process " + p.String()
	case errors.Is(err, proc.ErrPermission):
		return ", a process of another user"
	}
	return ""
}

// makeData makes the folder for data. Where that fails nothing is kept, which is no reason not to run.
func (d *daemon) makeData() {
	s := d.setup
	if s.dataPath == "" {
		return
	}
	if err := os.MkdirAll(s.dataPath, 0o755); err != nil {
		d.log.Warn("nothing will be kept over a restart", "error", err)
		s.dataPath = ""
		return
	}
	var err error
	if d.learned, err = readNeighborsFile(s.dataPath); err != nil {
		d.log.Warn("file of known routers is not whole", "error", err)
	}
}

// checkMine says whether other routers could find this host at my_address at all.
func (s *setup) checkMine(l *reactor.Loop) error {
	a := address.Address{Scheme: address.UDP, IP: s.mine.IP}
	c, err := open.Packet(l, a, address.Address{}, transport.Options{}, deaf{})
	if err != nil {
		v := s.settings.Get("my_address")
		return toolkit.Errorf(toolkit.Config, "%s: my_address: no interface of this host has %s", v.Origin, s.mine.IP)
	}
	c.Abort(nil)
	return nil
}

// deaf takes the packets of a socket that nobody uses.
type deaf struct{}

func (deaf) OnPacket(transport.PacketConn, []byte, address.Address) {}
func (deaf) OnDrain(transport.PacketConn)                           {}
func (deaf) OnClose(transport.PacketConn, error)                    {}
