package watch_test

import (
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// The main goroutine must stay on the first thread, and only now it is certain to be there.
func init() {
	if os.Getenv(childMode) == "threads" {
		runtime.LockOSThread()
	}
}

// playThreads ends the process's first thread at the first byte, and the others when the input ends.
func playThreads() {
	_, _ = os.Stdin.Read(make([]byte, 1))
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(4)
	}()
	_, _, _ = unix.Syscall(unix.SYS_EXIT, 0, 0, 0) // not RawSyscall: where there is one processor the thread would take it along
}
