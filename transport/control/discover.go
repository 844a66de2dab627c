package control

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/ed-toolbox/ed/core/address"
)

// Socket is a control socket that was found.
type Socket struct {
	Name string // of the service; "" when all that is known is the address
	PID  int    // 0 when not known
	Addr address.Address

	given bool // it was not found: somebody named the address
}

// String names it for people: "echo.4711", or the address.
func (s Socket) String() string {
	if s.Name == "" {
		return s.Addr.String()
	}
	return s.Name + "." + strconv.Itoa(s.PID)
}

// Folders are where Discover looks: $ED_CONTROL_DIR alone if it is set, else /run/ed and our own; root looks into those of
// all users.
func Folders() []string {
	if dir := os.Getenv(DirVariable); dir != "" {
		return []string{dir}
	}
	dirs := []string{systemDir}
	if os.Geteuid() == 0 {
		for _, pattern := range []string{"/run/user/*/ed", filepath.Join(os.TempDir(), "ed-[0-9]*")} {
			more, _ := filepath.Glob(pattern) // the patterns are right
			dirs = append(dirs, more...)
		}
		return dirs
	}
	return append(dirs, Dir())
}

// Discover lists the control sockets that we may open and where somebody listens, by name and process. Folders that are not
// there, or that we may not read, have none. It connects to each, to find out, and leaves at once.
func Discover() []Socket {
	return sockets(func(path string, _ int) bool { return mayOpen(path) && !refuses(path) })
}

// discover is Discover for who looks again and again and connects to what it finds: that a process has the number of one which was
// killed, whose socket is there still, does not matter to it.
func discover() []Socket {
	return sockets(func(path string, pid int) bool { return mayOpen(path) && !(gone(pid) && refuses(path)) })
}

// Denied lists the control sockets of living processes that we may not open, as far as we may read their folders.
func Denied() []Socket {
	return sockets(func(path string, pid int) bool { return !mayOpen(path) && !gone(pid) })
}

func mayOpen(path string) bool { return syscall.Access(path, accessWrite) == nil }

// sockets lists those in our folders that are wanted.
func sockets(wanted func(path string, pid int) bool) []Socket {
	var all []Socket
	for _, dir := range Folders() {
		files, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, f := range files {
			name, pid, ok := parseName(f.Name())
			path := filepath.Join(dir, f.Name())
			if !ok || f.Type() != os.ModeSocket || !wanted(path, pid) {
				continue
			}
			all = append(all, Socket{name, pid, address.FromUnix(address.Unix, path), false})
		}
	}
	sortSockets(all)
	return all
}

func sortSockets(all []Socket) {
	slices.SortFunc(all, func(a, b Socket) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.PID, b.PID), cmp.Compare(a.Addr.Path, b.Addr.Path))
	})
}

const accessWrite = 2 // W_OK of access(2)

// Matches says whether a target as people write it means this socket: the name of the service, NAME.PID, or the process.
func (s Socket) Matches(target string) bool {
	if s.Name == target || s.PID != 0 && strconv.Itoa(s.PID) == target {
		return true
	}
	return s.Name != "" && s.String() == target
}

// Place reads a target that says by itself where the socket is: a path or an address with a scheme. Others are names.
func Place(target string) (Socket, bool) {
	if !strings.ContainsAny(target, "/:@") {
		return Socket{}, false
	}
	a, err := address.Parse(target, address.Defaults{Scheme: address.Unix})
	if err != nil {
		return Socket{}, false
	}
	s := Socket{Addr: a, given: true}
	if a.Scheme == address.Unix {
		if name, pid, ok := parseName(filepath.Base(a.Path)); ok {
			s.Name, s.PID = name, pid
		}
	}
	return s, true
}
