package router

import (
	"math"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// key is one setting of the router: a line of router.conf(5) and an option of the same name.
type key struct {
	name    string // as in a file, with "_"
	value   string // the default
	usage   string // of the option; empty: the key is for files only
	secret  bool
	live    bool // a reload changes it
	choices []string
	read    func(s *setup, text string) error
}

// keys lists the settings in the order of the help. It is made afresh for each command.
func keys() []key {
	return append(append(placeKeys(), peerKeys()...), processKeys()...)
}

// mostCache is how many bytes of messages may be kept: more than any machine has, and what an int can be.
const mostCache = min(1<<40, math.MaxInt)

// placeKeys say who the router is and where services find it.
func placeKeys() []key {
	return []key{
		{name: "server_name", usage: "call this node `NAME`, not as the host is called", read: readServerName},
		{name: "unix_listen", value: defaultWord, usage: "take services on the Unix sockets `PATHS`; none: on none", read: readUnix},
		{name: "unix_group", usage: "give socket files to `GROUP`", read: readGroup(func(s *setup) *string { return &s.group })},
		{name: "unix_datagram", value: defaultWord, usage: "take datagrams on the Unix socket `PATH`; none: on none", read: readUnixDatagram},
		{name: "local_listen", value: "127.0.0.1:4040", usage: "take services on the loopback `ADDRS`; none: on none", read: readLocal},
		{name: "signal", value: "127.0.0.1:4041", usage: "take UDP datagrams on `ADDRS`; none: on none", read: readSignal},
		{name: "signal_secret", usage: "datagrams must carry `SECRET` as secret_code", secret: true, live: true, read: readSignalSecret},
		{name: "signal_secret_file", usage: "the secret is in `FILE`", live: true, read: readSignalSecretFile},
		{name: "services", value: "/etc/ed/services:/usr/share/communicator/services", usage: "NAME.service in `DIRS` names this node's services", live: true, read: readServices},
		{name: "policy", usage: "`FILE` says who may do what: router.conf(5)", live: true, read: readPolicy},
		{name: "client_rate", value: "0", usage: "take `N` messages a second from a client; 0: any number", live: true, read: readCount(0, 1<<30, func(s *setup) *int { return &s.clientRate })},
		{name: "client_queue", value: "8MiB", usage: "queue `SIZE` for a client that does not read, then close it", read: readSize(64<<10, 1<<30, func(s *setup) *int { return &s.clientQueue })},
		{name: "line_limit", value: "64KiB", usage: "take lines up to `SIZE`", live: true, read: readSize(256, 16<<20, func(s *setup) *int { return &s.lineLimit })},
		{name: "max_clients", value: "0", usage: "take `N` clients on each address; 0: any number", read: readCount(0, 1<<24, func(s *setup) *int { return &s.maxClients })},
		{name: "max_pending_connections", value: "1024", usage: "let `N` connections wait to be accepted", read: readCount(5, 65535, func(s *setup) *int { return &s.backlog })},
		{name: "cache_messages", value: "10000", usage: "keep `N` messages for services that are away; 0: none", live: true, read: readCount(0, 1<<30, func(s *setup) *int { return &s.cacheMessages })},
		{name: "cache_bytes", value: "8MiB", usage: "keep `SIZE` of them", live: true, read: readSize(0, mostCache, func(s *setup) *int { return &s.cacheBytes })},
		{name: "client_cache", value: "2MiB", usage: "keep `SIZE` of what one client sent", live: true, read: readSize(0, mostCache, func(s *setup) *int { return &s.clientCache })},
		{name: "cache_age", value: "24h", usage: "keep each for `DUR` at most", live: true, read: readDuration(func(s *setup) *time.Duration { return &s.cacheAge })},
	}
}

// peerKeys are about other routers.
func peerKeys() []key {
	return []key{
		{name: "my_address", value: "127.0.0.1", usage: "tell other routers that this one is at `IP[:PORT]`", read: readMyAddress},
		{name: "remote_listen", usage: "take other routers in the clear on the private `ADDRS`", read: readRemote},
		{name: "secure_listen", usage: "take other routers over TLS on cds://[USER:PASSWORD@]IP[:PORT], the `URI`", secret: true, read: readSecure},
		{name: "certificate", usage: "show the certificate in `FILE`", read: readText(func(s *setup) *string { return &s.certificate })},
		{name: "private_key", usage: "its key is in `FILE`", read: readText(func(s *setup) *string { return &s.privateKey })},
		{name: "certificate_authority", usage: "take routers whose certificate a CA in `FILE` signed", read: readText(func(s *setup) *string { return &s.authority })},
		{name: "neighbors", usage: "connect to the routers `ADDRS`; cds:// for TLS", live: true, secret: true, read: readNeighbors},
		{name: "max_connections", value: "100", usage: "take `N` other routers", live: true, read: readCount(1, 1<<20, func(s *setup) *int { return &s.maxConnections })},
		{name: "max_gossip_timeout", value: "1h", usage: "tell a larger router of us every `DUR` at least", live: true, read: readDuration(func(s *setup) *time.Duration { return &s.gossipMax })},
		{name: "loopback_peers", value: "no", usage: "take other routers on loopback addresses: `YES`", choices: []string{"no", "yes"}, read: readYes(func(s *setup) *bool { return &s.loopbackPeers })},
	}
}

// processKeys are about the process.
func processKeys() []key {
	return []key{
		{name: "data_path", value: defaultWord, usage: "remember other routers in `DIR`; none: nowhere", read: readDataPath},
		{name: "user_name", usage: "go on as `USER` once everything is bound", read: readUserName},
		{name: "group_name", usage: "go on as `GROUP`", read: readGroup(func(s *setup) *string { return &s.groupName })},
		{name: "metrics_listen", usage: "tell figures by HTTP on `ADDR`: unix:PATH or loopback", read: readMetrics},
		{name: "control", value: defaultWord, usage: "let ed top and ed watch in at `PATH`; none: nowhere", read: readControl},
		{name: "stop_timeout", value: "10s", usage: "end after `DUR` even if clients do not take their messages", live: true, read: readDuration(func(s *setup) *time.Duration { return &s.stopTimeout })},
		{name: "log_file", usage: "write the log to `FILE`, not to standard error", read: readText(func(s *setup) *string { return &s.logFile })},
		{name: "log_format", value: "auto", usage: "write the log as `FORMAT`", choices: logFormats(), read: readChoice(func(s *setup) *string { return &s.logFormat }, logFormats()...)},
		{name: "log_level", value: "info", usage: "log what is at least `LEVEL`", choices: logLevels(), live: true, read: readChoice(func(s *setup) *string { return &s.logLevel }, logLevels()...)},
	}
}

func logFormats() []string { return []string{"auto", "text", "json", "journal"} }
func logLevels() []string  { return []string{"debug", "info", "warning", "error"} }

// defaultWord stands for a default that depends on who runs the router; noneWord turns something off.
const (
	defaultWord = "default"
	noneWord    = "none"
)

// foreign lists what a configuration of communicatord may hold and means nothing here.
func foreign() []string {
	return []string{
		"debug_all_messages", "communicator_plugin_paths", "path_to_message_definitions", "timedate_wait_command",
		"log_config", "log_config_path", "log_severity", "force_severity", "log_component", "no_log", "logger_configuration_filenames",
		"debug", "trace", "console", "syslog", "plugins", "plugins_path", "path_to_option_definitions",
	}
}

// optionOf is the name of a key as an option.
func optionOf(name string) string { return strings.ReplaceAll(name, "_", "-") }

// flags are the options of the keys.
func flags() []cli.Flag {
	var list []cli.Flag
	for _, k := range keys() {
		if k.choices != nil {
			list = append(list, toolkit.ChoiceFlag(optionOf(k.name), nil, k.value, k.choices, k.usage))
		} else {
			list = append(list, &cli.StringFlag{Name: optionOf(k.name), Value: k.value, Usage: k.usage})
		}
	}
	return list
}

// given collects what the command line says of the keys.
func given(c *cli.Context) []config.Given {
	var list []config.Given
	for _, k := range keys() {
		if name := optionOf(k.name); c.IsSet(name) {
			list = append(list, config.Given{Name: name, Value: toolkit.StringOf(c, name)})
		}
	}
	return list
}
