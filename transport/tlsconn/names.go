package tlsconn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ed-toolbox/ed/core/address"
)

// Names lists what a certificate says it is for: host names, IP addresses, URIs, e-mail addresses, and the common name
// of the subject if there is none of these.
func Names(cert *x509.Certificate) []string {
	names := append([]string{}, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	for _, uri := range cert.URIs {
		names = append(names, uri.String())
	}
	names = append(names, cert.EmailAddresses...)
	if len(names) == 0 && cert.Subject.CommonName != "" {
		names = append(names, cert.Subject.CommonName)
	}
	return names
}

// nameError says for whom a certificate is that is not for the host dialled.
type nameError struct {
	cause error // of crypto/tls
	name  x509.HostnameError
}

func (e *nameError) Error() string {
	cert := e.name.Certificate
	switch names := Names(cert); {
	case len(cert.DNSNames)+len(cert.IPAddresses) > 0:
		return fmt.Sprintf("the certificate is for %s, not for %s", strings.Join(names, ", "), e.name.Host)
	case len(names) > 0:
		return fmt.Sprintf("the certificate is for no host: it has no alternative names, and its subject %q does not count", strings.Join(names, ", "))
	}
	return "the certificate is for no host: it has no names"
}

func (e *nameError) Unwrap() error { return e.cause }

const (
	errHungUp cutError = "the peer hung up before it was done"
	errCut    cutError = "the connection ended without close_notify, what came may not be all"
)

// cutError is an end that came too early: io.ErrUnexpectedEOF in words for people.
type cutError string

func (e cutError) Error() string { return string(e) }

func (cutError) Is(target error) bool { return target == io.ErrUnexpectedEOF }

// ErrNotTLS is why a handshake with a peer that speaks something else fails.
var ErrNotTLS = errors.New("what the peer sent is not TLS")

// notTLSError is ErrNotTLS with its cause, which only says it again.
type notTLSError struct{ cause tls.RecordHeaderError }

func (*notTLSError) Error() string { return ErrNotTLS.Error() }

func (e *notTLSError) Unwrap() []error { return []error{ErrNotTLS, e.cause} }

// Explain puts what went wrong in a handshake into words. The cause stays within.
func Explain(err error) error {
	var name x509.HostnameError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, io.EOF), err == io.ErrUnexpectedEOF:
		return errHungUp
	case errors.As(err, &name):
		return &nameError{err, name}
	case errors.As(err, &record):
		return &notTLSError{record}
	}
	return err
}

// carrying is the address of the connection below, secured that of ours: TLS over TCP has a scheme of its own.
func carrying(a address.Address) address.Address {
	if a.Scheme == address.TLS {
		a.Scheme = address.TCP
	}
	return a
}

func secured(a address.Address) address.Address {
	if a.Scheme == address.TCP {
		a.Scheme = address.TLS
	}
	return a
}

// hostOf is the name that the server at a must prove; "" where an address has none.
func hostOf(a address.Address) string {
	switch {
	case !a.Scheme.IsIP():
		return ""
	case a.IP.IsValid():
		return a.IP.WithZone("").String()
	}
	return a.Host
}
