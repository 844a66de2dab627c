package control_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
)

// visitor is a connection of somebody.
type visitor struct {
	transport.Conn
	uid   int
	known bool
}

func (v visitor) Peer() (transport.Credentials, bool) {
	return transport.Credentials{PID: 1, UID: uint32(v.uid)}, v.known
}

func TestWhoIsLetIn(t *testing.T) {
	me := os.Geteuid()
	for name, c := range map[string]struct {
		group string
		who   visitor
		want  bool
	}{
		"the user":                  {"", visitor{uid: me, known: true}, true},
		"root":                      {"", visitor{uid: 0, known: true}, true},
		"another user":              {"", visitor{uid: me + 4711, known: true}, false},
		"a member of the group":     {"0", visitor{uid: me + 4711, known: true}, true},
		"somebody unknown":          {"", visitor{uid: me}, false},
		"unknown, but with a group": {"0", visitor{uid: me}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, nil)
			defer func() {
				require.NoError(t, s.control.Close())
				require.NoError(t, s.listener.Close())
				require.NoError(t, s.loop.Close())
			}()
			control.SetGroup(s.control, c.group) // only root can give a file to a group; what is asked here is accept
			require.Equal(t, c.want, control.Admits(s.control, c.who))
		})
	}
}

func TestCommandLineShowsNoSecret(t *testing.T) {
	require.Equal(t, []string{"x", "--secret-code=***", "--password", "***", "--name", "a", "token=***", "-v", "--file=f", "token", "b"},
		control.HideSecrets("x", "--secret-code=s", "--password", "p", "--name", "a", "token=t", "-v", "--file=f", "token", "b"))
}
