package ask_test

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/ask"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/service/servicetest"
)

// A shell is told what is running, quickly and without a word about what is not.
func TestNames(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	r := servicetest.Start(t, servicetest.Options{})
	serve(t, r, "cluckd", nil)
	serve(t, r, "ed_ping_4711_ab12", nil)
	// Only processes that are there are found: it is ours, and a file whose name is no process' is looked at by connecting.
	for _, name := range []string{"alpha.1.sock", "beta.1.sock", "alpha.2147483646.sock", "$(reboot).1.sock", "-x.1.sock"} {
		listener, err := net.Listen("unix", filepath.Join(dir, name))
		require.NoError(t, err)
		defer listener.Close()
	}
	for kind, want := range map[string]string{
		"targets":  "alpha alpha.1 alpha.2147483646 beta",
		"services": "cluckd",
		"running":  "alpha alpha.1 alpha.2147483646 beta cluckd",
	} {
		w := world(t, r)
		require.NoError(t, w.Run(t.Context(), ask.Names, "names", kind))
		require.Equal(t, want, strings.Join(strings.Fields(w.Out.String()), " "), kind)
		require.Empty(t, w.Err.String())
	}
}

// A router that is not there, or says nothing, has no names, and the prompt does not wait.
func TestNamesOfNobody(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	mute, err := net.Listen("unix", filepath.Join(t.TempDir(), "mute"))
	require.NoError(t, err)
	defer mute.Close()
	r := servicetest.Start(t, servicetest.Options{})
	for _, where := range []string{"unix:" + mute.Addr().String(), "unix:/nowhere/at/all", "no address"} {
		w := world(t, r)
		begin := time.Now()
		require.NoError(t, w.Run(t.Context(), ask.Names, "names", "services", "--router", where))
		require.Less(t, time.Since(begin), 20*time.Second)
		require.Empty(t, w.Out.String()+w.Err.String())
	}
}
