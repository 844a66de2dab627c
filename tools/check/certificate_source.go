package check

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/tlsconn"
)

// maxFile is how many bytes a file may have.
const maxFile = 16 << 20

// isFile says that a target is a file, not a host: it has a path, exists, or is called like one. "-" is standard input.
func isFile(target string) bool {
	switch {
	case target == "-":
		return true
	case strings.Contains(target, "://") || strings.Contains(target, "@"):
		return false
	case strings.Contains(target, "/"):
		return true
	case slices.Contains([]string{".pem", ".crt", ".cer", ".der"}, strings.ToLower(filepath.Ext(target))):
		return true
	}
	info, err := os.Stat(target)
	return err == nil && info.Mode().IsRegular()
}

// fromFile reads certificates in PEM or DER. One that issued the one before belongs to its chain.
func (c *certificates) fromFile(ctx context.Context, path string) ([]*specimen, error) {
	var data []byte
	var err error
	if path == "-" {
		data, err = toolkit.ReadAll(ctx, c.env.Stdin, "standard input", maxFile) // waits for its writer, as filters do
	} else {
		if c.Timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeoutCause(ctx, c.Timeout, toolkit.Errorf(toolkit.NoInput, "read %s: it did not end within %s", path, c.Timeout))
			defer cancel()
		}
		data, err = toolkit.ReadFile(ctx, path, maxFile)
	}
	if err != nil {
		return nil, err
	}
	all, err := parseCertificates(data)
	if err != nil {
		return nil, toolkit.Errorf(toolkit.Data, "%s: %w", path, err)
	}
	var found []*specimen
	for n, cert := range all {
		if n > 0 && bytes.Equal(all[n-1].RawIssuer, cert.RawSubject) && cert.IsCA {
			last := found[len(found)-1]
			last.presents = append(last.presents, cert)
			continue
		}
		found = append(found, &specimen{
			target: path, presents: []*x509.Certificate{cert}, name: c.tls.ServerName,
			counts: !c.tls.Insecure && (c.tls.CAFile != "" || c.tls.CADir != "" || c.tls.ServerName != ""),
		})
	}
	if len(found) > 1 {
		for n, s := range found {
			s.target = fmt.Sprintf("%s, number %d", path, n+1)
		}
	}
	return found, nil
}

var errNoCertificate = errors.New("no certificate in it")

func parseCertificates(data []byte) (all []*x509.Certificate, err error) {
	if !bytes.Contains(data, []byte("-----BEGIN")) {
		if cert, err := x509.ParseCertificate(data); err == nil {
			return []*x509.Certificate{cert}, nil
		}
		return nil, errNoCertificate
	}
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue // keys stand in such files, too
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		all = append(all, cert)
	}
	if len(all) == 0 {
		return nil, errNoCertificate
	}
	return all, nil
}

// ask connects and looks at what the server shows.
func ask(ctx context.Context, a address.Address, config *tlsconn.Config, timeout time.Duration) (*specimen, error) {
	if timeout == 0 {
		timeout = -1
	}
	l, err := reactor.New(reactor.Options{Name: "check certificate"})
	if err != nil {
		return nil, err
	}
	defer l.Close()
	v := &visitor{}
	c, err := open.Opener{TLS: config}.Dial(l, a, transport.Options{ConnectTimeout: timeout}, v)
	if err != nil {
		return nil, err
	}
	defer context.AfterFunc(ctx, func() {
		_ = l.Post(func() { c.Abort(context.Cause(ctx)) }) // a loop that is over has ended already
	})()
	if err := l.Run(context.Background()); err != nil {
		return nil, err
	}
	if len(v.state.PeerCertificates) == 0 {
		return nil, v.err
	}
	return &specimen{presents: v.state.PeerCertificates, version: tls.VersionName(v.state.Version)}, nil
}

// visitor opens a connection and leaves.
type visitor struct {
	state tls.ConnectionState
	err   error
}

// OnOpen leaves: the certificate is known.
func (v *visitor) OnOpen(c transport.Conn) {
	c.Close()
}

// OnData drops what the server says.
func (v *visitor) OnData(transport.Conn, []byte) {}

// OnDrain does nothing: nothing was sent.
func (v *visitor) OnDrain(transport.Conn) {}

// OnClose also comes when there was no OnOpen. A server that wants to see a certificate of ours has shown its own before.
func (v *visitor) OnClose(c transport.Conn, err error) {
	if v.err = err; err == nil {
		v.err = transport.ErrClosed
	}
	if secure, ok := c.(*tlsconn.Conn); ok {
		v.state = secure.State()
	}
}
