package check

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/tlsconn"
)

func (s *specimen) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Sprintf(format, args...))
}

// certificateJSON is the form of a certificate for programs.
type certificateJSON struct {
	V         int         `json:"v"`
	Target    string      `json:"target"`
	OK        bool        `json:"ok"`
	Problems  []string    `json:"problems,omitempty"`
	Error     string      `json:"error,omitempty"`
	TLS       string      `json:"tls,omitempty"`
	Subject   string      `json:"subject,omitempty"`
	Names     []string    `json:"names,omitempty"`
	Issuer    string      `json:"issuer,omitempty"`
	NotBefore *time.Time  `json:"not_before,omitempty"`
	NotAfter  *time.Time  `json:"not_after,omitempty"`
	Left      int64       `json:"left_ns,omitempty"`
	Key       string      `json:"key,omitempty"`
	Signature string      `json:"signature,omitempty"`
	Serial    string      `json:"serial,omitempty"`
	SHA256    string      `json:"sha256,omitempty"`
	Verified  bool        `json:"verified"`
	Refused   string      `json:"refused,omitempty"`
	Chain     []chainJSON `json:"chain,omitempty"`
}

type chainJSON struct {
	Subject  string    `json:"subject"`
	NotAfter time.Time `json:"not_after"`
	SHA256   string    `json:"sha256"`
}

// unreachable reports a target without a certificate.
func (c *certificates) unreachable(target string, err error) error {
	if c.worst == nil {
		c.worst = err
	} else {
		c.out.Warn("%s", toolkit.Escape(err.Error()))
	}
	if c.JSON {
		return c.out.JSONLine(certificateJSON{V: 1, Target: target, Error: err.Error()})
	}
	return nil
}

// print shows s, and its problems on standard error.
func (c *certificates) print(s *specimen) error {
	var err error
	if c.JSON {
		err = c.out.JSONLine(s.json())
	} else {
		err = c.out.Raw([]byte(s.text(c.out.Received)))
	}
	if err != nil {
		return err
	}
	for _, p := range s.problems {
		err := toolkit.Errorf(toolkit.Other, "%s: %s", toolkit.Escape(s.target), toolkit.Escape(p))
		if c.worst == nil {
			c.worst = err // printed by the main program
		} else {
			c.out.Warn("%v", err)
		}
	}
	return nil
}

func (s *specimen) json() certificateJSON {
	leaf := s.presents[0]
	j := certificateJSON{
		V: 1, Target: s.target, OK: len(s.problems) == 0, Problems: s.problems, TLS: s.version,
		Subject: leaf.Subject.String(), Names: tlsconn.Names(leaf), Issuer: leaf.Issuer.String(),
		NotBefore: &leaf.NotBefore, NotAfter: &leaf.NotAfter, Left: int64(s.left),
		Key: keyOf(leaf), Signature: leaf.SignatureAlgorithm.String(), Serial: leaf.SerialNumber.Text(16), SHA256: fingerprint(leaf),
		Verified: s.refused == nil,
	}
	if s.refused != nil {
		j.Refused = s.refused.Error()
	}
	for _, cert := range s.others() {
		j.Chain = append(j.Chain, chainJSON{cert.Subject.String(), cert.NotAfter, fingerprint(cert)})
	}
	return j
}

// others are the certificates above: to the root if that is known.
func (s *specimen) others() []*x509.Certificate {
	if s.chain != nil {
		return s.chain[1:]
	}
	return s.presents[1:]
}

// text is the form for people. shown makes what the peer says fit for a terminal.
func (s *specimen) text(shown func(string) string) string {
	leaf := s.presents[0]
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-10s %s\n", name, shown(fmt.Sprintf(format, args...)))
	}
	fmt.Fprintln(&b, shown(s.target))
	line("subject", "%s", leaf.Subject)
	line("names", "%s", strings.Join(tlsconn.Names(leaf), ", "))
	line("issuer", "%s", leaf.Issuer)
	for n, cert := range s.others() {
		line([]string{"chain", ""}[min(n, 1)], "%s, until %s", cert.Subject, cert.NotAfter.UTC().Format(time.DateOnly))
	}
	line("valid", "%s to %s, %s", leaf.NotBefore.UTC().Format(time.RFC3339), leaf.NotAfter.UTC().Format(time.RFC3339), leftOf(s.left))
	line("key", "%s, signed with %s", keyOf(leaf), leaf.SignatureAlgorithm)
	line("serial", "%s", leaf.SerialNumber.Text(16))
	line("sha256", "%s", fingerprint(leaf))
	if s.version != "" {
		line("protocol", "%s", s.version)
	}
	verified := "yes"
	if s.refused != nil {
		verified = "no: " + s.refused.Error()
	}
	if s.name != "" && s.refused == nil {
		verified += ", for " + s.name
	}
	line("verified", "%s", verified)
	return b.String()
}

func leftOf(d time.Duration) string {
	if d < 0 {
		return "over for " + days(-d)
	}
	return days(d) + " left"
}

// days is a span as people say it: whole days, hours or minutes below two of them.
func days(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

func fingerprint(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return hex.EncodeToString(sum[:])
}

func keyOf(cert *x509.Certificate) string {
	switch k := cert.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + k.Curve.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", k.N.BitLen())
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return cert.PublicKeyAlgorithm.String()
}
