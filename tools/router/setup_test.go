package router

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// loadText reads a configuration from the text of a file.
func loadText(t *testing.T, text string, options ...config.Given) (*setup, error) {
	w := toolkittest.New(t)
	return load(w.Env, options, []string{write(t, filepath.Join(t.TempDir(), "r.conf"), text)})
}

func TestMistakes(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	require.NoError(t, syscall.Mkfifo(fifo, 0o600))
	tests := map[string]struct{ text, want string }{
		"unknown key":            {"\nserver_nam=x", `r.conf:2: there is no key "server_nam", did you mean "server_name"?`},
		"another tool's key":     {"host=x", `r.conf:1: there is no key "host"`},
		"no line":                {"=x", `r.conf:1: "" is no name for a key`},
		"server name":            {"server_name=a b", "r.conf:1: server_name: "},
		"local":                  {"local_listen=10.0.0.1", "local_listen: 10.0.0.1 is no loopback address"},
		"local udp":              {"local_listen=udp://127.0.0.1:1", "local_listen: udp://127.0.0.1:1: only tcp is possible here"},
		"host name":              {"local_listen=localhost", "local_listen: parse address"},
		"signal group":           {"signal=239.1.2.3", "signal: 239.1.2.3 is a group"},
		"remote any":             {"remote_listen=0.0.0.0", "remote_listen: 0.0.0.0 is every address"},
		"remote public":          {"remote_listen=192.0.2.1", "remote_listen: 192.0.2.1 is not a private address"},
		"secure, nothing":        {"secure_listen=10.0.0.1", "secure_listen: it needs a certificate"},
		"secure, anybody":        {"my_address=10.0.0.1\ncertificate=x\nsecure_listen=10.0.0.1", "secure_listen: it needs USER:PASSWORD"},
		"secure, no password":    {"secure_listen=cds://user@10.0.0.1", "a user and a password are both needed"},
		"secure in the clear":    {"secure_listen=cd://a:b@10.0.0.1", "go over TLS only"},
		"two passwords":          {"secure_listen=cds://a:b@10.0.0.1\nneighbors=cds://a:c@10.0.0.2", "r.conf:2: neighbors: there can only be one"},
		"neighbor is a name":     {"neighbors=snap", "neighbors: parse address"},
		"neighbor any":           {"neighbors=0.0.0.0:1", "neighbors: 0.0.0.0 is not the address of one host"},
		"neighbor here":          {"neighbors=127.0.0.1", "neighbors: 127.0.0.1 is this host"},
		"neighbor udp":           {"neighbors=udp://10.0.0.1:1", "other routers are reached by tcp or tls"},
		"own address":            {"my_address=0.0.0.0", "my_address: 0.0.0.0 is not the address of one host"},
		"own address, loopback":  {"remote_listen=10.0.0.1", "my_address: 127.0.0.1 is a loopback address"},
		"unix is tcp":            {"unix_listen=tcp://127.0.0.1:1", "unix_listen: tcp://127.0.0.1:1 is no Unix socket"},
		"datagram is a stream":   {"unix_datagram=unix:/x", "unix_datagram: unix:/x is no Unix socket for datagrams"},
		"group":                  {"unix_group=no-such-group", "unix_group: look up group"},
		"metrics for all":        {"metrics_listen=0.0.0.0:80", "metrics_listen: 0.0.0.0 is no loopback address"},
		"metrics by udp":         {"metrics_listen=udp://127.0.0.1:1", "metrics_listen: udp://127.0.0.1:1: figures are told at"},
		"count":                  {"max_connections=many", `max_connections: "many" is no number from 1 to`},
		"count too small":        {"max_connections=0", `max_connections: "0" is no number from 1 to`},
		"size":                   {"client_queue=8MB", `client_queue: "8MB" is no size`},
		"size too small":         {"client_queue=1K", `client_queue: "1K" is no size`},
		"size too large":         {"client_queue=9999999G", `is no size`},
		"duration":               {"stop_timeout=soon", `stop_timeout: "soon" is not a duration`},
		"no time":                {"stop_timeout=0", `stop_timeout: "0" is not more than 0`},
		"log level":              {"log_level=loud", `r.conf:1: log_level: "loud" is none of debug, info`},
		"log format":             {"log_format=xml", `r.conf:1: log_format: "xml" is none of auto, text`},
		"truth":                  {"loopback_peers=maybe", `loopback_peers: "maybe" is neither true nor false`},
		"no such policy":         {"policy=" + dir + "/none", "r.conf:1: policy: read " + dir + "/none: no such file"},
		"policy is a FIFO":       {"policy=" + fifo, "policy: read " + fifo + ": it is a FIFO that nobody writes to"},
		"policy without end":     {"policy=/dev/zero", "policy: read /dev/zero: it has more than 1 MiB"},
		"secret is a FIFO":       {"signal_secret_file=" + fifo, "read " + fifo + ": it is a FIFO that nobody writes to"},
		"no such secret":         {"signal_secret_file=" + dir + "/none", "signal_secret_file: read " + dir + "/none"},
		"empty secret":           {"signal_secret_file=" + write(t, dir+"/empty", "\n"), "empty is empty"},
		"two secrets":            {"signal_secret=x\nsignal_secret_file=" + write(t, dir+"/secret", "y"), "signal_secret is given, too"},
		"key alone":              {"private_key=x", "private_key: it needs a certificate"},
		"group alone":            {"group_name=0", "group_name: it needs a user_name"},
		"nobody could reach it":  {"unix_listen=none\nlocal_listen=none\nsignal=none", "every address is turned off"},
		"two mistakes at a time": {"server_name=a b\nclient_queue=x", "client_queue"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := loadText(t, tt.text)
			require.ErrorContains(t, err, tt.want)
			require.Equal(t, toolkit.Config, toolkit.KindOf(err))
			if strings.Contains(name, "two mistakes") {
				require.ErrorContains(t, err, "r.conf:1: server_name")
			}
		})
	}
}

// TestEveryMistakeIsTold: one kind of mistake does not hide another.
func TestEveryMistakeIsTold(t *testing.T) {
	_, err := loadText(t, "=1\nserver_nam=x\nclient_queue=x\n[oops\nline_limit=passed over\n[router]\nlocal_listen=10.0.0.1\n"+
		"user_name=no-such-user\ngroup_name=no-such-group\n")
	require.Equal(t, toolkit.Config, toolkit.KindOf(err))
	for _, want := range []string{`r.conf:1: "" is no name`, "r.conf:2: there is no key", "r.conf:3: client_queue: ", "r.conf:4: the section", "r.conf:7: local_listen: ",
		"r.conf:8: user_name: ", "r.conf:9: group_name: "} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "r.conf:5")

	_, err = loadText(t, "private_key=x\ngroup_name=0\nremote_listen=10.0.0.1\nsecure_listen=cds://10.0.0.1\n")
	for _, want := range []string{"r.conf:1: private_key: it needs", "r.conf:2: group_name: it needs", "my_address: 127.0.0.1 is a loopback", "r.conf:4: secure_listen: it needs"} {
		require.ErrorContains(t, err, want)
	}

	s, err := loadText(t, "server_name=web-1")
	require.NoError(t, err)
	require.Contains(t, strings.Join(s.warnings, "\n"), `server_name is "web-1"`)
}

func TestValues(t *testing.T) {
	dir := t.TempDir()
	s, err := loadText(t, strings.Join([]string{
		"[router]", "server-name=snap", "unix_listen=" + dir + "/a, unixpacket:" + dir + "/b", "unix_group=0",
		"local_listen=127.0.0.1 [::1]:4444", "signal=none", "signal_secret_file=" + write(t, dir+"/secret", "pa#ss; w\r\nmore"),
		"services=" + serviceFiles(t, "alpha", "beta"), "client_rate=100", "client_queue=1MiB", "line_limit=1000",
		"cache_messages=0", "my_address=10.0.0.1", "remote_listen=10.0.0.1:5000,fd00::1", "certificate=c", "private_key=k",
		"secure_listen=cds://me:pa:ss@w0rd@10.0.0.1", "neighbors=10.0.0.2, cds://me:pa:ss@w0rd@192.0.2.1 cds://192.0.2.2:5",
		"max_gossip_timeout=90", "metrics_listen=unix:" + dir + "/m", "trace=true", "log_level=",
	}, "\n"))
	require.NoError(t, err)
	text := func(list any) string { return strings.ReplaceAll(strings.Trim(fmt.Sprint(list), "[]"), dir, "$") }
	require.Equal(t, "snap", s.serverName)
	require.Equal(t, "unix:$/a unixpacket:$/b", text(s.unix))
	require.Equal(t, "unixgram:$/a.dgram", text(s.datagram))
	require.Equal(t, "tcp://127.0.0.1:4040 tcp://[::1]:4444", text(s.local))
	require.Empty(t, s.signal)
	require.Equal(t, "pa#ss; w", s.secret)
	require.Equal(t, []string{"alpha", "beta"}, s.services)
	require.Equal(t, []int{100, 1 << 20, 1000, 0}, []int{s.clientRate, s.clientQueue, s.lineLimit, s.cacheMessages})
	require.Equal(t, "tcp://10.0.0.1:5000", text(s.mine), "the port is that of remote_listen")
	require.Equal(t, "tcp://10.0.0.1:5000 tcp://[fd00::1]:4042", text(s.remote))
	require.Equal(t, "tls://10.0.0.1:4043", text(s.secure))
	require.Equal(t, "me", s.credentials.User)
	require.Equal(t, "pa:ss@w0rd", s.credentials.Password)
	require.Equal(t, "tcp://10.0.0.2:4042 tls://192.0.2.1:4043 tls://192.0.2.2:5", text(s.neighbors))
	require.Equal(t, "unix:$/m", text(s.metrics))
	require.Equal(t, "info", s.logLevel, "an empty value counts as unset")
	require.Equal(t, "1m30s", s.gossipMax.String())
	require.Len(t, s.warnings, 2)
	require.Equal(t, "these settings of communicatord mean nothing here: trace", s.warnings[0])
	require.Regexp(t, `r.conf holds a secret and can be read by everybody`, s.warnings[1])
}

// TestTheConfigurationOfCommunicatord: the file that comes with it starts a router here, too. It listens for others on a loopback address
// and names a certificate where there is none.
func TestTheConfigurationOfCommunicatord(t *testing.T) {
	dir := t.TempDir()
	file := "certificate=" + dir + "/no.crt\nprivate_key=" + dir + "/no.key\nlocal_listen=127.0.0.1:4040\nremote_listen=127.0.0.1:4042\n" +
		"signal=127.0.0.1:4041\nmy_address=127.0.0.1\nmax_gossip_timeout=3600\n"
	s, err := loadText(t, file)
	require.NoError(t, err)
	require.Empty(t, s.remote)
	require.Empty(t, s.certificate+s.privateKey)
	require.Len(t, s.warnings, 2)
	require.Regexp(t, `r.conf:4: remote_listen is passed over: 127.0.0.1 is a loopback address`, s.warnings[0])
	require.Regexp(t, `r.conf:1: certificate is passed over, as nothing needs it: stat .*no.crt`, s.warnings[1])

	s, err = loadText(t, file+"loopback_peers=yes")
	require.NoError(t, err)
	require.Len(t, s.remote, 1)
	s, err = loadText(t, file+"neighbors=cds://192.0.2.1")
	require.NoError(t, err)
	require.NotEmpty(t, s.certificate, "it is needed, so that it is missing is an error later")
	for _, o := range []config.Given{{Name: "remote-listen", Value: "127.0.0.1"}, {Name: "remote-listen", Value: "0.0.0.0"}} {
		_, err = loadText(t, "", o)
		require.Error(t, err, "who asks for it is told that it cannot be")
	}
}

// TestClientCache reaches the rules, as the other limits do.
func TestClientCache(t *testing.T) {
	for text, want := range map[string]int{"client_cache=1K": 1024, "": 2 << 20} {
		s, err := loadText(t, text)
		require.NoError(t, err)
		require.Equal(t, want, (&daemon{env: &toolkit.Env{}}).options(s).Limits.ClientCache)
	}
	s, err := loadText(t, "client_cache=0")
	require.NoError(t, err)
	require.Negative(t, (&daemon{env: &toolkit.Env{}}).options(s).Limits.CacheMessages, "nobody's messages wait")
}

// TestNothingSecretIsPrinted, whatever the form.
func TestNothingSecretIsPrinted(t *testing.T) {
	for _, json := range []bool{false, true} {
		w := toolkittest.New(t)
		file := write(t, filepath.Join(t.TempDir(), "r.conf"), "signal_secret=sesame\nmy_address=10.0.0.1\ncertificate=c\n"+
			"secure_listen=cds://me:sesame@10.0.0.1:4043\nneighbors=10.0.0.2 cds://me:sesame@10.0.0.3")
		require.NoError(t, os.Chmod(file, 0o600))
		s, err := load(w.Env, nil, []string{file})
		require.NoError(t, err)
		require.Empty(t, s.warnings)
		require.NoError(t, printConfig(w.Output(toolkit.Common{JSON: json}), s, true))
		require.NotContains(t, w.Out.String(), "sesame")
		require.Contains(t, w.Out.String(), "cds://me:********@10.0.0.1:4043")
		require.Contains(t, w.Out.String(), "10.0.0.2 cds://me:********@10.0.0.3")
	}
	for _, text := range []string{"secure_listen=cd://me:sesame@10.0.0.1", "secure_listen=cds://me:sesame@nowhere", "neighbors=cds://:sesame@10.0.0.1"} {
		_, err := loadText(t, text)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "sesame")
	}
}

func TestWhereSettingsComeFrom(t *testing.T) {
	w := toolkittest.New(t)
	home := t.TempDir()
	w.Vars["XDG_CONFIG_HOME"] = home
	w.Vars["ED_ROUTER_CACHE_AGE"] = "3h"
	w.Vars["ED_SIGNAL"], w.Vars["ED_SERVICES"] = "--host x", "y" // these are no settings of the router
	for dir, text := range map[string]string{
		filepath.Join(w.Root, "etc/ed"): "server_name=system\ncache_age=1h\ncache_messages=1\nmax_clients=1",
		filepath.Join(home, "ed"):       "server_name=user\ncache_age=2h\nmax_clients=2",
	} {
		require.NoError(t, os.MkdirAll(dir, 0o755))
		write(t, filepath.Join(dir, "router.conf"), text)
	}
	s, err := load(w.Env, []config.Given{{Name: "max-clients", Value: "3"}}, nil)
	require.NoError(t, err)
	for name, want := range map[string]string{
		"cache_messages": "1 " + w.Root + "/etc/ed/router.conf:3", "server_name": "user " + home + "/ed/router.conf:1",
		"cache_age": "3h environment ED_ROUTER_CACHE_AGE", "max_clients": "3 command line --max-clients", "signal": "127.0.0.1:4041 default",
	} {
		v := s.settings.Get(name)
		require.Equal(t, want, v.Value+" "+v.Origin.String())
	}
	_, err = load(w.Env, nil, []string{home + "/none"})
	require.Equal(t, toolkit.NoInput, toolkit.KindOf(err))
}

// TestNoTimeout: a router has no time limit, so that one is refused where it is given to it, and not where it is for all tools.
func TestNoTimeout(t *testing.T) {
	w := toolkittest.New(t)
	w.Vars["ED_TIMEOUT"] = "2"
	require.NoError(t, w.Run(t.Context(), Command, "router", "--print-config"))
	err := w.Run(t.Context(), Command, "router", "--print-config", "--timeout", "1")
	require.ErrorContains(t, err, "it has no --timeout")
	require.Equal(t, toolkit.Usage, toolkit.KindOf(err))
	require.NotContains(t, toolkit.HelpText("ed router", Command(w.Env), 80), "--timeout")
}
