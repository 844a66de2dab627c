package proc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/proc/proctest"
)

// TestNothingMounted: who sees nothing does not say that nobody is there.
func TestNothingMounted(t *testing.T) {
	c := proctest.Start(t, "plain", "")
	for _, root := range []string{t.TempDir(), "/nonexistent"} {
		sys := proc.System{Root: root}
		_, err := sys.FindByName("x")
		require.ErrorIs(t, err, proc.ErrNoProc)
		_, err = sys.Open(c.PID())
		require.ErrorIs(t, err, proc.ErrNoProc)
	}
}

// TestOtherNamespace: the numbers of a /proc that was mounted in another PID namespace are not those of the processes here.
func TestOtherNamespace(t *testing.T) {
	tests := map[string]struct {
		status string // of self; "" for none
		refuse bool
	}{
		"our own":                   {fmt.Sprintf("Name:\tx\nNSpid:\t%d\nThreads:\t1\n", os.Getpid()), false},
		"that of a parent":          {fmt.Sprintf("Name:\tx\nNSpid:\t%d\t%[1]d\nThreads:\t1\n", os.Getpid()), true},
		"another number":            {fmt.Sprintf("Name:\tx\nNSpid:\t%d\n", os.Getpid()+1), true},
		"one that does not hold us": {"", true},
		"a kernel without NSpid":    {"Name:\tx\nThreads:\t1\n", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := proctest.Start(t, "plain", "")
			root := t.TempDir()
			if test.status != "" {
				require.NoError(t, os.Mkdir(filepath.Join(root, "self"), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(root, "self", "status"), []byte(test.status), 0o644))
			} else {
				require.NoError(t, os.Symlink("nowhere", filepath.Join(root, "self")))
			}
			sys := proc.System{Root: root}
			_, err := sys.FindByName("x")
			_, openErr := sys.Open(c.PID())
			if test.refuse {
				require.ErrorIs(t, err, proc.ErrOtherNamespace)
				require.ErrorIs(t, openErr, proc.ErrOtherNamespace)
				return
			}
			require.NoError(t, err)
			require.ErrorIs(t, openErr, proc.ErrPermission, "it lives, and /proc does not show it")
		})
	}
}
