package router

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
	rules "github.com/ed-toolbox/ed/core/router"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// The ports of communicatord.
const (
	signalPort = 4041
	localPort  = 4040
	remotePort = 4042
	securePort = 4043
)

// place is where a router puts its files by default, which depends on who runs it.
type place struct {
	socket string // of services
	data   string
}

// placeOf: what systemd made for the unit, else the system's folders for root, the user's own for others. Without
// $XDG_RUNTIME_DIR a folder of the user in /tmp is taken, and nobody else's (makeFolder).
func placeOf(env *toolkit.Env) place {
	p := place{socket: env.RouterPath()}
	if dir, _, _ := strings.Cut(env.Getenv("RUNTIME_DIRECTORY"), ":"); filepath.IsAbs(dir) {
		p.socket = filepath.Join(dir, "router.sock")
	}
	if dir, _, _ := strings.Cut(env.Getenv("STATE_DIRECTORY"), ":"); filepath.IsAbs(dir) {
		p.data = dir
		return p
	}
	if os.Geteuid() == 0 {
		p.data = filepath.Join(env.Root, "/var/lib/ed")
		return p
	}
	if dir := env.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		p.data = filepath.Join(dir, "ed")
	} else if home := env.Getenv("HOME"); filepath.IsAbs(home) {
		p.data = filepath.Join(home, ".local", "state", "ed")
	}
	return p
}

// words splits a list of addresses at commas and white space.
func words(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
}

// readUnix reads paths, or unix: and unixpacket: addresses. The word "default" among them is the path that clients look for.
func readUnix(s *setup, text string) error {
	for _, word := range words(text) {
		if word == noneWord {
			continue
		}
		if word == defaultWord {
			word = s.place.socket
		}
		a, err := address.Parse(word, address.Defaults{Scheme: address.Unix})
		if err != nil {
			return err
		}
		if a.Scheme != address.Unix && a.Scheme != address.UnixPacket {
			return fmt.Errorf("%s is no Unix socket for connections", a)
		}
		s.unix = append(s.unix, a)
	}
	return nil
}

// readUnixDatagram comes after readUnix: the default is beside the first of its sockets.
func readUnixDatagram(s *setup, text string) (err error) {
	switch {
	case text == noneWord:
		return nil
	case text == defaultWord && (len(s.unix) == 0 || s.unix[0].IsAbstract()):
		return nil
	case text == defaultWord:
		path := s.unix[0].Path
		text = "unixgram:" + strings.TrimSuffix(path, filepath.Ext(path)) + ".dgram"
	}
	s.datagram, err = address.Parse(text, address.Defaults{Scheme: address.UnixGram})
	if err == nil && s.datagram.Scheme != address.UnixGram {
		err = fmt.Errorf("%s is no Unix socket for datagrams", s.datagram)
	}
	return err
}

// readIP reads IP addresses of one scheme and has each checked.
func readIP(text string, d address.Defaults, check func(netip.Addr) error) ([]address.Address, error) {
	d.NoLookup = true
	var list []address.Address
	for _, word := range words(text) {
		if word == noneWord {
			continue
		}
		a, err := address.Parse(word, d)
		if err != nil {
			return nil, err
		}
		if a.Scheme != d.Scheme {
			return nil, fmt.Errorf("%s: only %s is possible here", a, d.Scheme)
		}
		if err := check(a.IP); err != nil {
			return nil, err
		}
		list = append(list, a)
	}
	return list, nil
}

func readLocal(s *setup, text string) (err error) {
	s.local, err = readIP(text, address.Defaults{Scheme: address.TCP, Port: localPort}, func(ip netip.Addr) error {
		if !ip.IsLoopback() {
			return fmt.Errorf("%s is no loopback address: whoever connects there is trusted like a local program", ip)
		}
		return nil
	})
	return err
}

func readSignal(s *setup, text string) (err error) {
	s.signal, err = readIP(text, address.Defaults{Scheme: address.UDP, Port: signalPort}, func(ip netip.Addr) error {
		if ip.IsMulticast() {
			return fmt.Errorf("%s is a group", ip)
		}
		return nil
	})
	return err
}

// readRemote takes private addresses only: what goes there is in the clear. A loopback address in a file is passed over with a
// warning, as the configuration that comes with communicatord has one.
func readRemote(s *setup, text string) (err error) {
	v := s.settings.Get("remote_listen")
	const useless = "is a loopback address, where no other host connects (loopback_peers=yes allows it)"
	s.remote, err = readIP(text, address.Defaults{Scheme: address.TCP, Port: remotePort}, func(ip netip.Addr) error {
		switch {
		case ip.IsUnspecified():
			return fmt.Errorf("%s is every address: name the private one; secure_listen is for others", ip)
		case ip.IsLoopback() && !s.wantsLoopback() && v.Origin.Kind != config.FromFile:
			return fmt.Errorf("%s %s", ip, useless)
		case !ip.IsPrivate() && !ip.IsLoopback():
			return fmt.Errorf("%s is not a private address: secure_listen is for others", ip)
		}
		return nil
	})
	if s.wantsLoopback() {
		return err
	}
	s.remote = slices.DeleteFunc(s.remote, func(a address.Address) bool {
		if a.IP.IsLoopback() {
			s.warnings = append(s.warnings, fmt.Sprintf("%s: remote_listen is passed over: %s %s", v.Origin, a.IP, useless))
		}
		return a.IP.IsLoopback()
	})
	return err
}

// wantsLoopback looks ahead: loopback_peers is read later.
func (s *setup) wantsLoopback() bool {
	yes, err := toolkit.ParseBool(s.settings.Get("loopback_peers").Value)
	return yes && err == nil
}

// readSecure reads cds://[USER:PASSWORD@]IP[:PORT].
func readSecure(s *setup, text string) error {
	for word := range strings.FieldsSeq(text) {
		if word == noneWord {
			continue
		}
		rest, err := s.takeCredentials(word)
		if err != nil {
			return err
		}
		list, err := readIP(rest, address.Defaults{Scheme: address.TLS, Port: securePort}, func(ip netip.Addr) error {
			if ip.IsLoopback() && !s.wantsLoopback() {
				return fmt.Errorf("%s is a loopback address, where no other host connects (loopback_peers=yes allows it)", ip)
			}
			return nil
		})
		if err != nil {
			return err
		}
		s.secure = append(s.secure, list...)
	}
	return nil
}

// readNeighbors reads IP[:PORT] or cds://[USER:PASSWORD@]IP[:PORT]. It comes after readSecure.
func readNeighbors(s *setup, text string) error {
	for _, word := range words(text) {
		if word == noneWord {
			continue
		}
		rest, err := s.takeCredentials(word)
		if err != nil {
			return err
		}
		d := address.Defaults{Scheme: address.TCP, Port: remotePort, NoLookup: true}
		if strings.HasPrefix(rest, "cds:") || strings.HasPrefix(rest, "tls:") {
			d.Scheme, d.Port = address.TLS, securePort
		}
		a, err := address.Parse(rest, d)
		switch {
		case err != nil:
			return err
		case a.Scheme != d.Scheme:
			return fmt.Errorf("%s: other routers are reached by tcp or tls", a)
		case a.IP.IsUnspecified() || a.IP.IsMulticast():
			return fmt.Errorf("%s is not the address of one host", a.IP)
		case a.IP.IsLoopback() && !s.wantsLoopback():
			return fmt.Errorf("%s is this host (loopback_peers=yes allows it)", a.IP)
		}
		s.neighbors = append(s.neighbors, a)
	}
	return nil
}

// takeCredentials takes USER:PASSWORD@ out of a URI. There is one pair for all, which is demanded from some and shown to
// others. No error shows it.
func (s *setup) takeCredentials(word string) (rest string, err error) {
	head, rest, ok := strings.Cut(word, "://")
	if !ok {
		head, rest = "", word
	}
	at := strings.LastIndexByte(rest, '@')
	if at < 0 {
		return word, nil
	}
	user, password, both := strings.Cut(rest[:at], ":")
	c := rules.Credentials{User: user, Password: password}
	switch {
	case head != "cds" && head != "tls":
		return "", errors.New("a user and a password go over TLS only: cds://USER:PASSWORD@IP:PORT")
	case !both || user == "" || password == "":
		return "", errors.New("a user and a password are both needed, as in cds://USER:PASSWORD@IP:PORT")
	case s.credentials != (rules.Credentials{}) && s.credentials != c:
		return "", errors.New("there can only be one user and password, for all routers of a cluster")
	}
	s.credentials = c
	return head + "://" + rest[at+1:], nil
}

func readMyAddress(s *setup, text string) error {
	a, err := address.Parse(text, address.Defaults{Scheme: address.TCP, AnyPort: true, NoLookup: true})
	switch {
	case err != nil:
		return err
	case a.Scheme != address.TCP && a.Scheme != address.TLS:
		return fmt.Errorf("%s: other routers are reached by tcp or tls", a)
	case a.IP.IsUnspecified() || a.IP.IsMulticast():
		return fmt.Errorf("%s is not the address of one host", a.IP)
	}
	s.mine = a
	return nil
}

func readMetrics(s *setup, text string) error {
	if text == "" || text == noneWord {
		return nil
	}
	a, err := address.Parse(text, address.Defaults{Scheme: address.TCP, NoLookup: true})
	switch {
	case err != nil:
		return err
	case a.Scheme == address.Unix:
	case a.Scheme != address.TCP:
		return fmt.Errorf("%s: figures are told at unix:PATH or tcp://127.0.0.1:PORT", a)
	case !a.IP.IsLoopback():
		return fmt.Errorf("%s is no loopback address", a.IP)
	}
	s.metrics = a
	return nil
}
