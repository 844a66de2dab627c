package toolkit

import (
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/ed-toolbox/ed/transport/tlsconn"
)

// PeerFlags is Flags for a command that connects or listens: with --tls-ca and the like, which Env.Dial and Env.Open obey.
func PeerFlags(own ...cli.Flag) []cli.Flag { return Flags(append(own, tlsFlags()...)...) }

func tlsFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "tls-ca", Usage: "over tls, trust the CAs in `FILE|DIR`, not the system's"},
		&cli.StringFlag{Name: "tls-cert", Usage: "show the certificate in `FILE`"},
		&cli.StringFlag{Name: "tls-key", Usage: "its key is in `FILE`"},
		&cli.StringFlag{Name: "tls-name", Usage: "the server must be `NAME`, not the host dialled"},
		&cli.BoolFlag{Name: "insecure", Usage: "trust any server"},
	}
}

// tlsKeys of these may also come from the environment and the files. --insecure is for the command line only: what is set once
// and forgotten must not turn verification off.
func tlsKeys() []string { return []string{"tls-ca", "tls-cert", "tls-key", "tls-name"} }

// isTLS reports whether name is one of the options of tlsFlags.
func isTLS(name string) bool { return name == "insecure" || strings.HasPrefix(name, "tls-") }

// tlsOptions are the values of tlsFlags for the running command.
type tlsOptions struct {
	tlsconn.Options
	files *tlsFiles
}

// tlsFiles is what the files of the options came to, once it was needed. Loops on several goroutines may ask at a time.
type tlsFiles struct {
	sync.Mutex
	config *tlsconn.Config
}

func readTLS(c *cli.Context) (o tlsOptions, err error) {
	o.files = &tlsFiles{}
	o.CertFile, o.KeyFile = c.String("tls-cert"), c.String("tls-key")
	o.ServerName, o.Insecure = c.String("tls-name"), c.Bool("insecure")
	if ca := c.String("tls-ca"); ca != "" {
		if info, err := os.Stat(ca); err == nil && info.IsDir() {
			o.CADir = ca
		} else {
			o.CAFile = ca // if it is not there, whoever needs it says so
		}
		o.ClientAuth = tlsconn.ClientRequired // of a server, which has no other use for it
	}
	if o.KeyFile != "" && o.CertFile == "" {
		return o, Errorf(Usage, "--tls-key needs --tls-cert")
	}
	return o, nil
}

// TLS returns what the running command's --tls-ca and the like say, for a command that does not use Env.Open.
func (e *Env) TLS() tlsconn.Options { return e.tls.Options }

// load reads the files, once.
func (o *tlsOptions) load() (*tlsconn.Config, error) {
	o.files.Lock()
	defer o.files.Unlock()
	if o.files.config != nil {
		return o.files.config, nil
	}
	config, err := LoadTLS(o.Options)
	o.files.config = config
	return config, err
}

// LoadTLS is tlsconn.New; an error is of kind NoInput or the like where a file cannot be read, Data where one is wrong.
func LoadTLS(o tlsconn.Options) (*tlsconn.Config, error) {
	config, err := tlsconn.New(o)
	if err != nil && KindOf(err) == Other {
		err = As(Data, err)
	}
	return config, err
}

// Opener opens addresses for the running command, with its --tls-ca and the like. It may be used on several goroutines.
type Opener struct {
	env    *Env
	warned *sync.Map // of addresses that --insecure was said of
}

// Open returns the one way in which commands open addresses on a loop of their own; a session is opened by Env.Dial.
func (e *Env) Open() Opener { return Opener{e, &sync.Map{}} }

// Dial is open.Dial. The warning that --insecure deserves comes once for each address.
func (o Opener) Dial(l *reactor.Loop, a address.Address, m transport.Options, h transport.Handler) (transport.Conn, error) {
	op, err := o.opener(a)
	if err != nil {
		return nil, err
	}
	if a.Scheme == address.TLS && o.env.tls.Insecure {
		if err := o.warn(a.String()); err != nil {
			return nil, err
		}
	}
	return op.Dial(l, a, m, h)
}

func (o Opener) warn(whom string) error {
	if _, warned := o.warned.LoadOrStore(whom, true); warned {
		return nil
	}
	return o.env.Stderr.Printf("%s: WARNING: --insecure: %s may be anyone, and anyone between can read and change what is sent\n", o.env.Program, whom)
}

// Listen is open.Listen. With --tls-ca, clients must show a certificate.
func (o Opener) Listen(l *reactor.Loop, a address.Address, m transport.Options, accept transport.Accept) (transport.Listener, error) {
	op, err := o.opener(a)
	if err != nil {
		return nil, err
	}
	ln, err := op.Listen(l, a, m, accept)
	if errors.Is(err, tlsconn.ErrNoCertificate) {
		return nil, WithHint(As(Usage, err), "--tls-cert FILE --tls-key FILE")
	}
	return ln, err
}

// Packet is open.Packet.
func (o Opener) Packet(l *reactor.Loop, local, remote address.Address, m transport.Options, h transport.PacketHandler) (transport.PacketConn, error) {
	return open.Packet(l, local, remote, m, h)
}

func (o Opener) opener(a address.Address) (op open.Opener, err error) {
	if a.Scheme == address.TLS {
		op.TLS, err = o.env.tls.load()
	}
	return op, err
}

// hintOfTrust says what can be done about a peer that is not trusted, or does not trust us.
func hintOfTrust(err error) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	switch {
	case errors.As(err, &unknown):
		return "--tls-ca FILE trusts who signed it, --insecure anyone"
	case errors.As(err, &name):
		return "--tls-name NAME if it is one that the certificate has"
	case errors.Is(err, tlsconn.ErrNotTLS):
		return "does it speak tcp?"
	}
	if op, ok := errors.AsType[*transport.OpError](err); ok && op.Op == "handshake" {
		for _, alert := range []string{"certificate required", "bad certificate", "unknown certificate authority", "handshake failure"} {
			if strings.HasSuffix(err.Error(), "remote error: tls: "+alert) {
				return "it may want to see a certificate that it trusts: --tls-cert FILE --tls-key FILE"
			}
		}
	}
	return ""
}
