package router

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/transport/tlsconn/tlsconntest"
)

// freePorts returns ports of 127.0.0.1 that nobody has, in ascending order, so that it is known who dials whom.
// They are not those from which the kernel takes the ports of outgoing connections: another process could have them by now.
func freePorts(t *testing.T, n int) (ports []int) {
	for tries := 0; len(ports) < n; tries++ {
		require.Less(t, tries, 1000)
		port := 10_000 + rand.IntN(20_000)
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		defer l.Close()
		ports = append(ports, port)
	}
	for i := range ports {
		for j := range ports {
			if ports[i] < ports[j] {
				ports[i], ports[j] = ports[j], ports[i]
			}
		}
	}
	return ports
}

// member starts a router of a cluster on loopback addresses.
func member(t *testing.T, name string, port int, settings ...string) *node {
	t.Helper()
	return begin(t, append([]string{
		"server_name=" + name, "loopback_peers=yes", fmt.Sprintf("my_address=127.0.0.1:%d", port), "log_level=info",
	}, settings...)...)
}

// linked waits until the node has so many other routers.
func (n *node) linked(routers int) {
	n.t.Helper()
	eventually(n.t, fmt.Sprintf("%d routers are linked", routers), func() bool { return n.figures().rules.Routers == routers })
}

// talk has services of two nodes send to each other, by node, by name alone, and to all.
func talk(t *testing.T, n1, n2 *node, name1, name2 string) {
	t.Helper()
	alpha, beta := n1.service("alpha", "RELOAD", "PONG"), n2.service("beta", "RELOAD", "PING")
	alpha.sync()
	beta.sync()
	alpha.send(name2 + ":beta/PING a=1")
	got := beta.skip(`PING`)
	require.Regexp(t, `^<`+name1+`:alpha `+name2+`:beta/PING a=1;broadcast_hops=1;`, got)
	beta.send(name1 + ":alpha/PONG")
	alpha.skip(`^<` + name2 + `:beta ` + name1 + `:alpha/PONG`)
	eventually(t, "the name alone leads there", func() bool {
		alpha.send("beta/PING transmission_report=failure", "ALIVE serial=9")
		return !strings.Contains(alpha.skip("ABSOLUTELY|TRANSMISSION_REPORT"), "TRANSMISSION")
	})
	beta.skip(`beta/PING`)
	alpha.sync()
	beta.sync()
	alpha.send("*/RELOAD n=1")
	require.Regexp(t, `^<`+name1+`:alpha \*/RELOAD`, beta.skip("RELOAD"))
	beta.send(`nobody/X transmission_report=failure`)
	beta.skip(`TRANSMISSION_REPORT .*\bcommand=X;.*status=failed`)
	alpha.send("UNREGISTER service=alpha")
	beta.send("UNREGISTER service=beta")
	alpha.gone()
	beta.gone()
}

func TestCluster(t *testing.T) {
	ports := freePorts(t, 2)
	at := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", ports[i]) }
	n1 := member(t, "n1", ports[0], "remote_listen="+at(0))
	watcher := n1.service("watcher", "STATUS", "CLUSTER_UP", "CLUSTER_DOWN", "CLUSTER_COMPLETE", "CLUSTER_INCOMPLETE", "NEW_REMOTE_CONNECTION", "DISCONNECTED")
	watcher.send("CLUSTER_STATUS")
	watcher.skip(`CLUSTER_UP neighbors_count=1`)
	n2 := member(t, "n2", ports[1], "remote_listen="+at(1), "neighbors="+at(0))
	n1.linked(1)
	n2.linked(1)
	watcher.all(`NEW_REMOTE_CONNECTION server_name=n2`, `CLUSTER_COMPLETE neighbors_count=2`)
	talk(t, n1, n2, "n1", "n2")
	eventually(t, "what is known is saved", func() bool {
		data, _ := os.ReadFile(n1.path("data/neighbors.txt"))
		status, _ := os.ReadFile(n1.path("data/cluster-status.txt"))
		return string(data) == at(1)+"\n" && string(status) == "CLUSTER_UP\nCLUSTER_COMPLETE\n"
	})

	n2.end()
	watcher.all(`DISCONNECTED server_name=n2`, `CLUSTER_DOWN neighbors_count=2`, `CLUSTER_INCOMPLETE neighbors_count=2`)
	n3 := member(t, "n2", ports[1], "remote_listen="+at(1), "data_path="+n2.path("data"), "neighbors="+at(0))
	n3.linked(1)
	n1.linked(1)

	// SHUTDOWN ends all.
	watcher.send("SHUTDOWN")
	n1.logged(`router stops" cluster=true`)
	n3.logged(`router stops" cluster=true`)
	n1.end()
	n3.end()
}

// TestClusterDelivery: a router is killed while it is sent messages. Those of another node's sender arrive or are reported.
func TestClusterDelivery(t *testing.T) {
	ports := freePorts(t, 2)
	at := func(i int) string { return fmt.Sprintf("127.0.0.1:%d", ports[i]) }
	n1 := member(t, "n1", ports[0], "remote_listen="+at(0))
	p := spawn(t, nil, "server_name=n2", "loopback_peers=yes", "my_address="+at(1), "remote_listen="+at(1), "neighbors="+at(0))
	n1.linked(1)
	a := startAlpha(t, p.path("s"))
	sender := newTell(n1.service("sender"))
	for a.count() < 300 {
		// What the router that is killed has in its own queue is lost with it: there must not be much on the way.
		eventually(t, "alpha follows", func() bool { return a.count() > sender.sent-100 })
		sender.someTo("n2:alpha", 20)
	}
	require.NoError(t, p.cmd.Process.Kill())
	<-p.over
	<-a.over
	sender.someTo("n2:alpha", 20)
	eventually(t, "all arrived or is reported", func() bool { return sender.open(a.got) == 0 })
	require.NoError(t, sender.c.Close())
	<-sender.over
}

func TestClusterTLS(t *testing.T) {
	ca := tlsconntest.NewCA(t)
	pair := ca.Issue([]string{"127.0.0.1"})
	stranger := tlsconntest.NewCA(t)
	other := stranger.Issue([]string{"127.0.0.1"})
	shown := []string{"certificate=" + pair.CertFile, "private_key=" + pair.KeyFile}
	trust := "certificate_authority=" + ca.File
	tests := map[string]struct {
		server, client []string // settings; $ is the address of the other
		fails          string   // what the log of one of them says
	}{
		"certificates": {
			append([]string{"secure_listen=cds://$1", trust}, shown...),
			append([]string{"neighbors=cds://$1", trust}, shown...), "",
		},
		"credentials": {
			append([]string{"secure_listen=cds://me:open@$1"}, shown...),
			[]string{"neighbors=cds://me:open@$1", trust}, "",
		},
		"either": {
			append([]string{"secure_listen=cds://me:open@$1", trust}, shown...),
			append([]string{"neighbors=cds://$1", trust}, shown...), "",
		},
		"wrong password": {
			append([]string{"secure_listen=cds://me:open@$1"}, shown...),
			[]string{"neighbors=cds://me:sesame@$1", trust}, "password|credentials",
		},
		"no password": {
			append([]string{"secure_listen=cds://me:open@$1"}, shown...),
			[]string{"neighbors=cds://$1", trust}, "password|credentials",
		},
		"no certificate": {
			append([]string{"secure_listen=cds://$1", trust}, shown...),
			[]string{"neighbors=cds://$1", trust}, "certificate",
		},
		"a certificate of somebody else": {
			append([]string{"secure_listen=cds://$1", trust}, shown...),
			[]string{"neighbors=cds://$1", trust, "certificate=" + other.CertFile, "private_key=" + other.KeyFile}, "certificate|authority",
		},
		"a server of somebody else": {
			[]string{"secure_listen=cds://$1", trust, "certificate=" + other.CertFile, "private_key=" + other.KeyFile},
			append([]string{"neighbors=cds://$1", trust}, shown...), "certificate|authority",
		},
		"in the clear": {
			append([]string{"secure_listen=cds://$1", trust}, shown...),
			[]string{"neighbors=$1"}, "TLS|tls|failed",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ports := freePorts(t, 2)
			fill := func(settings []string) (list []string) {
				for _, s := range settings {
					list = append(list, strings.ReplaceAll(s, "$1", fmt.Sprintf("127.0.0.1:%d", ports[0])))
				}
				return append(list, "log_level=debug")
			}
			server := member(t, "n1", ports[0], fill(tt.server)...)
			client := member(t, "n2", ports[1], fill(tt.client)...)
			if tt.fails == "" {
				client.linked(1)
				server.linked(1)
				talk(t, server, client, "n1", "n2")
				return
			}
			why := regexp.MustCompile(tt.fails)
			eventually(t, "the failure is told", func() bool {
				return why.MatchString(server.w.Err.String()) || why.MatchString(client.w.Err.String())
			})
			require.Zero(t, server.figures().rules.Routers)
			require.Zero(t, client.figures().rules.Routers)
			for _, n := range []*node{server, client} {
				require.NotContains(t, n.w.Err.String(), "open@")
				require.NotContains(t, n.w.Err.String(), "sesame")
			}
		})
	}
}

// TestRoutersThatStopTogether: each is told what the other has not received, though its kernel has it and it ends in good order.
func TestRoutersThatStopTogether(t *testing.T) {
	ports := freePorts(t, 2)
	where := fmt.Sprintf("127.0.0.1:%d", ports[0])
	n := member(t, "n1", ports[0], "remote_listen="+where)
	other := dial(t, "tcp", where).introduce(ports[1], "DISCONNECT", "TRANSMISSION_REPORT")
	alpha := n.service("alpha")
	alpha.send("n2:beta/DO transmission_report=failure")
	other.skip("n2:beta/DO")
	n.do(func() { // so it stops before it has read that the other one does
		_, _ = fmt.Fprintln(other.c, "<n2:communicatord DISCONNECT received=0")
		n.d.rules.Stop(false)
	})
	other.skip("DISCONNECT received=")
	other.gone()
	alpha.skip("TRANSMISSION_REPORT command=DO;status=failed$")
	n.end()
}
