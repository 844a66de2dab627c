package address_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
)

func ip(s address.Scheme, hostPort string) address.Address {
	return address.FromAddrPort(s, netip.MustParseAddrPort(hostPort))
}

var (
	udp  = address.Defaults{Scheme: address.UDP, Port: 4041}
	gram = address.Defaults{Scheme: address.UnixGram}
)

// good is shared with the fuzz seeds.
var good = []struct {
	name, text string
	defaults   address.Defaults
	want       address.Address
	canonical  string
}{
	{"tcp", "tcp://127.0.0.1:4040", udp, ip(address.TCP, "127.0.0.1:4040"), "tcp://127.0.0.1:4040"},
	{"scheme in capitals", "TCP://127.0.0.1:4040", udp, ip(address.TCP, "127.0.0.1:4040"), "tcp://127.0.0.1:4040"},
	{"tls", "tls://10.0.0.1:1", udp, ip(address.TLS, "10.0.0.1:1"), "tls://10.0.0.1:1"},
	{"udp with default port", "udp://10.0.0.1", udp, ip(address.UDP, "10.0.0.1:4041"), "udp://10.0.0.1:4041"},
	{"port 0", "tcp://127.0.0.1:0", udp, ip(address.TCP, "127.0.0.1:0"), "tcp://127.0.0.1:0"},
	{"port 65535", "tcp://127.0.0.1:65535", udp, ip(address.TCP, "127.0.0.1:65535"), "tcp://127.0.0.1:65535"},
	{"tcp without host", "tcp://:80", udp, ip(address.TCP, "127.0.0.1:80"), "tcp://127.0.0.1:80"},
	{"ipv6", "tcp://[::1]:80", udp, ip(address.TCP, "[::1]:80"), "tcp://[::1]:80"},
	{"ipv6 long form", "tcp://[0:0:0:0:0:0:0:1]:80", udp, ip(address.TCP, "[::1]:80"), "tcp://[::1]:80"},
	{"ipv6 zone", "[fe80::1%eth0]:80", udp, ip(address.UDP, "[fe80::1%eth0]:80"), "udp://[fe80::1%eth0]:80"},
	{"mapped", "[::ffff:1.2.3.4]:80", udp, ip(address.UDP, "1.2.3.4:80"), "udp://1.2.3.4:80"},
	{"host name", "tcp://Router.Example.org:80", udp, address.Address{Scheme: address.TCP, Host: "router.example.org", Port: 80}, "tcp://router.example.org:80"},
	{"bare ip", "1.2.3.4", udp, ip(address.UDP, "1.2.3.4:4041"), "udp://1.2.3.4:4041"},
	{"bare ip and port", "1.2.3.4:5", udp, ip(address.UDP, "1.2.3.4:5"), "udp://1.2.3.4:5"},
	{"bare ip, no defaults", "1.2.3.4:5", address.Defaults{}, ip(address.TCP, "1.2.3.4:5"), "tcp://1.2.3.4:5"},
	{"bare ip, any port", "1.2.3.4", address.Defaults{AnyPort: true}, ip(address.TCP, "1.2.3.4:0"), "tcp://1.2.3.4:0"},
	{"bare ipv6", "::1", udp, ip(address.UDP, "[::1]:4041"), "udp://[::1]:4041"},
	{"bare ipv6 that looks as if it had a port", "::1:4040", udp, ip(address.UDP, "[::1:4040]:4041"), "udp://[::1:4040]:4041"},
	{"bare ipv6 in brackets", "[::1]", udp, ip(address.UDP, "[::1]:4041"), "udp://[::1]:4041"},
	{"bare port", ":80", udp, ip(address.UDP, "127.0.0.1:80"), "udp://127.0.0.1:80"},
	{"bare port, default host", ":80", address.Defaults{Host: "::1"}, ip(address.TCP, "[::1]:80"), "tcp://[::1]:80"},
	{"bare port, default name", ":80", address.Defaults{Host: "db"}, address.Address{Scheme: address.TCP, Host: "db", Port: 80}, "tcp://db:80"},
	{"bare host", "localhost", udp, address.Address{Scheme: address.UDP, Host: "localhost", Port: 4041}, "udp://localhost:4041"},
	{"host with dash and underscore", "my-host_1:5", udp, address.Address{Scheme: address.UDP, Host: "my-host_1", Port: 5}, "udp://my-host_1:5"},
	{"a host named as an ip scheme", "tcp:80", udp, address.Address{Scheme: address.UDP, Host: "tcp", Port: 80}, "udp://tcp:80"},
	{"rooted host", "a.b.:5", udp, address.Address{Scheme: address.UDP, Host: "a.b.", Port: 5}, "udp://a.b.:5"},
	{"unix", "unix:/run/x.sock", udp, address.FromUnix(address.Unix, "/run/x.sock"), "unix:/run/x.sock"},
	{"unix uri", "unix:///run/x.sock", udp, address.FromUnix(address.Unix, "/run/x.sock"), "unix:/run/x.sock"},
	{"unix relative", "unix:x.sock", udp, address.FromUnix(address.Unix, "x.sock"), "unix:x.sock"},
	{"unix two slashes", "unix:////x", udp, address.FromUnix(address.Unix, "//x"), "unix:////x"},
	{"unix no decoding", "unix:/a%20b c:d", udp, address.FromUnix(address.Unix, "/a%20b c:d"), "unix:/a%20b c:d"},
	{"abstract", "unix:@name", udp, address.FromUnix(address.Unix, "@name"), "unix:@name"},
	{"abstract uri", "unix://@name", udp, address.FromUnix(address.Unix, "@name"), "unix:@name"},
	{"longest path", "unix:/" + strings.Repeat("x", 106), udp, address.FromUnix(address.Unix, "/"+strings.Repeat("x", 106)), "unix:/" + strings.Repeat("x", 106)},
	{"longest name", "unix:@" + strings.Repeat("x", 107), udp, address.FromUnix(address.Unix, "@"+strings.Repeat("x", 107)), "unix:@" + strings.Repeat("x", 107)},
	{"unixgram", "unixgram:///x", udp, address.FromUnix(address.UnixGram, "/x"), "unixgram:/x"},
	{"unixpacket", "unixpacket:/x", udp, address.FromUnix(address.UnixPacket, "/x"), "unixpacket:/x"},
	{"fifo", "fifo:///x", udp, address.Address{Scheme: address.FIFO, Path: "/x"}, "fifo:/x"},
	{"fifo at", "fifo:@x", udp, address.Address{Scheme: address.FIFO, Path: "@x"}, "fifo:@x"},
	{"exec", "exec:nc -U '/a b'; true", udp, address.Address{Scheme: address.Exec, Path: "nc -U '/a b'; true"}, "exec:nc -U '/a b'; true"},
	{"exec keeps slashes", "exec:///bin/cat", udp, address.Address{Scheme: address.Exec, Path: "///bin/cat"}, "exec:///bin/cat"},
	{"bare path", "/run/x", gram, address.FromUnix(address.UnixGram, "/run/x"), "unixgram:/run/x"},
	{"bare path with colon", "/run/x:y", gram, address.FromUnix(address.UnixGram, "/run/x:y"), "unixgram:/run/x:y"},
	{"bare path that holds a uri", "/run/x://y", gram, address.FromUnix(address.UnixGram, "/run/x://y"), "unixgram:/run/x://y"},
	{"bare abstract", "@x", gram, address.FromUnix(address.UnixGram, "@x"), "unixgram:@x"},
	{"bare fifo", "/x", address.Defaults{Scheme: address.FIFO}, address.Address{Scheme: address.FIFO, Path: "/x"}, "fifo:/x"},
	{"cd unix", "cd:///run/communicator/communicatord.sock", udp, address.FromUnix(address.Unix, "/run/communicator/communicatord.sock"), "unix:/run/communicator/communicatord.sock"},
	{"cd unix short", "cd:/x", udp, address.FromUnix(address.Unix, "/x"), "unix:/x"},
	{"cd loopback", "cd://127.0.0.2", udp, ip(address.TCP, "127.0.0.2:4040"), "tcp://127.0.0.2:4040"},
	{"cd loopback 6", "cd://[::1]", udp, ip(address.TCP, "[::1]:4040"), "tcp://[::1]:4040"},
	{"cd localhost", "cd://localhost", udp, address.Address{Scheme: address.TCP, Host: "localhost", Port: 4040}, "tcp://localhost:4040"},
	{"cd private", "cd://10.0.0.1", udp, ip(address.TCP, "10.0.0.1:4042"), "tcp://10.0.0.1:4042"},
	{"cd with port", "cd://127.0.0.1:4042", udp, ip(address.TCP, "127.0.0.1:4042"), "tcp://127.0.0.1:4042"},
	{"cds", "cds://8.8.8.8", udp, ip(address.TLS, "8.8.8.8:4043"), "tls://8.8.8.8:4043"},
	{"cdu", "cdu://127.0.0.1", address.Defaults{}, ip(address.UDP, "127.0.0.1:4041"), "udp://127.0.0.1:4041"},
}

func TestParse(t *testing.T) {
	for _, c := range good {
		t.Run(c.name, func(t *testing.T) {
			a, err := address.Parse(c.text, c.defaults)
			require.NoError(t, err)
			require.Equal(t, c.want, a)
			require.Equal(t, c.canonical, a.String())
			again, err := address.Parse(a.String(), address.Defaults{NoLookup: a.Host == ""})
			require.NoError(t, err)
			require.True(t, again == a, "%v and %v", again, a)
		})
	}
}

var bad = []struct {
	name, text string
	defaults   address.Defaults
	reason     string
}{
	{"empty", "", udp, "empty"},
	{"nul", "unix:/a\x00b", udp, "NUL"},
	{"no port", "tcp://1.2.3.4", address.Defaults{}, "port is missing"},
	{"no port after colon", "1.2.3.4:", udp, "port is missing after the colon"},
	{"port too high", "1.2.3.4:65536", udp, "0 to 65535"},
	{"port signed", "1.2.3.4:+80", udp, "0 to 65535"},
	{"port negative", "1.2.3.4:-1", udp, "0 to 65535"},
	{"port hex", "1.2.3.4:0x50", udp, "0 to 65535"},
	{"port underscore", "1.2.3.4:8_0", udp, "0 to 65535"},
	{"port name", "1.2.3.4:http", udp, "0 to 65535"},
	{"port with space", "1.2.3.4:80 ", udp, "0 to 65535"},
	{"path after the port", "tcp://1.2.3.4:80/", udp, "nothing may follow"},
	{"number alone", "4041", udp, "write :4041"},
	{"three numbers", "1.2.3", udp, "no IPv4"},
	{"octet too high", "1.2.3.256", udp, "no IPv4"},
	{"leading zero", "127.0.0.01:5", udp, "no IPv4"},
	{"space", "a b", udp, "neither"},
	{"empty label", "a..b", udp, "no host name"},
	{"leading dash", "-a", udp, "no host name"},
	{"trailing dash", "a-", udp, "no host name"},
	{"slash in a host", "a/b", udp, "no slash"},
	{"long label", strings.Repeat("a", 64), udp, "no host name"},
	{"long name", strings.Repeat("a.", 127) + "b", udp, "253"},
	{"not ascii", "bücher.example", udp, "xn--"},
	{"user", "cds://user:secret@1.2.3.4:5", udp, "no user"},
	{"user, no port", "cds://user:secret@host", udp, "no user"},
	{"user without password", "cds://user@1.2.3.4:5", udp, "no user"},
	{"no look-up", "localhost", address.Defaults{NoLookup: true, Port: 1}, "not allowed"},
	{"bracket open", "[::1", udp, "never closed"},
	{"bracket with ipv4", "[1.2.3.4]:5", udp, "no IPv6"},
	{"bracket with text", "[::1]x", udp, "only :PORT"},
	{"bracket no port", "[::1]:", udp, "port is missing"},
	{"bad ipv6", "::g", udp, "no IPv6"},
	{"two colons", "host:1:2", udp, "no IPv6"},
	{"zone with bracket", "fe80::1%a]b", udp, "zone"},
	{"zone with slash", "fe80::1%a/b", udp, "zone"},
	{"zone with blank", "fe80::1%a b", udp, "zone"},
	{"zone with percent", "fe80::1%a%b", udp, "zone"},
	{"no host", "tcp://", udp, "no host"},
	{"unknown scheme", "http://x:80", udp, `"http" is unknown`},
	{"long scheme", strings.Repeat("a", 1000) + "://x", udp, "is unknown"},
	{"no slashes", "tcp:1.2.3.4:5", udp, "write tcp://HOST:PORT"},
	{"one slash", "UDP:/1.2.3.4:5", udp, "write udp://HOST:PORT"},
	{"cdb", "cdb://x", udp, "reserved"},
	{"unix empty", "unix:", udp, "no path"},
	{"unix authority", "unix://host/x", udp, "begin with a slash"},
	{"unix @ alone", "unix:@", udp, "no name"},
	{"unix too long", "unix:/" + strings.Repeat("x", 107), udp, "107"},
	{"abstract too long", "unix:@" + strings.Repeat("x", 108), udp, "107"},
	{"fifo too long", "fifo:/" + strings.Repeat("x", 4095), udp, "4095"},
	{"fifo empty", "fifo:", udp, "no path"},
	{"exec empty", "exec:", udp, "no command"},
	{"exec with an open quote", "exec:cat 'x", udp, "byte 4 of the command: the single quote"},
	{"bare path where IP is expected", "/run/x", udp, "unix:/run/x"},
	{"bare host where a path is expected", "host:80", gram, "/PATH or @NAME"},
	{"bare text where a command is expected", "cat", address.Defaults{Scheme: address.Exec}, "nothing"},
}

func TestParseRefuses(t *testing.T) {
	for _, c := range bad {
		t.Run(c.name, func(t *testing.T) {
			a, err := address.Parse(c.text, c.defaults)
			var pe *address.ParseError
			require.ErrorAs(t, err, &pe)
			require.True(t, a.IsZero())
			require.Equal(t, c.text, pe.Text)
			require.Contains(t, pe.Reason, c.reason)
			require.NotEmpty(t, pe.Accept)
			require.Contains(t, err.Error(), "accepted: ")
			require.NotContains(t, err.Error(), "\x00")
			require.Less(t, len(err.Error()), 800)
		})
	}
}

// What would be right is what the defaults allow, the likeliest form first.
func TestErrorTellsWhatIsAccepted(t *testing.T) {
	for _, c := range []struct {
		name     string
		defaults address.Defaults
		accept   string
	}{
		{"port required", address.Defaults{}, "IP:PORT, [IPv6]:PORT, :PORT, HOST:PORT, tcp://"},
		{"port of the defaults", udp, "IP[:PORT], [IPv6][:PORT], :PORT, HOST[:PORT], tcp://"},
		{"any port, no look-up", address.Defaults{AnyPort: true, NoLookup: true}, "IP[:PORT], [IPv6][:PORT], :PORT, tcp://"},
		{"unix", gram, "/PATH, @NAME, tcp://"},
		{"fifo", address.Defaults{Scheme: address.FIFO}, "/PATH, tcp://"},
		{"exec", address.Defaults{Scheme: address.Exec}, "tcp://"},
	} {
		_, err := address.Parse("", c.defaults)
		var pe *address.ParseError
		require.ErrorAs(t, err, &pe)
		require.True(t, strings.HasPrefix(pe.Accept, c.accept), "%s: %s", c.name, pe.Accept)
	}
}

func TestKinds(t *testing.T) {
	for _, c := range []struct {
		text                                 string
		stream, datagram, local, abstract, l bool
	}{
		{"tcp://127.0.0.1:1", true, false, false, false, false},
		{"tls://host:1", true, false, false, false, true},
		{"udp://127.0.0.1:1", false, true, false, false, false},
		{"unix:/x", true, false, true, false, false},
		{"unix:@x", true, false, true, true, false},
		{"unixgram:/x", false, true, true, false, false},
		{"unixpacket:/x", false, false, true, false, false},
		{"fifo:@x", true, false, true, false, false},
		{"exec:cat", true, false, true, false, false},
	} {
		t.Run(c.text, func(t *testing.T) {
			a, err := address.Parse(c.text, address.Defaults{})
			require.NoError(t, err)
			require.Equal(t, c.stream, a.IsStream())
			require.Equal(t, c.datagram, a.IsDatagram())
			require.Equal(t, c.local, a.IsLocal())
			require.Equal(t, c.abstract, a.IsAbstract())
			require.Equal(t, c.l, a.NeedsLookup())
			require.Equal(t, !c.local, a.HostPort() != "")
			require.Equal(t, !c.local && !c.l, a.AddrPort().IsValid())
		})
	}
}

func TestWithIP(t *testing.T) {
	a, err := address.Parse("tcp://db:5432", address.Defaults{})
	require.NoError(t, err)
	a = a.WithIP(netip.MustParseAddr("::ffff:10.1.2.3"))
	require.Equal(t, ip(address.TCP, "10.1.2.3:5432"), a)
	require.False(t, a.NeedsLookup())
}

func TestZero(t *testing.T) {
	var a address.Address
	require.True(t, a.IsZero())
	require.Empty(t, a.String())
	require.False(t, a.IsStream() || a.IsDatagram() || a.IsLocal() || a.NeedsLookup())
	require.Equal(t, "unixgram:", address.FromUnix(address.UnixGram, "").String())
	_, ok := address.ParseScheme("")
	require.False(t, ok)
}
