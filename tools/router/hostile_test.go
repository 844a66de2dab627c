package router

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
)

// fatal are lines that ended the C++ router, or could not be expected to be taken well.
var fatal = []string{
	"REGISTER service=x;version=abc", "REGISTER service=foo-bar;version=1", "REGISTER service=.;version=1", "REGISTER service=;version=1",
	"REGISTER version=1", "REGISTER service=communicatord;version=1", "REGISTER service=*;version=1", "REGISTER service=victim;version=1",
	"*/X broadcast_msgid=a", "*/X broadcast_msgid=a;broadcast_timeout=x", "*/X broadcast_msgid=a;broadcast_timeout=99999999999;broadcast_hops=x",
	"victim/X broadcast_msgid=a;broadcast_hops=99999999999999999999;broadcast_timeout=1", "*/X broadcast_informed_neighbors=,,x,;broadcast_msgid=b;broadcast_timeout=1;broadcast_hops=1",
	"foo-bar", `{"service":"victim"}`, `{"command":"foo-bar"}`, `{"command":{}}`, "{", `{"command":"X","parameters":[1]}`,
	"FORGET ip=garbage", "FORGET ip=", "FORGET", "GOSSIP my_address=garbage", "GOSSIP heard_of=x", "GOSSIP", "CONNECT my_address=garbage;server_name=x;version=1",
	"CONNECT version=abc", "CONNECT version=1;server_name=n1;my_address=10.0.0.1:1", "ACCEPT my_address=garbage;server_name=x", "ACCEPT", "REFUSE conflict=name",
	"DISCONNECT", "LISTEN_LOADAVG ips=garbage", "LISTEN_LOADAVG", "LOADAVG avg=x", "LOADAVG avg=nan;my_address=1;timestamp=x", "REGISTER_FOR_LOADAVG", "UNREGISTER_FROM_LOADAVG",
	"<bad-name:x FOO", "<a:b FOO", "<victim FOO", "<n1:communicatord STOPPED", "<:victim QUITTING", "UNREGISTER", "UNREGISTER service=victim", "COMMANDS", "COMMANDS list=,,,", "COMMANDS list=*",
	"HELP", "ALIVE", "READY", "PUBLIC_IP", "QUITTING", "INVALID command=x", "UNKNOWN command=UNKNOWN", "TRANSMISSION_REPORT status=failed;command=X", "SERVICE_UNAVAILABLE",
	"SERVICE_STATUS", "SERVICE_STATUS service=", "LIST_SERVICES details=true", "CLOCK_STATUS", "CLUSTER_STATUS", "LEAK", "RESTART",
	`victim/X cache="no;reply";transmission_report=failure`, "nobody/X cache=ttl=99999999999999d", `nobody/X cache="ttl=x;;=;no=1"`, "a:b:c/X", "s/t/X", ":X", "/X", "FOO a", "FOO a=1;;b=2", `FOO a="1"2`,
	"?:*/X", "n1:*/X", "*:victim/FLOOD", "?:victim/FLOOD", "n9:victim/X", "\xff\xfe", "A*B", "N n=\x00", strings.Repeat("A", 5000), "X " + strings.Repeat("a=1;", 3000), "\r", "   ",
	"SECRET password=x;secret_code=y", "LOG_ROTATE x",
}

// TestHostileInput: whatever is thrown at every listener, a client that measures sees no error and no pause.
func TestHostileInput(t *testing.T) {
	ca := tlsconntest.NewCA(t)
	pair := ca.Issue([]string{"127.0.0.1"})
	dir := t.TempDir()
	n := begin(t, "unix_listen="+dir+"/s,unixpacket:"+dir+"/p", "unix_datagram="+dir+"/d", "log_level=error", "loopback_peers=yes", "remote_listen=127.0.0.1:0", "line_limit=4K", "log_file="+t.TempDir()+"/log",
		"secure_listen=cds://me:open@127.0.0.1:0", "certificate="+pair.CertFile, "private_key="+pair.KeyFile)
	victim := dial(t, "unix", dir+"/s").register("victim", "FLOOD")
	victim.sync()
	var local, remote, secure, udp string
	n.do(func() {
		l := n.d.listeners
		local, remote, secure = l[2].Addr().HostPort(), l[3].Addr().HostPort(), l[4].Addr().HostPort()
		udp = n.d.sockets[0].Local().HostPort()
	})
	connect := func(network, where string) (net.Conn, error) {
		if network == "tls" {
			return tls.Dial("tcp", where, &tls.Config{InsecureSkipVerify: true})
		}
		return net.Dial(network, where)
	}
	stop := make(chan struct{})
	var throwers sync.WaitGroup
	throw := func(network, where string, end byte) {
		defer throwers.Done()
		random := rand.New(rand.NewPCG(1, uint64(len(where))))
		pace := time.NewTicker(20 * time.Millisecond) // 2,000 lines a second each: it is pauses that are looked for, not who gets the processors
		defer pace.Stop()
		for {
			select {
			case <-stop:
				return
			case <-pace.C:
			}
			c, err := connect(network, where)
			if err != nil {
				t.Errorf("%s is gone: %v", where, err)
				return
			}
			go discard(c)
			for range 40 {
				if _, err := c.Write(append([]byte(mutate(random)), end)); err != nil {
					break // it was too bad
				}
			}
			c.Close()
		}
	}
	throwers.Add(8)
	go throw("tls", secure, '\n')
	go throw("tcp", secure, '\n') // no handshake
	go throw("unix", dir+"/s", '\n')
	go throw("unixpacket", dir+"/p", ' ')
	go throw("tcp", local, '\n')
	go throw("tcp", remote, '\n')
	go throw("udp", udp, ' ')
	go throw("unixgram", dir+"/d", ' ')

	prober := dial(t, "unix", dir+"/s").register("prober")
	var took []time.Duration
	until := time.Now().Add(lasting(t, 1500*time.Millisecond))
	for i := 0; time.Now().Before(until); i++ {
		began := time.Now()
		prober.send(fmt.Sprintf("victim/PROBE n=%d", i))
		victim.skip(fmt.Sprintf(`^<n1:prober victim/PROBE n=%d$`, i))
		took = append(took, time.Since(began))
	}
	close(stop)
	throwers.Wait()
	f := n.figures()
	t.Logf("%d probes: half within %s, 99%% within %s, the slowest %s; %d lines were no messages, %d messages were refused", len(took),
		percentile(took, 0.5), percentile(took, 0.99), percentile(took, 1), f.counts.malformed, f.rules.Refused)
	require.Less(t, percentile(took, 0.5), time.Second) // tests share the machine
	require.Less(t, percentile(took, 1), patience/2)
	require.Zero(t, f.loop.Panics)
	require.NotZero(t, f.counts.malformed)
	prober.sync()
}

// mutate picks a line and mostly changes it.
func mutate(r *rand.Rand) string {
	line := fatal[r.IntN(len(fatal))]
	if r.IntN(3) == 0 || strings.Contains(line, "STOP") {
		return line
	}
	b := []byte(line)
	for range r.IntN(4) {
		if len(b) == 0 {
			break
		}
		switch at := r.IntN(len(b)); r.IntN(4) {
		case 0:
			b[at] = byte(r.IntN(256))
		case 1:
			b = append(b[:at], b[at+1:]...)
		case 2:
			b = append(b[:at:at], append([]byte(fatal[r.IntN(len(fatal))]), b[at:]...)...)
		default:
			b[at] = "<>:/;=\"\\*.?{} "[r.IntN(14)]
		}
	}
	if m, err := message.Parse(b); err == nil && (m.Command() == "STOP" || m.Command() == "SHUTDOWN") {
		return line // that would be obeyed
	}
	return string(b)
}

// discard reads until the end.
func discard(c net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}

// TestEachFatalLine: none of them ends the router, changes who is registered, or passes for another's.
func TestEachFatalLine(t *testing.T) {
	n := begin(t, "loopback_peers=yes", "remote_listen=127.0.0.1:0", "log_level=info")
	remote := n.at("remote_listen")
	victim := n.service("victim")
	for _, line := range fatal {
		for network, where := range map[string]string{"unix": n.path("s"), "tcp": remote} {
			c := dial(t, network, where)
			_, err := c.c.Write([]byte(line + "\n"))
			require.NoError(t, err)
			c.c.Close()
		}
	}
	victim.sync()
	n.unix().sync()
	for _, c := range []string{"victim/LAST"} {
		n.service("other").send(c)
	}
	victim.skip(`^<n1:other victim/LAST$`)
	require.NotContains(t, n.w.Err.String(), "panic")
	require.Zero(t, n.figures().loop.Panics)
}

// caller is a connection of which nothing is known but where it comes from.
type caller struct {
	transport.Conn
	from string
}

func (c caller) Remote() address.Address {
	return address.Address{Scheme: address.TCP, IP: netip.MustParseAddr(c.from), Port: 4000}
}

// TestWhereRoutersMayComeFrom: in the clear from private networks only, and from this host only where that is wished.
func TestWhereRoutersMayComeFrom(t *testing.T) {
	n := begin(t)
	for _, tt := range []struct {
		kind            rules.Kind
		from            string
		usual, loopback bool
	}{
		{rules.Remote, "10.0.0.1", true, true},
		{rules.Remote, "fd00::1", true, true},
		{rules.Remote, "192.0.2.1", false, false},
		{rules.Remote, "127.0.0.1", false, true},
		{rules.Secure, "192.0.2.1", true, true},
		{rules.Secure, "::1", false, true},
		{rules.LocalTCP, "127.0.0.1", true, true},
	} {
		for loopback, want := range map[bool]bool{false: tt.usual, true: tt.loopback} {
			var got bool
			n.do(func() {
				n.d.setup.loopbackPeers = loopback
				got = n.d.welcome(tt.kind, caller{from: tt.from})
			})
			require.Equal(t, want, got, "%s from %s, loopback_peers=%t", tt.kind, tt.from, loopback)
		}
	}
}
