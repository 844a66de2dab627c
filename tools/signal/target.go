package signal

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// defaultPort is that of `ed signal`, whatever the type: it is the router's for datagrams, as in the C++ tool.
const defaultPort = 4041

// parseTarget reads --host, --type and --encrypt.
func parseTarget(c *cli.Context, env *toolkit.Env) (address.Address, error) {
	scheme, _ := address.ParseScheme(toolkit.StringOf(c, "type"))
	host := toolkit.StringOf(c, "host")
	if scheme.IsUnix() && host == "" {
		return address.Address{}, toolkit.Errorf(toolkit.Usage, "--type %s needs --host PATH", scheme)
	}
	where, err := env.Address(host, address.Defaults{Scheme: scheme, Port: defaultPort})
	if err != nil {
		return address.Address{}, err
	}
	given := env.Setting(c, "type").Origin.Kind == config.FromCommandLine
	encrypt, _ := toolkit.ParseBool(toolkit.StringOf(c, "encrypt")) // the flag takes nothing else, but for none
	if given && where.Scheme != scheme && !(encrypt && scheme == address.TCP && where.Scheme == address.TLS) {
		return address.Address{}, toolkit.Errorf(toolkit.Usage, "--type %s and --host %s contradict each other", scheme, where)
	}
	switch {
	case !encrypt:
	case where.Scheme == address.TCP:
		where.Scheme = address.TLS
	case where.Scheme != address.TLS:
		return address.Address{}, toolkit.Errorf(toolkit.Usage, "--encrypt needs --type tcp: %s cannot be encrypted", where.Scheme)
	}
	return where, reachable(where)
}

// checkHost says what is wrong with the value of --host, whatever --type says. A reference to a file is not followed.
func checkHost(text string) error {
	if strings.Contains(text, "@") {
		return nil
	}
	_, err := address.Parse(text, address.Defaults{Scheme: address.UDP, Port: defaultPort})
	if _, unix := address.Parse(text, address.Defaults{Scheme: address.Unix}); unix == nil {
		return nil
	}
	return err
}

// reachable refuses what can be written as an address and not be sent to.
func reachable(a address.Address) error {
	if a.Scheme.IsIP() && a.Port == 0 {
		return toolkit.Errorf(toolkit.Usage, "address %s has no port", a)
	}
	return nil
}

// answering refuses to wait where nothing can come back.
func answering(a address.Address) error {
	if a.Scheme == address.FIFO {
		return toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "%s goes one way: no answer can come", a), "ed send sends and does not wait")
	}
	return nil
}

// onLoopback says that a refusal by the other side is known the moment a datagram was sent.
func onLoopback(a address.Address) bool {
	return a.IsLocal() || a.IP.IsLoopback() || a.Host == "localhost"
}

// isAddress says whether an operand is an address and cannot be a message: ed send takes one there.
func isAddress(text string) bool {
	if _, err := message.Parse([]byte(text)); err == nil {
		return false
	}
	_, err := address.Parse(text, address.Defaults{})
	return err == nil || strings.LastIndexByte(text, '/') > 0 && text[0] == '/' // a path
}

// checkServer says what is wrong with the value of --server.
func checkServer(name string) error {
	if looksLikeAddress(name) {
		return fmt.Errorf("%q is no server's name; did you mean --host?", name)
	}
	return message.VerifyToServer(name)
}

// looksLikeAddress recognises the value of --server that was meant for --host: both are written "ed-signal --server IP:PORT" in old
// documents.
func looksLikeAddress(server string) bool {
	if strings.ContainsAny(server, ":/") {
		return true
	}
	a, err := address.Parse(server, address.Defaults{AnyPort: true})
	return err == nil && a.IP.IsValid()
}
