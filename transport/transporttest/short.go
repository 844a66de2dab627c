package transporttest

import "os"

// shortEnough is what leaves room in the 107 bytes of a socket's path for the name of a test and of the socket.
const shortEnough = 30

// ShortPaths has the tests make their folders in /tmp where those of TMPDIR would be too long for the paths of sockets. TestMain calls
// it before the tests run; the programs that they start inherit it.
func ShortPaths() {
	for _, name := range []string{"GOTMPDIR", "TMPDIR"} { // T.TempDir heeds both
		if len(os.Getenv(name)) > shortEnough {
			_ = os.Setenv(name, "/tmp") // nothing is wrong with the name
		}
	}
}
