package transporttest

import (
	"os"
	"regexp"
	"syscall"
)

// Prepare takes from the tests, and from the programs that they start, what they cannot do with in the environment of whoever runs them;
// TestMain calls it before they run. Folders are made in /tmp where those of TMPDIR would be too long for the paths of sockets or have
// characters with which a shell or a list divides words, and others may not write to them, as they may with the umask 002 of many
// systems: control sockets are refused there. The locale is C: a shell warns of one that is not installed.
func Prepare() {
	// 30 leaves room in the 107 bytes of a socket's path for the name of a test and of the socket.
	plain := regexp.MustCompile(`^[[:alnum:]/._+-]{0,30}$`)
	for _, name := range []string{"GOTMPDIR", "TMPDIR"} { // T.TempDir heeds both
		if !plain.MatchString(os.Getenv(name)) {
			_ = os.Setenv(name, "/tmp") // nothing is wrong with the name
		}
	}
	_ = os.Setenv("LC_ALL", "C")
	syscall.Umask(syscall.Umask(0o077) | 0o022)
}
