package router_test

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/router"
)

// A script is lines of what goes in and what must come out. What came out and is not in the script is an error.
//
//	router NAME IP:PORT key=value…   another one than n1 10.0.0.1:4042
//	                                 trace=host to see what the host is asked for
//	service NAME KIND key=value… COMMAND…   open and registered, with the commands it announces; what it gets is left out
//	peer NAME IP:PORT key=value…     another router that connected, likewise; ours=true: it tells its services
//	open NAME KIND [from=IP:PORT] [uid=N] [pid=N] [cert=NAME]
//	NAME> LINE                       the client sends a line; of a datagram client, a packet
//	NAME< LINE                       the client gets it, next
//	NAME< (closed)                   its connection is closed; (aborted)
//	host< WORDS                      what the host is asked for
//	gone NAME [queued=N] [uncertain=N]
//	ending NAME                       the other end has gone, and the router has not received that yet
//	NAME< (held), (released)          what it sends is kept back
//	full NAME                        its connection takes nothing any more
//	tick DURATION                    time passes
//	unreachable IP:PORT              the answer to dial
//	stop, stop cluster
type script struct {
	t       *testing.T
	router  *router.Router
	options router.Options
	now     time.Time
	clients map[string]*scriptClient
	out     map[string][]string
	all     []string // what came out since the last input, in order
	quiet   string   // whose output is not looked at
	host    bool     // the script looks at what the host is asked for
	line    int
}

var update = flag.Bool("update", false, "write what comes out into the scripts")

type scriptClient struct {
	s      *script
	name   string
	origin router.Origin
	client *router.Client
	full   bool
	ended  bool
}

var errFull = errors.New("queue is full")

func (c *scriptClient) Send(m *message.Message) error {
	if c.full {
		return errFull
	}
	text, err := m.AppendText(nil)
	require.NoError(c.s.t, err, "line %d", c.s.line)
	c.s.got(c.name, string(text))
	return nil
}

func (c *scriptClient) Close() error {
	c.s.got(c.name, "(closed)")
	return nil
}

func (c *scriptClient) Abort(error) { c.s.got(c.name, "(aborted)") }

func (s *script) got(who, line string) {
	if who == s.quiet || who == "host" && !s.host {
		return
	}
	s.out[who] = append(s.out[who], line)
	s.all = append(s.all, who+"< "+line)
}

func (s *script) Dial(to address.Address) { s.got("host", "dial "+to.String()) }
func (s *script) SaveNeighbors(list []address.Address) {
	text := "neighbors"
	for _, a := range list {
		text += " " + a.HostPort()
	}
	s.got("host", text)
}
func (s *script) SaveClusterStatus(up, complete bool) {
	s.got("host", fmt.Sprintf("cluster up=%t complete=%t", up, complete))
}
func (s *script) SaveLoad(of address.Address, load float64, at message.Timespec) {
	s.got("host", fmt.Sprintf("load %s %g %s", of.HostPort(), load, at))
}
func (s *script) RotateLog()            { s.got("host", "rotate") }
func (s *script) Stopping(cluster bool) { s.got("host", fmt.Sprintf("stopping cluster=%t", cluster)) }

func (s *script) Ended(c router.Conn) bool { return c.(*scriptClient).ended }
func (s *script) Hold(c router.Conn)       { s.got(c.(*scriptClient).name, "(held)") }
func (s *script) Release(c router.Conn)    { s.got(c.(*scriptClient).name, "(released)") }

func addr(t *testing.T, text string) address.Address {
	a, err := address.Parse(text, address.Defaults{Port: 4042})
	require.NoError(t, err)
	return a
}

// words splits "a b=c" into its operands and options.
func words(text string) (operands []string, options map[string]string) {
	options = make(map[string]string)
	for w := range strings.FieldsSeq(text) {
		if name, value, ok := strings.Cut(w, "="); ok {
			options[name] = value
		} else {
			operands = append(operands, w)
		}
	}
	return operands, options
}

func (s *script) start(text string) {
	operands, options := words(text)
	o := router.Options{ServerName: operands[0], MyAddress: addr(s.t, operands[1]), FirstID: 1, Logger: slog.New(slog.DiscardHandler)}
	list := func(name string) []string {
		if options[name] == "" {
			return nil
		}
		return strings.Split(options[name], ",")
	}
	o.Services = list("services")
	for _, a := range list("neighbors") {
		o.Neighbors = append(o.Neighbors, addr(s.t, a))
	}
	for _, a := range list("learned") {
		o.Learned = append(o.Learned, addr(s.t, a))
	}
	if user, password, ok := strings.Cut(options["credentials"], ":"); ok {
		o.Credentials = router.Credentials{User: user, Password: password}
	}
	if a := options["public"]; a != "" {
		o.PublicAddress = addr(s.t, a)
	}
	if a := options["secure"]; a != "" {
		o.SecureAddress = addr(s.t, "tls://"+a)
	}
	number := func(name string, p *int) {
		if options[name] != "" {
			n, err := strconv.Atoi(options[name])
			require.NoError(s.t, err)
			*p = n
		}
	}
	number("max_connections", &o.MaxConnections)
	number("cache_messages", &o.Limits.CacheMessages)
	number("cache_bytes", &o.Limits.CacheBytes)
	number("client_cache", &o.Limits.ClientCache)
	var age int
	number("cache_age", &age)
	o.Limits.CacheAge = time.Duration(age) * time.Second
	number("client_rate", &o.Limits.ClientRate)
	number("packet_rate", &o.Limits.PacketRate)
	number("services_limit", &o.Limits.Services)
	number("line", &o.Limits.Line)
	number("commands", &o.Limits.Commands)
	number("neighbors_limit", &o.Limits.Neighbors)
	if l := options["load"]; l != "" {
		o.Load = func() float64 { f, _ := strconv.ParseFloat(s.clients["load"].name, 64); return f }
		s.clients["load"] = &scriptClient{name: l}
	}
	if options["policy"] != "" {
		o.Policy = denial{options["policy"]}
	}
	r, err := router.New(o, s, s.now)
	require.NoError(s.t, err)
	s.router, s.options, s.host = r, o, options["trace"] == "host"
	r.Tick(s.now)
}

// denial is a policy that forbids one command to all and one name.
type denial struct{ word string }

func (d denial) Register(c *router.Client, name string) error {
	if name == d.word {
		return errors.New("service: the policy forbids it")
	}
	return nil
}

func (d denial) Send(c *router.Client, m *message.Message) error {
	if m.Command() == d.word {
		return errors.New("the policy forbids it")
	}
	return nil
}

var kinds = map[string]router.Kind{
	"unix": router.LocalUnix, "tcp": router.LocalTCP, "remote": router.Remote, "secure": router.Secure, "out": router.Out, "datagram": router.Datagram,
}

func (s *script) open(text string) {
	operands, options := words(text)
	c := &scriptClient{s: s, name: operands[0], origin: router.Origin{Kind: kinds[operands[1]]}}
	if a := options["from"]; a != "" {
		c.origin.Remote = addr(s.t, a)
	}
	if uid := options["uid"]; uid != "" {
		n, err := strconv.Atoi(uid)
		require.NoError(s.t, err)
		c.origin.HasCred, c.origin.UID = true, uint32(n)
	}
	if pid := options["pid"]; pid != "" {
		n, err := strconv.Atoi(pid)
		require.NoError(s.t, err)
		c.origin.HasCred, c.origin.PID = true, int32(n)
	}
	if name := options["cert"]; name != "" {
		c.origin.Names = []string{name}
	}
	s.clients[c.name] = c
	if c.origin.Kind != router.Datagram {
		c.client = s.router.Opened(c, c.origin)
	}
}

// service opens a client that registers and announces commands.
func (s *script) service(text string) {
	operands, options := words(text)
	s.quiet = operands[0]
	s.open(text)
	register := "REGISTER version=1;service=" + operands[0]
	if options["as"] != "" {
		register = "REGISTER version=1;service=" + options["as"]
	}
	if options["group"] != "" {
		register += ";group=" + options["group"]
	}
	s.send(operands[0], register)
	s.send(operands[0], "COMMANDS list="+strings.Join(operands[2:], ","))
	s.quiet = ""
}

// peer opens a router that shakes hands.
func (s *script) peer(text string) {
	operands, options := words(text)
	name, where := operands[0], operands[1]
	s.quiet = name
	s.open(name + " remote from=" + where)
	connect := "<" + name + ":communicatord CONNECT version=1;server_name=" + name + ";my_address=" + where
	for _, option := range []string{"services", "heard_of", "neighbors"} {
		if options[option] != "" {
			connect += ";" + option + "=" + options[option]
		}
	}
	s.send(name, connect)
	if options["ours"] != "" {
		s.send(name, "n1:communicatord/COMMANDS list="+strings.Join(s.router.Commands(), ","))
		s.send(name, "GOSSIP all=true;heard_of="+options["heard_of"]+";nodes="+options["nodes"]+";up="+options["up"]+";listed="+options["services"])
	}
	s.quiet = ""
}

func (s *script) send(name, text string) {
	c := s.clients[name]
	require.NotNil(s.t, c, "line %d: no client %q", s.line, name)
	m, err := message.Parse([]byte(text))
	require.NoError(s.t, err, "line %d", s.line)
	if c.client == nil {
		s.router.Packet(c, c.origin, m)
		return
	}
	s.router.Receive(c.client, m)
}

// settled fails when something came out that the script does not know of.
func (s *script) settled() {
	for who, lines := range s.out {
		if len(lines) > 0 {
			require.Fail(s.t, "unexpected output", "before line %d, %s got:\n%s", s.line, who, strings.Join(lines, "\n"))
		}
	}
}

func (s *script) expect(who, line string) {
	lines := s.out[who]
	if len(lines) == 0 {
		require.Fail(s.t, "missing output", "line %d: %s should get %q; there is %v", s.line, who, line, s.out)
	}
	require.Equal(s.t, line, lines[0], "line %d: what %s gets", s.line, who)
	s.out[who] = lines[1:]
}

func (s *script) run(line string) {
	if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
		return
	}
	verb, rest, _ := strings.Cut(line, " ")
	if who, ok := strings.CutSuffix(verb, "<"); ok {
		s.expect(who, rest)
		return
	}
	s.settled()
	s.all = nil
	if who, ok := strings.CutSuffix(verb, ">"); ok {
		s.send(who, rest)
		return
	}
	operands, options := words(rest)
	switch verb {
	case "router":
		s.start(rest)
	case "open":
		s.open(rest)
	case "service":
		s.service(rest)
	case "peer":
		s.peer(rest)
	case "gone":
		queued, _ := strconv.Atoi(options["queued"])
		uncertain, _ := strconv.Atoi(options["uncertain"])
		s.router.Closed(s.clients[operands[0]].client, errors.New("end of file"), router.Lost{Queued: queued, Uncertain: uncertain})
	case "ending":
		s.clients[operands[0]].ended = true
	case "full":
		s.clients[operands[0]].full = true
	case "room":
		s.clients[operands[0]].full = false
	case "load":
		s.clients["load"].name = rest
	case "tick":
		d, err := time.ParseDuration(rest)
		require.NoError(s.t, err)
		s.now = s.now.Add(d)
		s.router.Tick(s.now)
	case "unreachable":
		s.router.DialFailed(addr(s.t, rest), errors.New("connection refused"))
	case "stop":
		s.router.Stop(rest == "cluster")
		s.router.Tick(s.now) // as a host does at once
	case "done":
		require.True(s.t, s.router.Done(), "line %d", s.line)
	case "clock":
		s.router.SetClock(map[string]router.ClockState{"stable": router.ClockStable, "invalid": router.ClockInvalid, "no_ntp": router.ClockNoNTP}[rest])
	default:
		require.Fail(s.t, "no such step", "line %d: %s", s.line, line)
	}
}

func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { runScript(t, file) })
	}
}

func runScript(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var s *script
	begin := func() {
		s = &script{t: t, now: time.Unix(1768770000, 0), clients: make(map[string]*scriptClient), out: make(map[string][]string)}
		s.start("n1 10.0.0.1:4042")
	}
	begin()
	var written strings.Builder
	for i, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		if *update {
			if verb, _, _ := strings.Cut(line, " "); strings.HasSuffix(verb, "<") {
				continue
			}
			s.out = make(map[string][]string)
		}
		fmt.Fprintln(&written, line)
		if strings.HasPrefix(line, "--") { // a new scene
			s.settled()
			begin()
			continue
		}
		s.line = i + 1
		s.run(line)
		if *update && len(s.all) > 0 {
			slices.SortStableFunc(s.all, byRecipient)
			fmt.Fprintln(&written, strings.Join(s.all, "\n"))
			s.all = nil
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(written.String()), 0o644))
		return
	}
	s.settled()
}

// byRecipient orders lines that came out. In which order several clients get theirs differs from run to run, and is not looked at.
func byRecipient(a, b string) int {
	a, _, _ = strings.Cut(a, "<")
	b, _, _ = strings.Cut(b, "<")
	return strings.Compare(a, b)
}
