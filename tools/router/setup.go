package router

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/core/message"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// setup is a configuration, read and checked.
type setup struct {
	settings *config.Settings
	warnings []string
	place    place

	serverName string
	unix       []address.Address
	group      string
	datagram   address.Address // zero: none
	local      []address.Address
	signal     []address.Address
	secret     string
	services   []string // names
	policy     *policy  // nil: none
	clientRate, clientQueue, lineLimit,
	maxClients, backlog int
	cacheMessages, cacheBytes, clientCache int
	cacheAge                               time.Duration

	mine                               address.Address
	remote                             []address.Address
	secure                             []address.Address
	credentials                        rules.Credentials
	certificate, privateKey, authority string
	neighbors                          []address.Address
	maxConnections                     int
	gossipMax                          time.Duration
	loopbackPeers                      bool

	dataPath                     string // "": none
	userName, groupName          string
	metrics                      address.Address // zero: none
	control                      string          // path, or a word
	stopTimeout                  time.Duration
	logFile, logFormat, logLevel string
}

// load reads every source of settings. files, if any, are read in place of the standard ones.
func load(env *toolkit.Env, options []config.Given, files []string) (*setup, error) {
	if files == nil {
		files = standardFiles(env)
	}
	o := config.Options{Tool: "router", Flags: options, Files: files, Getenv: onlyRouters(env.Getenv)}
	for _, k := range keys() {
		o.Keys = append(o.Keys, config.Key{Name: k.name, Default: k.value, Help: k.usage, Secret: k.secret})
	}
	for _, name := range foreign() {
		o.Keys = append(o.Keys, config.Key{Name: name})
	}
	settings, err := config.Load(o)
	s := &setup{settings: settings, place: placeOf(env)}
	s.warnForeign()
	wrong := s.readAll()
	switch {
	case err != nil:
		return nil, toolkit.As(kindOfLoad(err), errors.Join(err, wrong))
	case wrong == nil:
		wrong = s.complete(env)
	}
	if wrong != nil {
		return nil, toolkit.As(toolkit.Config, wrong)
	}
	s.warnReadable()
	return s, nil
}

// kindOfLoad: a file that was asked for and is not there is missing input, all else is wrong configuration.
func kindOfLoad(err error) toolkit.Kind {
	if errors.Is(err, fs.ErrNotExist) {
		return toolkit.NoInput
	}
	return toolkit.Config
}

// standardFiles are those that exist, weakest first; never nil.
func standardFiles(env *toolkit.Env) []string {
	files := []string{}
	for _, path := range []string{filepath.Join(env.Root, "/etc/ed/router.conf"), homeFile(env)} {
		if _, err := os.Stat(path); err == nil && path != "" {
			files = append(files, path)
		}
	}
	return files
}

// homeFile is router.conf in the configuration directory of the user, "" if there is none.
func homeFile(env *toolkit.Env) string {
	if dir := env.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "ed", "router.conf")
	}
	if home := env.Getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".config", "ed", "router.conf")
	}
	return ""
}

// onlyRouters passes variables that begin with ED_ROUTER_: the general ED_SIGNAL or ED_SERVICES mean other things.
func onlyRouters(getenv func(string) string) func(string) string {
	return func(name string) string {
		if strings.HasPrefix(name, "ED_ROUTER_") {
			return getenv(name)
		}
		return ""
	}
}

// readAll reads the values of all keys and returns every mistake.
func (s *setup) readAll() error {
	var errs []error
	for _, k := range keys() {
		v := s.settings.Get(k.name)
		text := v.Value
		if text == "" {
			text = k.value // an empty value counts as unset
		}
		if err := k.read(s, text); err != nil {
			if _, ok := errors.AsType[*fileLinesError](err); ok {
				errs = append(errs, err)
				continue
			}
			errs = append(errs, fmt.Errorf("%s: %s: %w", v.Origin, k.name, err))
		}
	}
	return errors.Join(errs...)
}

// complete fills in what depends on other settings, and refuses what does not go together.
func (s *setup) complete(env *toolkit.Env) error {
	if s.serverName == "" {
		s.serverName = env.ServerName()
	}
	if message.VerifyService(s.serverName) != nil {
		s.warnings = append(s.warnings, fmt.Sprintf("server_name is %q: programs of communicatord fail on names with other characters than letters, digits and _", s.serverName))
	}
	if s.mine.Port == 0 {
		s.mine.Port = s.peerPort()
	}
	var errs []error
	wrong := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s: %s", s.settings.Get(name).Origin, name, fmt.Sprintf(format, args...)))
	}
	switch {
	case len(s.secure) == 0:
	case s.certificate == "":
		wrong("secure_listen", "it needs a certificate and a private_key")
	case s.authority == "" && s.credentials.User == "":
		wrong("secure_listen", "it needs USER:PASSWORD before the address, or a certificate_authority: anybody could connect")
	}
	s.dropCertificate()
	if s.privateKey != "" && s.certificate == "" {
		wrong("private_key", "it needs a certificate")
	}
	if s.groupName != "" && s.userName == "" {
		wrong("group_name", "it needs a user_name")
	}
	if len(s.unix)+len(s.local)+len(s.signal)+len(s.remote)+len(s.secure) == 0 && s.datagram.IsZero() {
		errs = append(errs, errors.New("every address is turned off: nobody could reach this router"))
	}
	if len(s.remote)+len(s.secure) > 0 && s.mine.IP.IsLoopback() && !s.loopbackPeers {
		wrong("my_address", "%s is a loopback address, where other routers cannot find this one", s.mine.IP)
	}
	return errors.Join(errs...)
}

// dropCertificate passes over a certificate of a file that is not there and that nothing needs, with a warning: the configuration that
// comes with communicatord names one.
func (s *setup) dropCertificate() {
	needed := len(s.secure) > 0 || slices.ContainsFunc(s.neighbors, func(a address.Address) bool { return a.Scheme == address.TLS })
	v := s.settings.Get("certificate")
	if needed || v.Origin.Kind != config.FromFile || s.certificate == "" {
		return
	}
	for _, path := range []string{s.certificate, s.privateKey} {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			s.warnings = append(s.warnings, fmt.Sprintf("%s: certificate is passed over, as nothing needs it: %v", v.Origin, err))
			s.certificate, s.privateKey = "", ""
			return
		}
	}
}

// peerPort is the port by which other routers reach this one.
func (s *setup) peerPort() uint16 {
	for _, list := range [][]address.Address{s.remote, s.secure} {
		if len(list) > 0 && list[0].Port != 0 {
			return list[0].Port
		}
	}
	return remotePort
}

// warnForeign tells, in one line, which keys of communicatord are there for nothing.
func (s *setup) warnForeign() {
	var names []string
	for _, name := range foreign() {
		if v := s.settings.Get(name); v.IsSet() {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		s.warnings = append(s.warnings, "these settings of communicatord mean nothing here: "+strings.Join(names, ", "))
	}
}

// warnReadable tells of files with secrets in them that everybody can read.
func (s *setup) warnReadable() {
	told := map[string]bool{}
	for _, k := range keys() {
		v := s.settings.Get(k.name)
		if v.Origin.Kind != config.FromFile || masked(k, v.Value) == v.Value || told[v.Origin.Name] {
			continue
		}
		if info, err := os.Stat(v.Origin.Name); err == nil && info.Mode().Perm()&0o004 != 0 {
			told[v.Origin.Name] = true
			s.warnings = append(s.warnings, v.Origin.Name+" holds a secret and can be read by everybody: chmod o-r")
		}
	}
}
