package control

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// DirVariable names the environment variable that says where control sockets are made and looked for, in place of the
// folders of Dir.
const DirVariable = "ED_CONTROL_DIR"

// systemDir is where services that run as root have their sockets.
const systemDir = "/run/ed"

// Dir is where this process makes its control socket: $ED_CONTROL_DIR; else /run/ed for root; else ed in $XDG_RUNTIME_DIR,
// if that is ours; else /tmp/ed-UID. It need not exist.
func Dir() string {
	if dir := os.Getenv(DirVariable); dir != "" {
		return dir
	}
	if os.Geteuid() == 0 {
		return systemDir
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) && private(dir) == nil {
		return filepath.Join(dir, "ed")
	}
	return filepath.Join(os.TempDir(), "ed-"+strconv.Itoa(os.Geteuid()))
}

// makeDir makes the folder if it is not there, and refuses one in which others could put what they like.
func makeDir(dir string) error {
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 && os.Getenv(DirVariable) == "" {
		mode = 0o755 // the sockets say who may use them
	}
	if err := os.Mkdir(dir, mode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return private(dir)
}

// private says what is wrong with a folder that others than root and we could write to.
func private(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	given := os.Geteuid() == 0 && dir == systemDir // in /run only root makes folders, and gives them away
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory", dir)
	case !ok || st.Uid != 0 && int(st.Uid) != os.Geteuid() && !given:
		return fmt.Errorf("%s belongs to another user", dir)
	case info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0:
		return fmt.Errorf("others may write to %s", dir)
	}
	if link, err := os.Lstat(dir); err == nil && link.Mode().Type() == fs.ModeSymlink {
		if st, ok := link.Sys().(*syscall.Stat_t); !ok || st.Uid != 0 && int(st.Uid) != os.Geteuid() {
			return fmt.Errorf("%s is a link of another user", dir)
		}
	}
	return nil
}

const suffix = ".sock"

// fileName is NAME.PID.sock; n counts sockets of the same name in one process, from 0.
func fileName(name string, pid, n int) string {
	safe := []byte(cmp.Or(name, filepath.Base(os.Args[0])))
	for i, c := range safe {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-') {
			safe[i] = '_'
		}
	}
	safe = safe[:min(len(safe), 48)] // a socket's path has 107 bytes at most: unix(7)
	if n > 0 {
		safe = fmt.Appendf(safe, "-%d", n+1)
	}
	return string(safe) + "." + strconv.Itoa(pid) + suffix
}

// parseName reads a file name back.
func parseName(file string) (name string, pid int, ok bool) {
	rest, ok := strings.CutSuffix(file, suffix)
	if !ok {
		return "", 0, false
	}
	dot := strings.LastIndexByte(rest, '.')
	if dot <= 0 {
		return "", 0, false
	}
	pid, err := strconv.Atoi(rest[dot+1:])
	return rest[:dot], pid, err == nil && pid > 0
}

// sweep removes the sockets of dead processes of this name from the folder: who is killed cannot.
func sweep(dir, name string) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	mine, _, _ := parseName(fileName(name, 1, 0))
	for _, f := range files {
		if n, pid, ok := parseName(f.Name()); ok && n == mine && pid != os.Getpid() {
			if path := filepath.Join(dir, f.Name()); gone(pid) && refuses(path) {
				_ = os.Remove(path) // whoever comes next tries again
			}
		}
	}
}

// gone says that there is no such process here; one in another container may have the socket still.
func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// refuses says that nobody listens at a socket file.
func refuses(path string) bool {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer syscall.Close(fd)
	return errors.Is(syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}), syscall.ECONNREFUSED)
}
