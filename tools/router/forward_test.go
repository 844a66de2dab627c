package router

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport"
)

// TestTranscript is a day of a router: services register, talk, are asked for, and go.
func TestTranscript(t *testing.T) {
	n := begin(t, "services="+serviceFiles(t, "gamma"))
	for name, client := range map[string]*peer{"unix": n.unix(), "tcp": n.tcp()} {
		t.Run(name, func(t *testing.T) {
			watcher := n.service("watch_"+name, "STATUS", "RELOAD")
			watcher.sync()
			alpha := client.register("alpha_"+name, "PING", "RELOAD")
			watcher.skip(`^<n1:communicatord STATUS cache=no;server_name=n1;service=alpha_` + name + `;status=up;up_since=\d+$`)
			beta := n.service("beta_" + name)

			beta.send("alpha_" + name + "/PING uri=http://x/;mode=now")
			alpha.want(`^<n1:beta_` + name + ` alpha_` + name + `/PING mode=now;uri=http://x/$`)
			alpha.send("n1:beta_" + name + "/PONG")
			beta.want(`^<n1:alpha_` + name + ` n1:beta_` + name + `/PONG$`)

			beta.send("*/RELOAD")
			alpha.want(`^<n1:beta_` + name + ` \*/RELOAD$`)
			watcher.skip(`RELOAD$`)
			beta.send("FOO")
			beta.want(`UNKNOWN command=FOO$`)
			beta.send("SERVICE_STATUS service=zeta")
			beta.want(`^<n1:communicatord (n1:beta_` + name + `/)?STATUS cache=no;service=zeta;status=unknown$`)
			beta.send("communicatord/CLUSTER_STATUS")
			beta.want(`CLUSTER_UP neighbors_count=1$`)
			beta.want(`CLUSTER_COMPLETE neighbors_count=1$`)
			beta.send("LIST_SERVICES")
			beta.want(`SERVICES list=.*alpha_` + name)
			beta.send("zeta/PING transmission_report=failure")
			beta.want(`TRANSMISSION_REPORT command=PING;status=failed$`)
			beta.send("REGISTER service=alpha_" + name + ";version=1")
			beta.want(`INVALID command=REGISTER;message=`)

			alpha.send("UNREGISTER service=alpha_" + name)
			alpha.gone()
			watcher.skip(`STATUS cache=no;down_since=\d+;server_name=n1;service=alpha_` + name + `;status=down;up_since=\d+$`)
		})
	}
}

// serviceFiles makes a folder with NAME.service files.
func serviceFiles(t *testing.T, names ...string) string {
	dir := t.TempDir()
	for _, name := range names {
		write(t, dir+"/"+name+".service", "")
	}
	return dir
}

// TestCache: what is sent to a service of this node that is away waits for it.
func TestCache(t *testing.T) {
	n := begin(t, "services="+serviceFiles(t, "gamma"))
	beta := n.service("beta")
	beta.send("gamma/ONE", "gamma/TWO cache=ttl=100", `gamma/NEVER cache="no;reply";transmission_report=failure`)
	beta.want(`SERVICE_UNAVAILABLE destination_service=gamma;unsent_command=NEVER$`)
	beta.want(`TRANSMISSION_REPORT command=NEVER;status=failed$`)
	gamma := n.unix()
	gamma.send("REGISTER service=gamma;version=1")
	gamma.want(`HELP$`)
	gamma.want(`READY`)
	gamma.want(`^<n1:beta gamma/ONE$`)
	gamma.want(`^<n1:beta gamma/TWO`)
}

// TestBurstThenClose: what was written before a close arrives whole, an unterminated last line too.
func TestBurstThenClose(t *testing.T) {
	n := begin(t)
	alpha := n.service("alpha")
	for name, c := range map[string]*peer{"unix": n.unix(), "tcp": n.tcp()} {
		t.Run(name, func(t *testing.T) {
			var lines []string
			for i := range 500 {
				lines = append(lines, fmt.Sprintf("alpha/LINE n=%d", i))
			}
			_, err := c.c.Write([]byte(strings.Join(lines, "\n") + "\nalpha/LAST"))
			require.NoError(t, err)
			require.NoError(t, c.c.Close())
			for i := range 500 {
				alpha.want(fmt.Sprintf(`alpha/LINE n=%d$`, i))
			}
			alpha.want(`alpha/LAST$`)
		})
	}
}

// TestDatagrams: a secret is asked for and taken out; answers go to where the packet came from.
func TestDatagrams(t *testing.T) {
	n := begin(t, "signal_secret=open#sesame")
	alpha := n.service("alpha", "LOG_ROTATE")
	udp, err := net.Dial("udp", n.at("signal"))
	require.NoError(t, err)
	defer udp.Close()
	require.NoError(t, udp.SetDeadline(time.Now().Add(patience)))
	for _, packet := range []string{"alpha/WRONG secret_code=x", "alpha/NONE", "A*B secret_code=open#sesame", "alpha/GOOD a=1;secret_code=open#sesame"} {
		_, err = udp.Write([]byte(packet))
		require.NoError(t, err)
	}
	alpha.want(`alpha/GOOD a=1$`)
	_, err = udp.Write([]byte("ALIVE serial=3;secret_code=open#sesame"))
	require.NoError(t, err)
	buf := make([]byte, 2000)
	got, err := udp.Read(buf)
	require.NoError(t, err)
	require.Regexp(t, `ABSOLUTELY reply_timestamp=[0-9.]+;serial=3$`, string(buf[:got]))

	gram, err := net.DialUnix("unixgram", &net.UnixAddr{Name: n.path("c"), Net: "unixgram"}, &net.UnixAddr{Name: n.path("s.dgram"), Net: "unixgram"})
	require.NoError(t, err)
	defer gram.Close()
	for _, packet := range []string{"alpha/LONG secret_code=open#sesame;v=" + strings.Repeat("x", transport.DefaultMaxPacketIn), "alpha/LOCAL secret_code=open#sesame"} {
		_, err = gram.Write([]byte(packet))
		require.NoError(t, err)
	}
	alpha.want(`alpha/LOCAL$`)
	f := n.figures()
	require.EqualValues(t, 2, f.secret, "datagrams without the secret")
	require.EqualValues(t, 1, f.cut, "datagrams that are too long")
	require.NotContains(t, n.w.Err.String(), "sesame")
}

// TestStop: services that want to know are told, queues go out, files vanish, and the end is no error.
func TestStop(t *testing.T) {
	n := begin(t)
	alpha := n.service("alpha", "DISCONNECTING")
	beta := n.service("beta")
	alpha.sync()
	beta.send("STOP")
	alpha.want(`^<n1:communicatord DISCONNECTING$`)
	alpha.gone()
	beta.gone()
	n.end()
	require.NoFileExists(t, n.path("s"))
	require.NoFileExists(t, n.path("s.dgram"))
	require.Contains(t, n.w.Err.String(), "router has ended")
}

// TestAliveTellsTheTime: ABSOLUTELY has the time of the answer, not that of the router's last look at its clock, a second before.
func TestAliveTellsTheTime(t *testing.T) {
	n := begin(t)
	c := n.unix()
	for range 3 {
		before := time.Now().Round(0) // the wall clock alone, which is what is sent
		c.send("ALIVE")
		m, err := message.Parse([]byte(c.line()))
		require.NoError(t, err)
		at, err := m.Timespec("reply_timestamp")
		require.NoError(t, err)
		require.False(t, at.Time().Before(before), "%s before %s", at.Time(), before)
		require.False(t, at.Time().After(time.Now()))
	}
}
