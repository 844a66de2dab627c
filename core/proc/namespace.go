package proc

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// checkNumbers returns ErrOtherNamespace where the numbers in /proc are not those that system calls of this process take: /proc was
// mounted in another PID namespace, as behind `unshare --pid` without --mount-proc. The number that belongs to a name there
// is somebody else's here. It returns ErrNoProc where nothing is mounted: that nobody is seen there means nothing.
func (s System) checkNumbers() error {
	self := filepath.Join(s.root(), "self")
	status, err := os.ReadFile(filepath.Join(self, "status"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(self); err != nil {
			return ErrNoProc
		}
		return ErrOtherNamespace // we are not in there
	}
	if err != nil {
		return nil // what is read next says what is wrong with it
	}
	_, rest, _ := bytes.Cut(status, []byte("\nNSpid:"))
	line, _, _ := bytes.Cut(rest, []byte{'\n'})
	// The numbers of this process in the namespace of /proc and in those within it, down to its own; proc_pid_status(5).
	if numbers := bytes.Fields(line); len(numbers) > 1 || len(numbers) == 1 && string(numbers[0]) != strconv.Itoa(os.Getpid()) {
		return ErrOtherNamespace
	}
	return nil
}
