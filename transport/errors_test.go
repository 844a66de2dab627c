package transport_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
)

func TestOpErrorSaysThingsOnce(t *testing.T) {
	where := address.FromUnix(address.Unix, "/x")
	for _, c := range []struct {
		op   string
		err  error
		want string
	}{
		{"connect", os.NewSyscallError("connect", syscall.ECONNREFUSED), "connect unix:/x: connection refused"},
		{"connect", os.NewSyscallError("getsockopt", syscall.ECONNREFUSED), "connect unix:/x: connection refused"},
		{"connect", os.NewSyscallError("socket", syscall.EMFILE), "connect unix:/x: socket: too many open files"},
		{"read", os.NewSyscallError("recv", syscall.ECONNRESET), "read unix:/x: connection reset by peer"},
		{"listen", os.NewSyscallError("bind", syscall.EADDRINUSE), "listen unix:/x: address already in use"},
		{"adopt", os.NewSyscallError("getsockopt", syscall.ENOTSOCK), "adopt unix:/x: getsockopt: socket operation on non-socket"},
		{"read", fmt.Errorf("odd: %w", os.NewSyscallError("recv", syscall.ECONNRESET)), "read unix:/x: odd: recv: connection reset by peer"},
		{"idle", transport.ErrTimeout, "idle unix:/x: timed out"},
	} {
		err := &transport.OpError{Op: c.op, Addr: where, Err: c.err}
		require.EqualError(t, err, c.want)
		require.ErrorIs(t, err, c.err)
	}
	require.EqualError(t, &transport.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}, "accept: too many open files")
}

func TestOpErrorExhausted(t *testing.T) {
	for _, c := range []struct {
		op   string
		err  error
		want bool
	}{
		{"connect", os.NewSyscallError("connect", syscall.EADDRNOTAVAIL), true},
		{"connect", os.NewSyscallError("socket", syscall.EMFILE), true},
		{"connect", os.NewSyscallError("connect", syscall.ECONNREFUSED), false},
		{"bind", os.NewSyscallError("bind", syscall.EADDRNOTAVAIL), false}, // an address of another host
		{"connect", transport.ErrTimeout, false},
	} {
		require.Equal(t, c.want, (&transport.OpError{Op: c.op, Err: c.err}).Exhausted(), "%s: %v", c.op, c.err)
	}
}
