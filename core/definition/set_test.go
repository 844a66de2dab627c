package definition_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/definition"
)

func open(t testing.TB, dirs ...string) *definition.Set {
	t.Helper()
	s, err := definition.Open(definition.Options{Dirs: dirs})
	require.NoError(t, err)
	return s
}

// directory makes a directory with files.
func directory(t testing.TB, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range contents {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func TestBuiltin(t *testing.T) {
	s := open(t)
	require.NoError(t, s.Err())
	require.Equal(t, []string{
		"ABSOLUTELY", "ALIVE", "COMMANDS", "HELP", "INVALID", "LEAK", "LOG_ROTATE", "QUITTING", "READY", "RESTART",
		"SERVICE_UNAVAILABLE", "STOP", "UNKNOWN",
	}, s.Commands())
	for _, command := range s.Commands() {
		d, err := s.For(command)
		require.NoError(t, err)
		require.NotEmpty(t, d.Description, command)
		for _, p := range d.Parameters {
			require.NotEmpty(t, p.Description, "%s %s", command, p.Name)
		}
	}
}

func TestDefault(t *testing.T) {
	s := open(t)
	for _, command := range s.Commands() {
		want, err := s.For(command)
		require.NoError(t, err)
		got, err := definition.Default(command)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, command := range []string{"PING", "", ".", "x/ALIVE", "../messages/ALIVE", "alive"} {
		d, err := definition.Default(command)
		require.NoError(t, err)
		require.Nil(t, d)
	}
}

func TestBuiltinAgainstMessages(t *testing.T) {
	s := open(t)
	for _, test := range []struct{ line, want string }{
		{"ALIVE", ""},
		{"ALIVE serial=x;timestamp=1720000000.5", ""},
		{"ALIVE timestamp=now", "ALIVE: parameter timestamp is not a timespec"},
		{"ALIVE serial=", "ALIVE: parameter serial is empty"},
		{"ABSOLUTELY reply_timestamp=1720000000.000000001", ""},
		{"ABSOLUTELY serial=1", "ABSOLUTELY: parameter reply_timestamp is missing"},
		{"COMMANDS list=A,B", ""},
		{"COMMANDS", "COMMANDS: parameter list is missing"},
		{"COMMANDS list=", "COMMANDS: parameter list is empty"},
		{"HELP", ""}, {"HELP a=b", ""}, {"LEAK", ""}, {"LOG_ROTATE", ""}, {"QUITTING", ""}, {"STOP", ""},
		{"READY", ""}, {"READY my_address=127.0.0.1:4042", ""},
		{"READY my_address=:x", "READY: parameter my_address is not an address"},
		{"RESTART", ""}, {"RESTART reason=upgrade", ""},
		{"SERVICE_UNAVAILABLE destination_service=a;unsent_command=B", ""},
		{"SERVICE_UNAVAILABLE destination_service=;unsent_command=", ""},
		{"SERVICE_UNAVAILABLE", "SERVICE_UNAVAILABLE: parameter destination_service is missing"},
		{"UNKNOWN", ""}, {"UNKNOWN command=X", ""}, {"INVALID command=X;message=y", ""},
		{"REGISTER", ""},
	} {
		err := s.Check(parse(t, test.line))
		if test.want == "" {
			require.NoError(t, err, test.line)
			continue
		}
		require.ErrorContains(t, err, test.want)
	}
}

func TestFirstDirectoryWins(t *testing.T) {
	first := directory(t, map[string]string{"STOP.conf": "[reason]\nflags=required\n", "notes.txt": "?", "EMPTY.conf": ""})
	second := directory(t, map[string]string{"STOP.conf": "", "OTHER.conf": "[a]\n", "EMPTY.conf": "[a]\n"})
	s := open(t, first, second)
	require.NoError(t, s.Err())

	d, err := s.For("STOP")
	require.NoError(t, err)
	require.Equal(t, filepath.Join(first, "STOP.conf"), d.Source)
	require.ErrorContains(t, s.Check(parse(t, "STOP")), "parameter reason is missing")
	require.NoError(t, s.Check(parse(t, "EMPTY")))
	require.Error(t, s.Check(parse(t, "OTHER")))

	d, err = s.For("HELP")
	require.NoError(t, err)
	require.Equal(t, "built-in:HELP.conf", d.Source)

	d, err = s.For("NOBODY")
	require.NoError(t, err)
	require.Nil(t, d)
}

func TestBrokenFileTakesItsCommandOnly(t *testing.T) {
	dir := directory(t, map[string]string{"STOP.conf": "[a]\ntype=x\n", "lower.conf": "", "GOOD.conf": "[a]\n"})
	s := open(t, dir)
	require.EqualError(t, s.Err(), fmt.Sprintf("%s:2: unknown type \"x\": use string, integer, address, timespec, bool or duration\n"+
		"%s: the name of the file is not a command: 'l' is not allowed, only A-Z 0-9 _", filepath.Join(dir, "STOP.conf"), filepath.Join(dir, "lower.conf")))

	_, err := s.For("STOP")
	require.ErrorContains(t, err, "STOP.conf:2")
	require.ErrorContains(t, s.Check(parse(t, "STOP")), "STOP.conf:2")
	require.NoError(t, s.Check(parse(t, "HELP")))
	require.Error(t, s.Check(parse(t, "GOOD")))
	require.NotContains(t, s.Commands(), "STOP")
}

func TestOpenErrors(t *testing.T) {
	_, err := definition.Open(definition.Options{Dirs: []string{"/nonexistent/messages"}})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "/nonexistent/messages")
}

func TestOddFiles(t *testing.T) {
	dir := directory(t, map[string]string{"BIG.conf": string(make([]byte, definition.MaxFile+1))})
	require.NoError(t, os.Mkdir(filepath.Join(dir, "DIR.conf"), 0o700))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "GONE.conf")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "PIPE.conf"), 0o600))
	err := open(t, dir).Err()
	require.ErrorContains(t, err, "BIG.conf: longer than 65536 bytes")
	require.ErrorContains(t, err, "GONE.conf: no such file or directory")
	require.ErrorContains(t, err, "PIPE.conf: not a regular file")
	require.NotContains(t, err.Error(), "DIR.conf")
}

func TestLoad(t *testing.T) {
	dir := directory(t, map[string]string{"X.conf": "[a]\n", "BAD.conf": "?", "X.txt": ""})
	d, err := definition.Load(filepath.Join(dir, "X.conf"))
	require.NoError(t, err)
	require.Equal(t, []string{"a string required empty line 1"}, show(d))
	for name, want := range map[string]string{
		"BAD.conf": "BAD.conf:1: neither", "X.txt": "ends in .conf", "NONE.conf": "NONE.conf: no such file or directory",
	} {
		_, err := definition.Load(filepath.Join(dir, name))
		require.ErrorContains(t, err, want)
	}
}

func TestReload(t *testing.T) {
	dir := directory(t, map[string]string{"X.conf": "[a]\n"})
	s := open(t, dir)
	require.Error(t, s.Check(parse(t, "X")))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "X.conf"), nil, 0o600))
	require.Error(t, s.Check(parse(t, "X")), "nothing is read before Reload")
	require.NoError(t, s.Reload())
	require.NoError(t, s.Check(parse(t, "X")))

	require.NoError(t, os.RemoveAll(dir))
	require.ErrorIs(t, s.Reload(), fs.ErrNotExist)
	require.NoError(t, s.Check(parse(t, "X")), "a failed Reload changes nothing")
}

func TestOtherFS(t *testing.T) {
	s, err := definition.Open(definition.Options{FS: fstest.MapFS{"X.conf": {Data: []byte("[a]\n")}}})
	require.NoError(t, err)
	require.Equal(t, []string{"X"}, s.Commands())
}

// Commands that peers invent must not stay in memory.
func TestUnknownCommandsAreNotKept(t *testing.T) {
	s := open(t)
	m := parse(t, "UNKNOWN_TO_ALL")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 100_000 {
		m.SetCommand(fmt.Sprintf("C%d", i))
		if err := s.Check(m); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(256<<10))
}
