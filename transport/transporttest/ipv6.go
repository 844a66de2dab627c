package transporttest

import (
	"errors"
	"syscall"
	"testing"
)

// NoIPv6 says whether err, of an attempt to use an address of IPv6, is what has to come where the kernel knows none: it is asked
// itself. Then there is nothing more to test.
func NoIPv6(t testing.TB, err error) bool {
	t.Helper()
	if err == nil || !errors.Is(err, syscall.EADDRNOTAVAIL) && !errors.Is(err, syscall.EAFNOSUPPORT) {
		return false
	}
	fd, refused := syscall.Socket(syscall.AF_INET6, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if refused == nil {
		refused = syscall.Bind(fd, &syscall.SockaddrInet6{Addr: [16]byte{15: 1}})
		_ = syscall.Close(fd)
	}
	return refused != nil
}
