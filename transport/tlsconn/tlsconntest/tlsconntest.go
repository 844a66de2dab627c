// Package tlsconntest makes certificates for tests.
package tlsconntest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// CA is a root that signs certificates.
type CA struct {
	Cert *x509.Certificate
	File string // its certificate as PEM

	t   testing.TB
	key *ecdsa.PrivateKey
}

// Pair is a certificate with its key, as files.
type Pair struct {
	Cert     *x509.Certificate
	CertFile string
	KeyFile  string
}

// NewCA makes a root that is valid for a day. change may alter what is signed.
func NewCA(t testing.TB, change ...func(*x509.Certificate)) *CA {
	ca := &CA{t: t, key: newKey(t)}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: "test root", Organization: []string{"ed tests"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}
	for _, f := range change {
		f(template)
	}
	ca.Cert = sign(t, template, template, &ca.key.PublicKey, ca.key)
	ca.File = filepath.Join(t.TempDir(), "ca.pem")
	writePEM(t, ca.File, "CERTIFICATE", ca.Cert.Raw)
	return ca
}

// Issue makes a certificate for names, host names or IP addresses, that servers and clients can show. change may alter
// what is signed.
func (ca *CA) Issue(names []string, change ...func(*x509.Certificate)) Pair {
	dir := ca.t.TempDir()
	p := Pair{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}
	ca.IssueTo(&p, names, change...)
	return p
}

// IssueTo writes a new certificate and key to the files of p.
func (ca *CA) IssueTo(p *Pair, names []string, change ...func(*x509.Certificate)) {
	ca.t.Helper()
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial(ca.t), Subject: pkix.Name{CommonName: "test"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(12 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		if ip, err := netip.ParseAddr(name); err == nil {
			template.IPAddresses = append(template.IPAddresses, ip.AsSlice())
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	for _, f := range change {
		f(template)
	}
	key := newKey(ca.t)
	p.Cert = sign(ca.t, template, ca.Cert, &key.PublicKey, ca.key)
	writePEM(ca.t, p.CertFile, "CERTIFICATE", p.Cert.Raw)
	text, err := x509.MarshalPKCS8PrivateKey(key)
	must(ca.t, err)
	writePEM(ca.t, p.KeyFile, "PRIVATE KEY", text)
}

func sign(t testing.TB, template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	must(t, err)
	cert, err := x509.ParseCertificate(raw)
	must(t, err)
	return cert
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}

func serial(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	must(t, err)
	return n
}

func writePEM(t testing.TB, path, kind string, data []byte) {
	t.Helper()
	must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
