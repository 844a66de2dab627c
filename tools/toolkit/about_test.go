package toolkit_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport"
)

func TestAboutSaysThingsOnce(t *testing.T) {
	where := address.FromUnix(address.Unix, "/x")
	reset := &transport.OpError{Op: "read", Addr: where, Err: os.NewSyscallError("recv", syscall.ECONNRESET)}
	require.NoError(t, toolkit.About(nil, "send to %s", where))
	for _, c := range []struct {
		err  error
		want string
	}{
		{reset, "receive from unix:/x: connection reset by peer"},
		{fmt.Errorf("line 3: %w", reset), "receive from unix:/x: line 3: connection reset by peer"},
		{fmt.Errorf("%w (twice)", reset), "receive from unix:/x: read unix:/x: connection reset by peer (twice)"},
		{&transport.OpError{Op: "connect", Addr: address.FromUnix(address.Unix, "/y"), Err: io.EOF}, "receive from unix:/x: connect unix:/y: EOF"},
		{io.EOF, "receive from unix:/x: the other side closed the connection"},
		{errors.New("odd"), "receive from unix:/x: odd"},
	} {
		err := toolkit.About(c.err, "receive from %s", where)
		require.EqualError(t, err, c.want)
		require.ErrorIs(t, err, c.err)
		require.Equal(t, toolkit.KindOf(c.err), toolkit.KindOf(err))
	}
	require.Equal(t, "connection reset by peer", toolkit.Cause(toolkit.As(toolkit.IO, fmt.Errorf("x: %w", reset))))
}

func TestHintOfRelativePath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	here, err := os.Getwd()
	require.NoError(t, err)
	fails := func(a address.Address, err error) error { return &transport.OpError{Op: "connect", Addr: a, Err: err} }
	require.Equal(t, "the path is relative to "+here, toolkit.HintOf(fails(address.FromUnix(address.Unix, "run/x"), syscall.ENOENT)))
	require.Equal(t, "the path is relative to "+here, toolkit.HintOf(toolkit.As(toolkit.Unavailable, fails(address.FromUnix(address.UnixGram, "x"), syscall.ENOENT))))
	require.Empty(t, toolkit.HintOf(fails(address.FromUnix(address.Unix, "/run/x"), syscall.ENOENT)))
	require.Empty(t, toolkit.HintOf(fails(address.FromUnix(address.Unix, "@x"), syscall.ENOENT)))
	require.Empty(t, toolkit.HintOf(fails(address.FromUnix(address.Unix, "x"), syscall.ECONNREFUSED)))
	require.Empty(t, toolkit.HintOf(os.ErrNotExist))
	require.Empty(t, toolkit.HintOf(fails(address.Address{Scheme: address.Exec, Path: "nosuch"}, syscall.ENOENT)))

	foreign := &transport.OpError{Op: "listen", Addr: address.Address{Scheme: address.TCP}, Err: syscall.EADDRNOTAVAIL}
	require.Equal(t, "it is no address of this machine", toolkit.HintOf(foreign))
	low, err := address.Parse("tcp://127.0.0.1:80", address.Defaults{})
	require.NoError(t, err)
	denied := &transport.OpError{Op: "listen", Addr: low, Err: syscall.EACCES}
	require.Contains(t, toolkit.HintOf(denied), "CAP_NET_BIND_SERVICE")
	denied.Op = "connect"
	require.Empty(t, toolkit.HintOf(denied))
	homeless := &transport.OpError{Op: "listen", Addr: address.FromUnix(address.Unix, "/nosuch/dir/s"), Err: syscall.ENOENT}
	require.Equal(t, "there is no folder /nosuch/dir", toolkit.HintOf(homeless))
}

func TestGroupFlags(t *testing.T) {
	var got toolkit.Group
	command := func(env *toolkit.Env) *cli.Command {
		return &cli.Command{Name: "x", Flags: toolkit.Flags(toolkit.GroupFlags()...), Action: func(c *cli.Context) error {
			got = toolkit.GroupOf(c)
			return nil
		}}
	}
	w := toolkittest.New(t)
	require.NoError(t, w.Run(t.Context(), command, "x"))
	require.Equal(t, toolkit.Group{Hops: 1}, got)
	require.NoError(t, w.Run(t.Context(), command, "x", "--interface", "lo", "--hops", "3", "--no-loop"))
	require.Equal(t, toolkit.Group{Interface: "lo", Hops: 3, NoLoop: true}, got)
	o := transport.Options{MaxPacket: 7}
	got.Set(&o)
	require.Equal(t, transport.Options{MaxPacket: 7, Interface: "lo", Hops: 3, NoLoop: true}, o)
	for _, hops := range []string{"0", "-1", "256"} {
		require.Equal(t, toolkit.Usage, toolkit.KindOf(w.Run(t.Context(), command, "x", "--hops="+hops)))
	}
}
