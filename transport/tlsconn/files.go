package tlsconn

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ed-toolbox/ed/core/config"
)

// snapshot describes the files that o names, by what changes when they are replaced or written to.
func snapshot(o Options) string {
	var b strings.Builder
	for _, path := range []string{o.CertFile, o.KeyFile, o.CAFile} {
		describe(&b, path)
	}
	if o.CADir != "" {
		list, err := os.ReadDir(o.CADir)
		if err != nil {
			fmt.Fprintln(&b, err)
		}
		for _, e := range list {
			describe(&b, filepath.Join(o.CADir, e.Name()))
		}
	}
	return b.String()
}

func describe(b *strings.Builder, path string) {
	if path == "" {
		return
	}
	info, err := os.Stat(path) // behind a symbolic link: those are how certificates are exchanged in one step
	if err != nil {
		fmt.Fprintln(b, err)
		return
	}
	fmt.Fprintln(b, path, info.Size(), info.ModTime().UnixNano())
}

// readRoots is nil, which stands for the system's roots, if o names no other.
func readRoots(o Options) (*x509.CertPool, error) {
	if o.CAFile == "" && o.CADir == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if o.CAFile != "" {
		n, err := addRoots(pool, o.CAFile)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, fmt.Errorf("CA file %s: no certificate in it", o.CAFile)
		}
	}
	if o.CADir == "" {
		return pool, nil
	}
	list, err := os.ReadDir(o.CADir)
	if err != nil {
		return nil, fmt.Errorf("read CA folder: %w", err)
	}
	found := 0
	for _, e := range list {
		path := filepath.Join(o.CADir, e.Name())
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		n, err := addRoots(pool, path)
		if err != nil {
			return nil, err
		}
		found += n
	}
	if found == 0 {
		return nil, fmt.Errorf("CA folder %s: no certificate in it", o.CADir)
	}
	return pool, nil
}

// addRoots adds the certificates of a file and says how many there were.
func addRoots(pool *x509.CertPool, path string) (n int, err error) {
	data, err := config.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("trust a CA: %w", err)
	}
	for {
		var block *pem.Block
		block, data = pem.Decode(data)
		if block == nil {
			return n, nil
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return n, fmt.Errorf("CA file %s: %w", path, err)
		}
		pool.AddCert(cert)
		n++
	}
}

// readPair reads our certificate and its key. The errors say which file they are about.
func readPair(o Options) (tls.Certificate, error) {
	cert, err := config.ReadFile(o.CertFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("show a certificate: %w", err)
	}
	key := cert
	if o.KeyFile != o.CertFile {
		if key, err = config.ReadFile(o.KeyFile); err != nil {
			return tls.Certificate{}, fmt.Errorf("show a certificate: its key: %w", err)
		}
	}
	own, err := tls.X509KeyPair(cert, key)
	switch {
	case err == nil:
		return own, nil
	case o.KeyFile == o.CertFile:
		return own, fmt.Errorf("certificate and key in %s: %w", o.CertFile, err)
	}
	return own, fmt.Errorf("certificate %s with key %s: %w", o.CertFile, o.KeyFile, err)
}
