package check

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/tlsconn"
)

// certificateOptions are those of `ed check certificate`.
type certificateOptions struct {
	toolkit.Common
	targets []string
	days    int
	tls     tlsconn.Options
}

// certificates is one run of `ed check certificate`.
type certificates struct {
	certificateOptions
	env    *toolkit.Env
	out    *toolkit.Output
	config *tlsconn.Config // accepts any server: what it shows is to be looked at
	worst  error           // the first failure
}

// checkCertificates looks at every target, whatever the others are like.
func checkCertificates(ctx context.Context, env *toolkit.Env, o certificateOptions) error {
	look := o.tls
	look.Insecure = true
	config, err := toolkit.LoadTLS(look)
	if err != nil {
		return err
	}
	c := &certificates{certificateOptions: o, env: env, out: env.Output(o.Common), config: config}
	for _, target := range o.targets {
		found, err := c.find(ctx, target)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			if err := c.unreachable(target, err); err != nil {
				return err
			}
		}
		for _, s := range found {
			c.judge(s)
			if err := c.print(s); err != nil {
				return err
			}
		}
	}
	return c.worst
}

// specimen is a certificate and how it came.
type specimen struct {
	target   string
	presents []*x509.Certificate // itself, then those to its root as far as they were there
	version  string              // of TLS; "" for a file
	name     string              // what it must be for; "" for anything
	counts   bool                // whether verification matters

	chain    []*x509.Certificate // verified, to the root
	refused  error               // why it is not verified
	expires  *x509.Certificate   // the one that does first
	left     time.Duration       // until then
	problems []string
}

// find reads the file or asks the server.
func (c *certificates) find(ctx context.Context, target string) ([]*specimen, error) {
	if target == "" {
		return nil, toolkit.Errorf(toolkit.Usage, "an operand is empty: name a server (example.com:443) or a file of certificates")
	}
	if isFile(target) {
		return c.fromFile(ctx, target)
	}
	a, err := c.env.Address(target, address.Defaults{Scheme: address.TLS, Port: 443})
	if err != nil {
		return nil, err
	}
	if a.Scheme != address.TLS {
		return nil, toolkit.Errorf(toolkit.Usage, "%s: certificates are shown over tls only", a)
	}
	s, err := ask(ctx, a, c.config, c.Timeout)
	if err != nil {
		return nil, err
	}
	s.target, s.counts = target, !c.tls.Insecure
	if s.name = c.tls.ServerName; s.name == "" {
		s.name = a.Host
		if a.IP.IsValid() {
			s.name = a.IP.WithZone("").String()
		}
	}
	return []*specimen{s}, nil
}

// judge verifies a certificate and finds what is wrong with it.
func (c *certificates) judge(s *specimen) {
	leaf, now := s.presents[0], c.env.Now()
	o := x509.VerifyOptions{
		Roots: c.config.Roots(), Intermediates: x509.NewCertPool(), DNSName: s.name, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if s.version == "" {
		o.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} // it may be a client's
	}
	for _, cert := range s.presents[1:] {
		o.Intermediates.AddCert(cert)
	}
	chains, err := leaf.Verify(o)
	s.refused = tlsconn.Explain(err)
	s.expires = leaf
	for n, chain := range chains { // of several the one that lasts
		if first := firstToExpire(chain); n == 0 || first.NotAfter.After(s.expires.NotAfter) {
			s.chain, s.expires = chain, first
		}
	}
	s.left = s.expires.NotAfter.Sub(now)
	c.complain(s)
}

func firstToExpire(chain []*x509.Certificate) *x509.Certificate {
	first := chain[0]
	for _, cert := range chain {
		if cert.NotAfter.Before(first.NotAfter) {
			first = cert
		}
	}
	return first
}

// complain lists the problems of s that count.
func (c *certificates) complain(s *specimen) {
	now := c.env.Now()
	whose := ""
	if s.expires != s.presents[0] {
		whose = "its issuer " + s.expires.Subject.String() + " "
	}
	day := s.expires.NotAfter.UTC().Format(time.DateOnly)
	valid := true
	switch {
	case now.Before(s.presents[0].NotBefore):
		valid = false
		s.problem("it is not valid before %s", s.presents[0].NotBefore.UTC().Format(time.RFC3339))
	case s.left < 0:
		valid = false
		s.problem("%sexpired on %s", whose, day)
	case s.left < time.Duration(c.days)*24*time.Hour:
		s.problem("%sexpires on %s, in %s", whose, day, days(s.left))
	}
	if s.refused != nil && s.counts {
		var dates x509.CertificateInvalidError
		if !valid && errors.As(s.refused, &dates) && dates.Reason == x509.Expired {
			return // said above
		}
		s.problem("it is not to be trusted: %s", toolkit.Told(s.refused))
	}
}
