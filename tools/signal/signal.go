package signal

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// options are what the command line of `ed signal` comes to.
type options struct {
	toolkit.Common
	Target  address.Address
	Router  *toolkit.RouterPlace // goes before Target, if not nil and there is one
	Message *message.Message     // complete but for the secret
	Guessed bool                 // nobody said where to send
	From    bool                 // the message says another sender than us: we can get no answer by a router
	Secret  string               // added to datagrams only

	Reply  bool           // print the first line that comes back over a stream
	Wait   int            // messages to wait for
	Until  *dispatch.Glob // of the command that ends the waiting; nil for none
	NoWait bool           // do not wait for a refusal of a datagram

	DryRun      bool          // print the line instead of sending it
	Repeat      int           // times to send; 0 is without end
	Every       time.Duration // between the beginnings of two sendings
	IfRunning   bool          // success when nothing listens
	MaxDatagram int           // bytes; 0 is the medium's own limit
	MaxLine     int           // bytes of a line over a stream; 0 is toolkit.MaxLine
	Group       toolkit.Group
}

// waits says whether anything is expected to come back. --reply does not count over datagrams, as in the C++ tool.
func (o *options) waits() bool {
	return o.Wait > 0 || o.Until != nil || o.Reply && !o.Target.IsDatagram()
}

// anyLine says that the first line that comes is what is waited for, which is then printed as it came: --reply alone.
func (o *options) anyLine() bool { return o.Wait == 0 && o.Until == nil }

// Command is `ed signal`.
func Command(env *toolkit.Env) *cli.Command {
	return env.Configure("signal", &cli.Command{
		Name:      "signal",
		Usage:     "send one message to a service and say what became of it",
		ArgsUsage: "[[SERVER:]SERVICE/]COMMAND [NAME=VALUE ...]",
		Description: `ed signal snaprfs/LOG_ROTATE
			ed signal --wait snaprfs/ALIVE serial=1
			ed signal -H unix:/run/x.sock --reply HELP         a service itself
			ed signal -q --if-running communicatord/LOG_ROTATE`,
		Flags: toolkit.PeerFlags(append(toolkit.GroupFlags(),
			hostFlag(),
			toolkit.RouterFlag(),
			toolkit.ChoiceFlag("type", []string{"t"}, "udp", []string{"tcp", "udp", "unix", "unixgram", "unixpacket", "tls"}, "connect by `TYPE`"),
			toolkit.TextFlag("encrypt", []string{"e"}, "", checkTruth, "a true `BOOL` is --type tls"),
			&cli.StringFlag{Name: "message", Aliases: []string{"m"}, Usage: "send `MESSAGE`, in place of the first operand"},
			&cli.StringSliceFlag{Name: "param", Aliases: []string{"p"}, Usage: "add the parameter `NAME[=VALUE]`; may be repeated"},
			toolkit.TextFlag("server", []string{"s"}, "", checkServer, "address the message to server `NAME`"),
			toolkit.TextFlag("service", []string{"S"}, "", message.VerifyToService, "address the message to service `NAME`"),
			toolkit.TextFlag("from", nil, "", checkSender, "say that `SERVER:SERVICE` sends it"),
			&cli.StringFlag{Name: "secret-code", Aliases: []string{"c"}, Usage: "prove by `TEXT` that we may (datagrams)"},
			&cli.StringFlag{Name: "secret-code-file", Usage: "read that text from `FILE`"},
			&cli.BoolFlag{Name: "reply", Aliases: []string{"r"}, Usage: "print the first line that comes back (streams)"},
			toolkit.OptionalCountFlag("wait", nil, "wait for `N` messages and print them"),
			&cli.StringFlag{Name: "until", Usage: "wait for a command that matches `GLOB`"},
			toolkit.NumberFlag("repeat", nil, 0, 1, math.MaxInt, "send it `N` times"),
			toolkit.DurationFlag("every", nil, 0, "one each `DUR`; without --repeat until interrupted"),
			&cli.BoolFlag{Name: "if-running", Usage: "quiet success when nothing listens there"},
			&cli.BoolFlag{Name: "dry-run", Usage: "print the exact line, send nothing"},
			&cli.BoolFlag{Name: "no-check", Usage: "do not check parameters of default commands"},
			&cli.BoolFlag{Name: "no-wait", Usage: "do not wait 100 ms for a host to refuse a datagram"},
			maxDatagramFlag(),
			maxLineFlag(),
		)...),
		Action: func(c *cli.Context) error {
			o, err := parse(c, env)
			if err != nil {
				return err
			}
			return run(c.Context, env, o)
		},
	}, "host", "router", "type", "encrypt", "server", "service", "from", "secret-code", "secret-code-file",
		"reply", "wait", "if-running", "no-check", "no-wait", "max-datagram", "max-line")
}

// parse reads the command line.
func parse(c *cli.Context, env *toolkit.Env) (options, error) {
	o := options{
		Common:    env.Common(c),
		Reply:     c.Bool("reply"),
		Wait:      toolkit.CountOf(c, "wait"),
		NoWait:    c.Bool("no-wait"),
		DryRun:    c.Bool("dry-run"),
		Repeat:    toolkit.NumberOf(c, "repeat"),
		Every:     toolkit.DurationOf(c, "every"),
		IfRunning: c.Bool("if-running"),
		From:      toolkit.StringOf(c, "from") != "",

		MaxDatagram: toolkit.NumberOf(c, "max-datagram"),
		MaxLine:     toolkit.NumberOf(c, "max-line"),
		Group:       toolkit.GroupOf(c),
	}
	var err error
	o.Until, err = toolkit.CommandGlobOf(c, "until")
	if o.Repeat == 0 && o.Every == 0 {
		o.Repeat = 1
	}
	if err == nil {
		o.Message, err = parseMessage(c, env)
	}
	if err == nil {
		o.Target, err = parseTarget(c, env)
	}
	if err == nil {
		o.Secret, err = parseSecret(c)
	}
	if err == nil {
		err = parseRoute(c, env, &o)
	}
	return o, err
}

// parseMessage makes the message of operands and options. A word too many is an error before anything is sent.
func parseMessage(c *cli.Context, env *toolkit.Env) (*message.Message, error) {
	args := c.Args().Slice()
	text := c.String("message")
	if text == "" {
		if len(args) == 0 {
			_, err := toolkit.Operands(c, 1, -1, "a message")
			return nil, err
		}
		text, args = args[0], args[1:]
	}
	if isAddress(text) {
		err := toolkit.Errorf(toolkit.Usage, "%q is an address and no message", toolkit.Escape(text))
		return nil, toolkit.WithHint(err, "write --host before it, and the message behind it")
	}
	for _, a := range args {
		if !strings.Contains(a, "=") {
			err := toolkit.Errorf(toolkit.Usage, "unexpected operand %q, nothing was sent", toolkit.Escape(a))
			if c.IsSet("wait") && strings.Trim(a, "0123456789") == "" {
				return nil, toolkit.WithHint(err, "did you mean --wait=%s?", a)
			}
			return nil, toolkit.WithHint(err, "one message, then parameters as NAME=VALUE")
		}
	}
	m, err := addressed(c, text)
	if err != nil {
		return nil, err
	}
	for _, p := range append(c.StringSlice("param"), args...) {
		name, value, _ := strings.Cut(p, "=")
		m.Set(name, value) // complete says what is wrong with a name
	}
	from, err := parseSender(env, toolkit.StringOf(c, "from"), "ed_signal")
	if err != nil {
		return nil, err
	}
	complete := composer{from: from, override: true, params: !c.Bool("no-check")}
	return m, complete.complete(m)
}

// addressed makes the message without parameters. Where it goes is said once: in the text, or by the options.
func addressed(c *cli.Context, text string) (*message.Message, error) {
	d, err := parseDestination(text)
	if err != nil {
		return nil, err
	}
	server, service := toolkit.StringOf(c, "server"), toolkit.StringOf(c, "service")
	switch {
	case server != "" && d.server != "":
		return nil, toolkit.Errorf(toolkit.Usage, "the server is named twice: by --server and in %q", toolkit.Escape(text))
	case service != "" && d.service != "":
		return nil, toolkit.Errorf(toolkit.Usage, "the service is named twice: by --service and in %q", toolkit.Escape(text))
	case d.server != "" && d.service+service == "":
		err := toolkit.Errorf(toolkit.Data, "message %q has a server and no service", toolkit.Escape(text))
		return nil, toolkit.WithHint(err, "write SERVER:SERVICE/COMMAND; the service communicatord is a node's router")
	}
	m := message.New(d.command)
	m.SetServer(d.server + server)
	m.SetService(d.service + service)
	return m, nil
}

func hostFlag() cli.Flag {
	f := toolkit.TextFlag("host", []string{"H"}, "", checkHost, "send to `ADDR`: IP[:PORT], a URI, or FILE@VARIABLE")
	if f, ok := f.(*cli.GenericFlag); ok {
		f.DefaultText = "127.0.0.1:4041" // told, but not its value: whether it was given matters
	}
	return f
}

func maxLineFlag() cli.Flag {
	return toolkit.NumberFlag("max-line", nil, 0, 1, math.MaxInt, "refuse a line of more than `BYTES` over a stream, 65536")
}

func maxDatagramFlag() cli.Flag {
	return toolkit.NumberFlag("max-datagram", nil, 0, 1, toolkit.MaxDatagram, "refuse a datagram of more than `BYTES`, 1024 for UDP")
}

func checkTruth(word string) error {
	_, err := toolkit.ParseBool(word)
	return err
}

// parseSecret returns the text, or the first line of the file. The option that names the text wins over a file that only
// the configuration names.
func parseSecret(c *cli.Context) (string, error) {
	code, file := c.String("secret-code"), c.String("secret-code-file")
	if code != "" || file == "" {
		return code, nil
	}
	secret, err := toolkit.ReadSecret(file)
	if err != nil {
		return "", fmt.Errorf("secret code: %w", err)
	}
	return secret, nil
}
