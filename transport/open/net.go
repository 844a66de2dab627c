package open

import (
	"net"
	"os"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/unixsock"
)

// NetListener binds an address of tcp: or unix: for a server of the standard library, such as that of net/http, which has
// goroutines of its own in place of a loop. A Unix socket's file is made and removed with the care of package unixsock. A
// host name is looked up, which may block.
func NetListener(a address.Address, o transport.Options) (net.Listener, error) {
	switch a.Scheme {
	case address.TCP:
		l, err := net.Listen("tcp", a.HostPort())
		if err != nil {
			return nil, &transport.OpError{Op: "listen", Addr: a, Err: cause(err)}
		}
		return l, nil
	case address.Unix:
		fd, remove, err := unixsock.Bind(a, o)
		if err != nil {
			return nil, err
		}
		file := os.NewFile(uintptr(fd), a.Path)
		defer file.Close()
		l, err := net.FileListener(file) // it has a descriptor of its own
		if err != nil {
			remove()
			return nil, &transport.OpError{Op: "listen", Addr: a, Err: err}
		}
		return &fileListener{l, remove}, nil
	}
	return nil, unsupported("listen", a)
}

// fileListener takes its file away when it is closed.
type fileListener struct {
	net.Listener
	remove func()
}

// Close closes the listener, then removes the file.
func (l *fileListener) Close() error {
	err := l.Listener.Close()
	l.remove()
	return err
}

// cause drops what package net says of operation and address, which the error around it shows.
func cause(err error) error {
	if op, ok := err.(*net.OpError); ok {
		return op.Err
	}
	return err
}
