package signal_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/signal"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

const (
	where = "tcp://127.0.0.1:4040"
	us    = "<test_hostexample:ed_send "
)

// TestSendLines holds command lines and standard input against the lines that would be sent.
func TestSendLines(t *testing.T) {
	tests := map[string]struct {
		args  []string
		stdin string
		want  []string
	}{
		"operands":           {[]string{where, "A", "svc/B x=1;y=2"}, "", []string{us + "A", us + "svc/B x=1;y=2"}},
		"host by option":     {[]string{"A", "--host", where, "B"}, "", []string{us + "A", us + "B"}},
		"canonical":          {[]string{where, `B z=1;a="x";`}, "", []string{us + "B a=x;z=1"}},
		"the sender is kept": {[]string{where, "<me:myself A", "<:myself B"}, "", []string{"<me:myself A", "<:myself B"}},
		"unless told":        {[]string{"--from=x:y", where, "<me:myself A", "B"}, "", []string{"<x:y A", "<x:y B"}},
		"standard input":     {[]string{where}, "A\n\n \t\nB", []string{us + "A", us + "B"}},
		"dash":               {[]string{where, "-"}, "A\r\nB\r\n", []string{us + "A", us + "B"}},
		"nothing":            {[]string{where}, "", nil},
		"JSON Lines":         {[]string{where, "--json"}, `{"v":1,"time":"2026-01-02T03:04:05Z","peer":"tcp://1.2.3.4:5","link":3,"direction":"in","command":"A","parameters":{"x":1.50,"y":null}}`, []string{`{"sent-from-server":"test_hostexample","sent-from-service":"ed_send","command":"A","parameters":{"x":"1.50","y":""}}`}},
		"both forms":         {[]string{where}, "A\n{\"command\":\"B\"}\n", []string{us + "A", us + "B"}},
		"raw_base64":         {[]string{where}, `{"v":1,"raw_base64":"QiB4Pf/+"}`, []string{us + "B x=\xff\xfe"}},
		"error reports":      {[]string{where, "-q"}, "{\"error\":\"bad\",\"offset\":3,\"raw_base64\":\"eA==\"}\nA\n", []string{us + "A"}},
		"count cycles":       {[]string{where, "--count=5", "A", "B"}, "", []string{us + "A", us + "B", us + "A", us + "B", us + "A"}},
		"count cuts":         {[]string{where, "-n2"}, "A\nB\nbad line\n", []string{us + "A", us + "B"}},
		"template":           {[]string{where, "--count=2", "--template", "svc/PING n={{.N}};h={{.Host}};t={{.Now}};u={{.UnixNano}}"}, "", []string{us + "svc/PING h=test_hostexample;n=1;t=2026-01-02T03:04:05Z;u=1767323045000000000", us + "svc/PING h=test_hostexample;n=2;t=2026-01-02T03:04:05Z;u=1767323045000000000"}},
		"template once":      {[]string{where, "--template={{if eq .N 1}}A{{else}}B{{end}}"}, "", []string{us + "A"}},
		"unchecked":          {[]string{where, "--no-check", "ABSOLUTELY"}, "", []string{us + "ABSOLUTELY"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := toolkittest.New(t)
			w.Stdin.Reader = strings.NewReader(test.stdin)
			require.NoError(t, w.Run(t.Context(), signal.SendCommand, append([]string{"send", "--dry-run"}, test.args...)...))
			var got []string
			if text := strings.TrimSuffix(w.Out.String(), "\n"); text != "" {
				got = strings.Split(text, "\n")
			}
			require.Equal(t, test.want, got)
			require.Empty(t, w.Err.String())
			require.Empty(t, w.Dialled)
		})
	}
}

// TestSendRefuses holds wrong command lines against the kind of their error. Nothing is dialled.
func TestSendRefuses(t *testing.T) {
	tests := map[string]struct {
		command string
		args    []string
		kind    toolkit.Kind
		text    string
	}{
		"nothing":                        {"send", nil, toolkit.Usage, "the address is missing"},
		"message for address":            {"send", []string{"svc/STOP"}, toolkit.Usage, "the first operand is the address"},
		"bad host":                       {"send", []string{"--host", "svc/STOP", "A"}, toolkit.Usage, "svc/STOP"},
		"no port":                        {"send", []string{"tcp://127.0.0.1", "A"}, toolkit.Usage, "port"},
		"port 0":                         {"send", []string{"tcp://127.0.0.1:0", "A"}, toolkit.Usage, "port"},
		"dash and more":                  {"send", []string{where, "A", "-"}, toolkit.Usage, "- reads standard input"},
		"template and more":              {"send", []string{where, "--template=A", "B"}, toolkit.Usage, "--template makes the messages"},
		"template syntax":                {"send", []string{where, "--template={{"}, toolkit.Usage, "--template"},
		"template field":                 {"send", []string{where, "--template={{.Nosuch}}"}, toolkit.Usage, "--template: can't evaluate field Nosuch; fields are {{.N}}"},
		"dry run of a datagram too long": {"send", []string{"udp://127.0.0.1:4041", "--dry-run", "A x=" + strings.Repeat("y", 1100)}, toolkit.Data, "more than the 1024 of a datagram; --max-datagram "},
		"count":                          {"send", []string{where, "--count=0", "A"}, toolkit.Usage, "--count"},
		"negative count":                 {"send", []string{where, "--count=-1", "A"}, toolkit.Usage, "--count"},
		"rate":                           {"send", []string{where, "--rate=fast", "A"}, toolkit.Usage, "like 100/s"},
		"rate of none":                   {"send", []string{where, "--rate=0", "A"}, toolkit.Usage, "like 100/s"},
		"rate unit":                      {"send", []string{where, "--rate=5/d", "A"}, toolkit.Usage, "like 100/s"},
		"replies":                        {"send", []string{where, "--replies=-1", "A"}, toolkit.Usage, "--replies"},
		"until":                          {"send", []string{where, "--until=[", "A"}, toolkit.Usage, "--until"},
		"until never":                    {"send", []string{where, "--until=do?e", "A"}, toolkit.Usage, "matches no command, they are in capitals: DO?E"},
		"no replies":                     {"request", []string{where, "--replies=0", "A"}, toolkit.Usage, "--replies"},
		"hold a request":                 {"request", []string{where, "--hold", "A"}, toolkit.Usage, "hold"},
		"bad from":                       {"send", []string{where, "--from=a:b-c", "A"}, toolkit.Usage, "--from"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := toolkittest.New(t)
			command := signal.SendCommand
			if test.command == "request" {
				command = signal.RequestCommand
			}
			err := w.Run(t.Context(), command, append([]string{test.command}, test.args...)...)
			require.Error(t, err)
			require.Equal(t, test.kind, toolkit.KindOf(err), "%v", err)
			require.Contains(t, err.Error()+"; "+toolkit.HintOf(err), test.text)
			require.Empty(t, w.Dialled)
		})
	}
}

// TestSendBadLines: what comes before a bad line goes out; the error says where it stands.
func TestSendBadLines(t *testing.T) {
	tests := map[string]struct {
		args  []string
		stdin string
		sent  []string
		err   string
		warns int
	}{
		"line number":            {nil, "A\n\nA*B\nC\n", []string{us + "A"}, "standard input, line 3: ", 0},
		"bad JSON":               {nil, "{\"command\":\n", nil, "standard input, line 1: ", 0},
		"no command":             {nil, "{\"service\":\"x\"}\n", nil, "standard input, line 1: ", 0},
		"NUL":                    {nil, "A\nB x=\x00\n", []string{us + "A"}, "line 2", 0},
		"server, no service":     {nil, "far:STOP\n", nil, "line 1", 0},
		"definition":             {nil, "ALIVE\nABSOLUTELY\n", []string{us + "ALIVE"}, "line 2: ABSOLUTELY: parameter reply_timestamp is missing", 0},
		"operand":                {[]string{"A", "b", "C"}, "", []string{us + "A"}, "message 2: ", 0},
		"only operand":           {[]string{"b"}, "", nil, "the message: ", 0},
		"template":               {[]string{"--count=3", "--template={{if eq .N 2}}x{{else}}A{{end}}"}, "", []string{us + "A"}, "message 2 of the template: ", 0},
		"keep going":             {[]string{"-k"}, "A\nb\nC\nABSOLUTELY\nE\n", []string{us + "A", us + "C", us + "E"}, "2 lines were bad and not sent", 2},
		"keep going, once":       {[]string{"--keep-going", "a", "B"}, "", []string{us + "B"}, "one line was bad and not sent", 1},
		"keep going, cycled":     {[]string{"-k", "-n4", "a", "B"}, "", []string{us + "B", us + "B"}, "2 lines were bad", 2},
		"waits are cut short":    {[]string{"--replies=1", "A", "b"}, "", []string{us + "A"}, "message 2: ", 0},
		"keep going still waits": {[]string{"-k", "--replies=1", "a", "B"}, "", []string{us + "B"}, "one line was bad", 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := toolkittest.New(t)
			w.Stdin.Reader = strings.NewReader(test.stdin)
			polite := talk(w)
			if strings.Contains(name, "wait") {
				polite.Reply = func(m *message.Message) []*message.Message { return []*message.Message{m.Reply("GOT")} }
			}
			err := w.Run(t.Context(), signal.SendCommand, append([]string{"send", where}, test.args...)...)
			require.Equal(t, toolkit.Data, toolkit.KindOf(err), "%v", err)
			require.Contains(t, err.Error(), test.err)
			require.Equal(t, test.sent, notEmpty(polite.Sent()))
			require.Equal(t, test.warns, strings.Count(w.Err.String(), "warning: "))
			_, closed := polite.State()
			require.True(t, closed)
		})
	}
}

// TestRequestShowsAGreeting: what a peer says unasked is late for nothing at the beginning.
func TestRequestShowsAGreeting(t *testing.T) {
	w := toolkittest.New(t)
	peer := talk(w)
	peer.ArriveLine("HELLO")
	peer.Reply = func(m *message.Message) []*message.Message { return []*message.Message{m.Reply("GOT")} }
	require.NoError(t, w.Run(t.Context(), signal.RequestCommand, "request", where, "A", "--replies=2", "--timeout=5s"))
	require.Contains(t, w.Out.String(), "HELLO\n")
	require.Contains(t, w.Out.String(), "GOT\n")
}

// polite is a peer that ends the connection when we do.
type polite struct{ *toolkittest.Session }

func (p polite) CloseWrite() error {
	p.End()
	return p.Session.CloseWrite()
}

// talk makes w dial a polite peer.
func talk(w *toolkittest.World) *toolkittest.Session {
	s := &toolkittest.Session{}
	w.Dial = func(context.Context, address.Address, toolkit.DialOptions) (toolkit.Session, error) {
		return polite{s}, nil
	}
	return s
}

func notEmpty(s []string) []string {
	if len(s) == 0 {
		return nil
	}
	return s
}

// TestSendOutput holds options and what a peer answers to each message against the output.
func TestSendOutput(t *testing.T) {
	tests := map[string]struct {
		command string
		args    []string
		lines   []string // for each message
		tty     bool
		out     string
		stderr  string
		kind    toolkit.Kind
	}{
		"nothing asked":           {"send", []string{"A"}, []string{"GOT"}, false, "", "", 0},
		"replies":                 {"send", []string{"--replies=2", "A", "B"}, []string{"GOT b=2;a=1"}, false, "GOT b=2;a=1\nGOT b=2;a=1\n", "", 0},
		"until":                   {"send", []string{"--until=DO*", "A"}, []string{"GOT", "DONE"}, false, "GOT\nDONE\n", "", 0},
		"too few":                 {"send", []string{"--replies=3", "A", "B"}, []string{"GOT"}, false, "GOT\nGOT\n", "", toolkit.Unavailable},
		"hold":                    {"send", []string{"--hold", "A"}, []string{"GOT"}, false, "GOT\n", "", 0},
		"idle":                    {"send", []string{"--idle=10s", "A"}, []string{"GOT"}, false, "GOT\n", "", 0},
		"no service":              {"send", []string{"--replies=1", "A"}, []string{"SERVICE_UNAVAILABLE destination_service=x;unsent_command=A"}, false, "SERVICE_UNAVAILABLE destination_service=x;unsent_command=A\n", "", toolkit.Unavailable},
		"escaped on a terminal":   {"send", []string{"--replies=1", "A"}, []string{"GOT x=\x1b[2J\u009b"}, true, `GOT x=\x1B[2J\u{009B}` + "\n", "", 0},
		"JSON on a terminal":      {"send", []string{"--json", "--replies=1", "A"}, []string{"GOT x=\u009b"}, true, `"x":"\u009b"`, "", 0},
		"broken line":             {"send", []string{"--replies=1", "A"}, []string{"x*y", "GOT"}, false, "x*y\nGOT\n", "no message", 0},
		"broken line in JSON":     {"send", []string{"--json", "--replies=1", "A"}, []string{"x*y", "GOT"}, false, `"raw_base64":"eCp5"}`, "no message", 0},
		"-v counts":               {"send", []string{"-v", "A", "B"}, nil, false, "", "sent 2 messages to tcp://127.0.0.1:4040 in ", 0},
		"error reports are told":  {"send", []string{"-"}, nil, false, "", "skipped 1 line that a tool printed", 0},
		"terminal input is told":  {"send", nil, nil, true, "", "reading messages from the terminal", 0},
		"request":                 {"request", []string{"A", "B"}, []string{"GOT"}, false, "GOT\nGOT\n", "", 0},
		"request for two":         {"request", []string{"--replies=2", "A"}, []string{"GOT", "MORE", "LATE"}, false, "GOT\nMORE\n", "", 0},
		"request drops the late":  {"request", []string{"A", "B"}, []string{"GOT", "LATE"}, false, "GOT\nGOT\n", "", 0},
		"request until":           {"request", []string{"--until=DONE", "A"}, []string{"GOT", "DONE"}, false, "GOT\nDONE\n", "", 0},
		"request in JSON":         {"request", []string{"--json", "A"}, []string{"GOT"}, false, `"direction":"in","command":"GOT"}`, "", 0},
		"request -v":              {"request", []string{"-v", "A"}, []string{"GOT"}, false, "GOT\n", "message 1: received after ", 0},
		"request without answer":  {"request", []string{"A"}, nil, false, "", "", toolkit.Unavailable},
		"request, no service":     {"request", []string{"A", "B"}, []string{"SERVICE_UNAVAILABLE"}, false, "SERVICE_UNAVAILABLE\nSERVICE_UNAVAILABLE\n", "", toolkit.Unavailable},
		"request, a bad line":     {"request", []string{"-k", "b", "A"}, []string{"GOT"}, false, "GOT\n", "warning: message 1: ", toolkit.Data},
		"request, broken replies": {"request", []string{"A"}, []string{"x*y", "GOT"}, false, "x*y\nGOT\n", "no message", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := toolkittest.New(t)
			if test.tty {
				w.Terminal(80)
			}
			if len(test.args) == 1 && test.args[0] == "-" {
				w.Stdin.Reader = strings.NewReader(`{"error":"x"}`)
			}
			s := talk(w)
			s.Reply = func(m *message.Message) []*message.Message {
				for _, l := range test.lines {
					s.ArriveLine(l)
				}
				if m.Command() == "A" && test.command == "send" && len(test.args) > 1 && test.args[len(test.args)-1] == "A" || m.Command() == "B" || test.lines == nil {
					s.End()
				}
				return nil
			}
			command := signal.SendCommand
			if test.command == "request" {
				command = signal.RequestCommand
			}
			err := w.Run(t.Context(), command, append([]string{test.command, where}, test.args...)...)
			require.Equal(t, test.kind, toolkit.KindOf(err), "%v", err)
			require.Equal(t, test.kind != toolkit.Other, err != nil, "%v", err)
			if strings.HasPrefix(test.out, `"`) {
				require.Contains(t, w.Out.String(), test.out)
			} else {
				require.Equal(t, test.out, w.Out.String())
			}
			require.Contains(t, w.Err.String(), test.stderr)
			if test.stderr == "" {
				require.Empty(t, strings.ReplaceAll(w.Err.String(), "\r\x1b[K", ""))
			}
		})
	}
}

// TestSendBrokenOutput: nobody reads our standard output any more.
func TestSendBrokenOutput(t *testing.T) {
	w := toolkittest.New(t)
	w.Stdout.Writer = brokenWriter{}
	w.Session = &toolkittest.Session{Reply: func(m *message.Message) []*message.Message { return []*message.Message{m.Reply("GOT")} }}
	err := w.Run(t.Context(), signal.SendCommand, "send", "--replies=2", where, "A", "B")
	var output *toolkit.OutputError
	require.ErrorAs(t, err, &output)
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestSendReadError: standard input fails half way.
func TestSendReadError(t *testing.T) {
	w := toolkittest.New(t)
	w.Stdin.Reader = io.MultiReader(strings.NewReader("A\n"), failing{})
	s := talk(w)
	err := w.Run(t.Context(), signal.SendCommand, "send", where)
	require.Equal(t, toolkit.IO, toolkit.KindOf(err), "%v", err)
	require.Equal(t, []string{us + "A"}, s.Sent())
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }
