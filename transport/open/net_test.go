package open_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/open"
	"github.com/stretchr/testify/require"
)

func TestNetListener(t *testing.T) {
	file := filepath.Join(t.TempDir(), "s")
	for _, text := range []string{"tcp://127.0.0.1:0", "unix:" + file} {
		t.Run(text, func(t *testing.T) {
			a := parse(t, text)
			l, err := open.NetListener(a, transport.Options{Mode: 0o600})
			require.NoError(t, err)
			if a.Scheme == address.TCP {
				a = parse(t, "tcp://"+l.Addr().String())
			} else {
				info, err := os.Stat(file)
				require.NoError(t, err)
				require.EqualValues(t, 0o600, info.Mode().Perm())
			}
			c, err := net.Dial(l.Addr().Network(), l.Addr().String())
			require.NoError(t, err)
			c.Close()
			_, err = open.NetListener(a, transport.Options{})
			require.ErrorIs(t, err, syscall.EADDRINUSE)
			require.ErrorContains(t, err, "listen "+a.String()+": ")
			require.Equal(t, 1, strings.Count(err.Error(), "listen "), "%v", err)
			require.NoError(t, l.Close())
			require.NoFileExists(t, file)
		})
	}
	_, err := open.NetListener(parse(t, "udp://127.0.0.1:1"), transport.Options{})
	require.ErrorIs(t, err, transport.ErrUnsupported)
}
