package proc_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/proc/proctest"
)

// nobody is a number that no user of a test machine has.
const nobody = 54321

func TestLookUpIdentity(t *testing.T) {
	id, err := proc.LookUpIdentity("root", "")
	require.NoError(t, err)
	require.Zero(t, id.UID)
	require.Zero(t, id.GID)
	same, err := proc.LookUpIdentity("0", "")
	require.NoError(t, err)
	require.Equal(t, id, same)
	id, err = proc.LookUpIdentity("root", "7")
	require.NoError(t, err)
	require.Equal(t, 7, id.GID)
	for _, names := range [][2]string{{"no-such-user", ""}, {"root", "no-such-group"}, {"", ""}} {
		_, err = proc.LookUpIdentity(names[0], names[1])
		require.ErrorContains(t, err, "there is no such", names)
	}
	uid, err := proc.LookUpUser("root")
	require.NoError(t, err)
	require.Zero(t, uid)
	uid, err = proc.LookUpUser("4711")
	require.NoError(t, err)
	require.Equal(t, 4711, uid)
	_, err = proc.LookUpUser("no-such-user")
	require.Error(t, err)
	_, err = proc.LookUpGroup("no-such-group")
	require.Error(t, err)
}

// TestBecome: a process that may changes for good, one that may not says so.
func TestBecome(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), proctest.Role("become"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	want := fmt.Sprintf("become user %d: permission denied\n", nobody)
	if os.Geteuid() == 0 {
		want = fmt.Sprintf("%d %d [%d]\n", nobody, nobody+1, nobody+2)
	}
	require.Equal(t, want, string(out))
}

// playBecome is the child of TestBecome.
func playBecome() {
	err := proc.Become(proc.Identity{UID: nobody, GID: nobody + 1, Groups: []int{nobody + 2}})
	if err != nil {
		fmt.Println(err)
		return
	}
	groups, err := os.Getgroups()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(os.Geteuid(), os.Getegid(), groups)
}

func TestFileOwner(t *testing.T) {
	info, err := os.Stat(t.TempDir())
	require.NoError(t, err)
	uid, ok := proc.FileOwner(info)
	require.True(t, ok)
	require.EqualValues(t, os.Geteuid(), uid)
}
