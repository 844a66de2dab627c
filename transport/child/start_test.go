package child_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ed-toolbox/ed/transport/child"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
)

func TestStartErrors(t *testing.T) {
	w := transporttest.NewWorld(t)
	dir := t.TempDir()
	file := func(name, content string, mode fs.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), mode))
		return path
	}
	tests := map[string]struct {
		c    child.Command
		want string
		is   error
	}{
		"not in PATH":     {child.Command{Path: "no-such-program"}, `"no-such-program": not found in PATH`, fs.ErrNotExist},
		"no file":         {child.Command{Path: dir + "/none"}, "no such file", fs.ErrNotExist},
		"no command":      {child.Command{}, "there is no command", nil},
		"a folder":        {child.Command{Path: dir}, "it is a folder", fs.ErrPermission},
		"not executable":  {child.Command{Path: file("plain", "x", 0o644)}, "not executable", fs.ErrPermission},
		"no program":      {child.Command{Path: file("text", "hello", 0o755)}, "neither a program", syscall.ENOEXEC},
		"no interpreter":  {child.Command{Path: file("script", "#!/no/such/sh\n", 0o755)}, "interpreter", fs.ErrNotExist},
		"no folder":       {child.Command{Path: "true", Dir: dir + "/none"}, `folder "` + dir + `/none": no such file`, fs.ErrNotExist},
		"folder is none":  {child.Command{Path: "true", Dir: dir + "/plain"}, "is no folder", syscall.ENOTDIR},
		"NUL":             {child.Command{Path: "true", Args: []string{"a\x00b"}}, "NUL", syscall.EINVAL},
		"too long":        {child.Command{Path: "true", Args: []string{strings.Repeat("x", 4<<20)}}, "arguments and environment are too long", syscall.E2BIG},
		"relative to Dir": {child.Command{Path: "./none", Dir: dir}, "no such file", fs.ErrNotExist},
		"there, relative": {child.Command{Path: "./script", Dir: dir}, "interpreter", fs.ErrNotExist},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := child.Start(w.Loop, child.Options{Done: func(*child.Result) { t.Error("Done after an error") }}, cmd("sleep 1000"), tt.c, cmd("cat"))
			var wrong *child.StartError
			require.ErrorAs(t, err, &wrong)
			require.ErrorContains(t, err, tt.want)
			require.Equal(t, tt.c.Path, wrong.Command)
			if tt.is != nil {
				require.ErrorIs(t, err, tt.is)
			}
			w.Idle() // what was started is killed and reaped
			noChildren(t)
		})
	}
	_, err := child.Start(w.Loop, child.Options{})
	require.ErrorContains(t, err, "there is no command")
	ok := child.Command{Path: "./ok", Dir: dir}
	file("ok", "#!/bin/sh\necho relative to its folder\n", 0o755)
	require.Equal(t, "relative to its folder\n", string(runOn(w, child.Options{}, ok).Output))
}

// TestCurrentFolder: a program of the current folder is not run because PATH has a dot.
func TestCurrentFolder(t *testing.T) {
	w := transporttest.NewWorld(t)
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "here"), []byte("#!/bin/sh\n"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "plain"), nil, 0o644))
	t.Chdir(dir)
	t.Setenv("PATH", ".")
	for name, want := range map[string]string{"here": "write ./here", "plain": "not found in PATH", "..": "not found in PATH"} {
		_, err := child.Start(w.Loop, child.Options{}, child.Command{Path: name})
		require.ErrorContains(t, err, want)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("ED_TEST_A", "ours")
	t.Setenv("ED_TEST_B", "ours")
	dir := t.TempDir()
	show := `echo "$PWD ${ED_TEST_A-none} ${ED_TEST_B-none} ${ED_TEST_C-none}"`
	tests := map[string]struct {
		env, set []string
		want     string
	}{
		"inherited":  {nil, nil, "ours ours none"},
		"overridden": {nil, []string{"ED_TEST_A=set", "ED_TEST_C=x", "ED_TEST_C=new", "ED_TEST_B"}, "set none new"},
		"exact":      {[]string{"ED_TEST_C=exact"}, nil, "none none exact"},
		"none":       {[]string{}, nil, "none none none"},
		"exact+":     {[]string{"ED_TEST_A=1", "ED_TEST_B=2"}, []string{"ED_TEST_A"}, "none 2 none"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := sh(show)
			c.Dir, c.Env, c.Set, c.Name = dir, tt.env, tt.set, "another-name"
			r := run(t, child.Options{}, c)
			require.Equal(t, dir+" "+tt.want+"\n", string(r.Output))
		})
	}
	c := child.Command{Path: "cat", Args: []string{"/proc/self/cmdline"}, Name: "another name"}
	require.Equal(t, "another name\x00/proc/self/cmdline\x00", string(run(t, child.Options{}, c).Output))
}

// TestArguments: no shell sees them.
func TestArguments(t *testing.T) {
	args := []string{"%s\n", "$HOME", "a b", "*", "; rm -rf /tmp/x", "", "'\"`"}
	r := run(t, child.Options{}, child.Command{Path: "printf", Args: args})
	require.Equal(t, strings.Join(args[1:], "\n")+"\n", string(r.Output))
}
