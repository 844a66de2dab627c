package service

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/ed-toolbox/ed/core/address"
)

const (
	systemSocket = "/run/ed/router.sock"
	cxxSocket    = "/run/communicator/communicatord.sock"
)

// mayWrite is W_OK of access(2).
const mayWrite = 2

// SocketPath is where the router of the present user listens by default: /run/ed/router.sock for root, else ed/router.sock
// in $XDG_RUNTIME_DIR, or else /tmp/ed-UID/router.sock. root stands before /run and /tmp, for tests; getenv is os.Getenv.
func SocketPath(root string, getenv func(string) string) string {
	return under(root, socketPath(os.Geteuid(), getenv))
}

func socketPath(uid int, getenv func(string) string) string {
	switch dir := getenv("XDG_RUNTIME_DIR"); {
	case uid == 0:
		return systemSocket
	case filepath.IsAbs(dir):
		return filepath.Join(dir, "ed", "router.sock")
	}
	return privateSocket(uid)
}

func privateSocket(uid int) string { return "/tmp/ed-" + strconv.Itoa(uid) + "/router.sock" }

// Locate finds the router: ED_ROUTER if it is set, else the first of these sockets that is there: the present user's own, that
// of the system, that of the C++ router. Where there is none it is the present user's own, so that an error names that.
// One that we may not write to is taken only if there is no other; a folder in /tmp must be the user's and closed to others. getenv is os.Getenv.
func Locate(getenv func(string) string) (address.Address, error) {
	if text := getenv("ED_ROUTER"); text != "" {
		a, err := ParseRouter(text)
		if err != nil {
			return a, fmt.Errorf("ED_ROUTER: %w", err)
		}
		return a, nil
	}
	a, _ := FindSocket("", getenv)
	return a, nil
}

// FindSocket is Locate without ED_ROUTER; found says whether there is a socket. root stands before /run and /tmp, for tests.
func FindSocket(root string, getenv func(string) string) (a address.Address, found bool) {
	uid := os.Geteuid()
	path, found := choose(root, candidates(uid, getenv), uid, func(path string) (found, usable bool) {
		info, err := os.Stat(path)
		found = err == nil && info.Mode().Type() == fs.ModeSocket
		return found, found && syscall.Access(path, mayWrite) == nil
	})
	return address.FromUnix(address.Unix, path), found
}

// ParseRouter reads the address of a router: a URI, a path, or IP[:PORT], with port 4040.
func ParseRouter(text string) (address.Address, error) {
	d := address.Defaults{Scheme: address.TCP, Port: 4040}
	if text != "" && (text[0] == '/' || text[0] == '@') {
		d = address.Defaults{Scheme: address.Unix}
	}
	return address.Parse(text, d)
}

func candidates(uid int, getenv func(string) string) []string {
	own := socketPath(uid, getenv)
	all := []string{own}
	for _, path := range []string{privateSocket(uid), systemSocket, cxxSocket} {
		if path != own && (uid != 0 || path != privateSocket(uid)) {
			all = append(all, path)
		}
	}
	return all
}

// under puts root before a path, but for the one that a variable gave.
func under(root, path string) string {
	switch path {
	case systemSocket, cxxSocket, privateSocket(os.Geteuid()):
		return root + path
	}
	return path
}

// choose returns the first path that is usable, else the first that is there, else the first that nobody else can have made;
// found says whether it is there.
func choose(root string, paths []string, uid int, look func(path string) (found, usable bool)) (path string, found bool) {
	for _, candidate := range paths {
		p := under(root, candidate)
		if candidate == privateSocket(uid) && !privateDir(filepath.Dir(p), uid) {
			continue
		}
		there, usable := look(p)
		if usable {
			return p, true
		}
		if path == "" || there && !found {
			path, found = p, there
		}
	}
	return path, found
}

// privateDir says whether nobody else can have made what is in dir: anybody can make a directory in /tmp.
func privateDir(dir string, uid int) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o022 != 0 {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == uid
}
