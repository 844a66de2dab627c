package tlsconn

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultHandshakeTimeout is that of Options.
const DefaultHandshakeTimeout = 10 * time.Second

// ClientAuth says whether a server asks its clients for certificates.
type ClientAuth uint8

const (
	// ClientNone asks for none.
	ClientNone ClientAuth = iota
	// ClientOptional takes clients without one; one that is shown must be good.
	ClientOptional
	// ClientRequired takes only clients that show a good one.
	ClientRequired
)

// Options say whom to trust and what to show. The zero value is a client that trusts the system's roots and verifies
// host names. All files are PEM.
type Options struct {
	CertFile string // our certificate, and those between it and its root; a server needs one
	KeyFile  string // its key; default: CertFile, with both in one file
	CAFile   string // certificates trusted as roots; default: those of the system
	CADir    string // a folder of such files; those that hold none are passed over

	ServerName string // what the server's certificate must name; default: the host dialled
	Insecure   bool   // clients: accept any certificate, of anyone; the connection can be read and changed by whoever is between

	ClientAuth ClientAuth // servers: needs CAFile or CADir

	HandshakeTimeout time.Duration // default 10 s; negative: none; a client has transport.Options.ConnectTimeout for all of connecting, too
	// AllowTruncation takes the bare end of the connection below for the end of stream: some peers never send TLS's own.
	// Whoever is between can then cut a conversation short unnoticed, after any message.
	AllowTruncation bool
}

// Config is what Options name, read and checked. Dial and Listen look at the files again, at most once a second, when a
// handshake begins; connections that are open do not notice. A Config may serve any number of connections, listeners
// and loops at a time; clients that share one resume each other's sessions.
type Config struct {
	options Options
	current atomic.Pointer[material]

	mu      sync.Mutex // held by the one that looks at the files
	every   time.Duration
	looked  time.Time
	present string // the state of the files at the last look
}

// lookEvery is how long the files are taken to be unchanged.
const lookEvery = time.Second

// sessions is how many servers a client remembers.
const sessions = 64

// material is what the files held at one time. It is never changed.
type material struct {
	server *tls.Config // nil without a certificate
	client *tls.Config // without ServerName
	roots  *x509.CertPool
}

// New reads the files that o names, as config.ReadFile does. The error tells which cannot be read (a *config.FileError) or what
// is wrong with it.
func New(o Options) (*Config, error) {
	o.KeyFile = cmp.Or(o.KeyFile, o.CertFile)
	o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, DefaultHandshakeTimeout)
	switch {
	case o.CertFile == "" && o.KeyFile != "":
		return nil, errors.New("a key needs its certificate")
	case o.ClientAuth != ClientNone && o.CAFile == "" && o.CADir == "":
		return nil, errors.New("to ask clients for certificates needs a CA that signed them")
	}
	c := &Config{options: o, every: lookEvery, looked: time.Now(), present: snapshot(o)}
	m, err := load(o)
	if err != nil {
		return nil, err
	}
	c.current.Store(m)
	return c, nil
}

// Roots are the certificates trusted; nil stands for the system's.
func (c *Config) Roots() *x509.CertPool { return c.current.Load().roots }

// change is what a look at the files brought.
type change struct {
	seen bool
	err  error // why the old certificates stay
}

// look reads the files again if they have changed. If that fails, what they held before stays. It may block for as long
// as the file system does.
func (c *Config) look() (m *material, what change) {
	if c.mu.TryLock() { // else another handshake looks
		defer c.mu.Unlock()
		if now := time.Now(); now.Sub(c.looked) >= c.every {
			c.looked = now
			if present := snapshot(c.options); present != c.present {
				c.present, what.seen = present, true
				if m, what.err = load(c.options); what.err == nil {
					c.current.Store(m)
				}
			}
		}
	}
	return c.current.Load(), what
}

// load reads all files. Session tickets of an earlier material are not taken over: what they prove was judged by the
// roots of that time.
func load(o Options) (*material, error) {
	roots, err := readRoots(o)
	if err != nil {
		return nil, err
	}
	base := tls.Config{
		MinVersion:                  tls.VersionTLS12,
		DynamicRecordSizingDisabled: true, // a turn's writes are one batch: small records would only cost
	}
	if o.CertFile != "" {
		own, err := readPair(o)
		if err != nil {
			return nil, err
		}
		base.Certificates = []tls.Certificate{own}
	}
	m := &material{roots: roots, client: base.Clone()}
	m.client.RootCAs = roots
	m.client.InsecureSkipVerify = o.Insecure
	m.client.ClientSessionCache = tls.NewLRUClientSessionCache(sessions)
	if o.CertFile != "" {
		m.server = base.Clone()
		m.server.ClientCAs = roots
		m.server.ClientAuth = o.ClientAuth.mode()
	}
	return m, nil
}

func (a ClientAuth) mode() tls.ClientAuthType {
	switch a {
	case ClientOptional:
		return tls.VerifyClientCertIfGiven
	case ClientRequired:
		return tls.RequireAndVerifyClientCert
	default:
		return tls.NoClientCert
	}
}
