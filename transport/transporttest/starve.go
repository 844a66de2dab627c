package transporttest

import (
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
)

// Room is how many things of a test, each of so many descriptors, there can be at once: the number wanted, or as many as the limit of
// descriptors has room for beside 150 others.
func Room(t testing.TB, wanted, descriptors int) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return int(min(uint64(wanted), (max(limit.Cur, 150)-150)/uint64(descriptors)))
}

// UseUpDescriptors leaves the process without a free descriptor. restore may be
// called more than once.
func UseUpDescriptors(t *testing.T) (restore func()) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	full := limit
	full.Cur = uint64(highestDescriptor(t) + 1)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &full); err != nil {
		t.Fatal(err)
	}
	// The limit is above the highest; fill the holes below it.
	var holes []int
	for {
		fd, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != nil {
			break
		}
		holes = append(holes, fd)
	}
	return sync.OnceFunc(func() {
		for _, fd := range holes {
			_ = syscall.Close(fd)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Error(err)
		}
	})
}

func highestDescriptor(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	highest := 0
	for _, e := range list {
		if n, err := strconv.Atoi(e.Name()); err == nil {
			highest = max(highest, n)
		}
	}
	return highest
}
