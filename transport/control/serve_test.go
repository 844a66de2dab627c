package control_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport/control"
)

func TestEveryTableCanBeRead(t *testing.T) {
	s := startService(t, nil)
	b := s.client()
	s.echo(b, "ECHO n=1")
	c := s.visit()
	list, err := c.Inspect(s.ctx())
	require.NoError(t, err)
	require.Equal(t, "tables", list[0].Name)
	var names []string
	for i := range list[0].Rows {
		names = append(names, list[0].Value(i, "name"))
	}
	require.Equal(t, []string{"commands", "connections", "dispatcher", "loop", "process", "queues", "slow", "sources", "timers", "watches"}, names)
	s.echo(b, "ECHO n=2")
	sheets, err := c.Inspect(s.ctx(), names...)
	require.NoError(t, err)
	byName := map[string]*inspect.Sheet{}
	for i, sheet := range sheets {
		require.Equal(t, names[i], sheet.Name)
		require.NotEmpty(t, sheet.Title)
		require.False(t, sheet.Time.IsZero())
		byName[sheet.Name] = sheet
	}
	process := byName["process"]
	require.Len(t, process.Rows, 1)
	require.Equal(t, "echo", process.Value(0, "name"))
	require.Equal(t, strconv.Itoa(os.Getpid()), process.Value(0, "pid"))
	for _, name := range []string{"rss", "goroutines", "fds", "threads", "heap", "uptime"} {
		n, ok := process.Columns[process.Column(name)].Number(process.Value(0, name))
		require.True(t, ok, name)
		require.Positive(t, n, name)
	}
	require.Equal(t, "service", byName["loop"].Value(0, "name"))
	require.Len(t, byName["connections"].Rows, 1)
	require.Contains(t, byName["connections"].Value(0, "peer"), "#"+strconv.Itoa(os.Getpid()))
	require.Len(t, byName["sources"].Rows, 4, "two listeners, two connections")
	require.NotEmpty(t, byName["dispatcher"].Rows)
}

func TestCountsAreKeptWhileSomebodyLooks(t *testing.T) {
	s := startService(t, nil)
	b, c := s.client(), s.visit()
	s.echo(b, "ECHO n=1")
	s.on(func() { require.False(t, s.commands.Traced(), "nobody has looked") })
	sheets, err := c.Inspect(s.ctx(), "commands")
	require.NoError(t, err)
	require.Empty(t, sheets[0].Rows)
	s.echo(b, "ECHO n=1")
	s.echo(b, "ECHO n=1")
	s.echo(b, "NONSENSE")
	sheets, err = c.Inspect(s.ctx(), "commands", "connections", "dispatcher")
	require.NoError(t, err)
	commands := sheets[0]
	require.Equal(t, "ECHO", commands.Value(0, "command"))
	require.Equal(t, "2", commands.Value(0, "in"))
	require.Equal(t, "2", commands.Value(0, "out"))
	require.Equal(t, "2", commands.Value(0, "answered"))
	require.Len(t, commands.Rows, 3)
	require.Equal(t, []string{"ECHO 0 0 0 0", "NONSENSE 0 0 1 0", "UNKNOWN 0 0 0 0"}, rows(commands, "command", "failed", "invalid", "unknown", "dropped"))
	require.NotEmpty(t, commands.Value(0, "took_p99"))
	require.Less(t, seconds(t, commands, 0, "took"), patience)
	require.NotEmpty(t, commands.Value(0, "latency_p99"))
	for i := range commands.Rows {
		if commands.Value(i, "command") == "UNKNOWN" { // it was sent, and had no handler
			require.Empty(t, commands.Value(i, "took_p99"), "what was never measured is not known, and not 0")
		}
	}
	require.Equal(t, "3", sheets[1].Value(0, "in"))
	require.Equal(t, "3", sheets[1].Value(0, "out"))
	require.Equal(t, "1", sheets[1].Value(0, "failed"))
	counts := map[string]string{}
	for i := range sheets[2].Rows {
		counts[sheets[2].Value(i, "name")] = sheets[2].Value(i, "count")
	}
	require.Equal(t, "2", counts["echo"])
	require.Equal(t, "1", counts["default catch-all"])
}

func TestDefaultCommandsGoToTheService(t *testing.T) {
	s := startService(t, nil)
	c := s.visit()
	require.NoError(t, c.Send(message.New("LOG_ROTATE")))
	require.NoError(t, c.Send(message.New("STOP")))
	reply, err := c.Do(s.ctx(), message.New("ALIVE"))
	require.NoError(t, err)
	require.Equal(t, "ABSOLUTELY", reply.Command())
	s.on(func() {
		require.Equal(t, 1, s.rotated)
		require.Equal(t, 1, s.stopped)
	})
	require.NoError(t, c.Send(message.New("HELP")))
	item, err := c.Next(s.ctx())
	require.NoError(t, err)
	list, _ := item.Message.Get("list")
	require.Contains(t, list, "INSPECT")
	require.Contains(t, list, "WATCH")
	_, err = c.Do(s.ctx(), message.New("NONSENSE"))
	require.True(t, control.IsRefused(err), "%v", err)
}

func TestDisconnect(t *testing.T) {
	s := startService(t, nil)
	b, c := s.client(), s.visit()
	s.echo(b, "ECHO")
	id := s.firstLink(c)
	reply, err := c.Do(s.ctx(), message.New("DISCONNECT").Set("link", id))
	require.NoError(t, err)
	require.Equal(t, "DISCONNECTED", reply.Command())
	_, err = b.Recv(s.ctx())
	require.Error(t, err, "the link is closed")
	for _, wrong := range []*message.Message{
		message.New("DISCONNECT").Set("link", "4711"), message.New("DISCONNECT"),
		message.New("DISCONNECT").Set("link", id).Set("abort", "perhaps"),
		message.New("INSPECT").Set("table", "nonsense"), message.New("UNWATCH").Set("watch", "3"), message.New("UNWATCH"),
		message.New("WATCH").Set("filter", "lower"), message.New("WATCH").Set("rate", "x"),
	} {
		_, err = c.Do(s.ctx(), wrong)
		require.True(t, control.IsRefused(err), "%s: %v", wrong, err)
	}
}

func TestSocketFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "control")
	t.Setenv(control.DirVariable, dir)
	require.Empty(t, control.Discover())
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	defer loop.Close()
	one, err := control.Serve(loop, control.Options{Name: "a service"})
	require.NoError(t, err)
	two, err := control.Serve(loop, control.Options{Name: "a service"})
	require.NoError(t, err, "two loops of one process")
	pid := strconv.Itoa(os.Getpid())
	require.Equal(t, filepath.Join(dir, "a_service."+pid+".sock"), one.Path())
	require.Equal(t, filepath.Join(dir, "a_service-2."+pid+".sock"), two.Path())
	info, err := os.Stat(one.Path())
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	folder, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), folder.Mode().Perm())

	found := control.Discover()
	require.Len(t, found, 2)
	require.Equal(t, "a_service", found[0].Name)
	require.Equal(t, os.Getpid(), found[0].PID)
	for target, want := range map[string]bool{"a_service": true, pid: true, "a_service." + pid: true, "service": false, "1": false} {
		require.Equal(t, want, found[0].Matches(target), target)
	}

	require.NoError(t, loop.Run(context.Background()), "it does not keep the loop alive")
	require.NoError(t, one.Close())
	require.NoError(t, two.Close())
	require.False(t, exists(one.Path()))
	require.Empty(t, control.Discover())
}

func TestFileOfADeadProcessIsRemoved(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	dead := filepath.Join(dir, "echo.4194305.sock") // above the largest number of a process
	left := staleSocket(t, dead)
	other := filepath.Join(dir, "other.4194305.sock")
	staleSocket(t, other)
	staleSocket(t, filepath.Join(dir, "again.1.sock"))
	require.True(t, left)
	require.Empty(t, control.Discover(), "nobody listens, whoever has the number now")
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	defer loop.Close()
	c, err := control.Serve(loop, control.Options{Name: "echo"})
	require.NoError(t, err)
	require.False(t, exists(dead))
	require.True(t, exists(other), "those of other services are theirs")
	require.NoError(t, c.Close())
}

func TestFolderOfOthersIsRefused(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o777))
	t.Setenv(control.DirVariable, dir)
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	defer loop.Close()
	_, err = control.Serve(loop, control.Options{})
	require.ErrorContains(t, err, "others may write")
	var none *control.Control
	require.NoError(t, none.Close())
}

func TestFolderThatIsNone(t *testing.T) {
	dir := t.TempDir()
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	defer loop.Close()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	want := map[string]string{file: "is not a directory", filepath.Join(dir, "a", "b"): "no such file"}
	if os.Geteuid() == 0 {
		theirs := filepath.Join(dir, "theirs")
		require.NoError(t, os.Mkdir(theirs, 0o700))
		require.NoError(t, os.Chown(theirs, 65534, 65534))
		link := filepath.Join(dir, "link")
		require.NoError(t, os.Symlink(t.TempDir(), link))
		require.NoError(t, os.Lchown(link, 65534, 65534))
		want[theirs], want[link] = "belongs to another user", "is a link of another user"
	}
	for path, why := range want {
		t.Setenv(control.DirVariable, path)
		_, err = control.Serve(loop, control.Options{Name: "x"})
		require.ErrorContains(t, err, why)
	}
}

func TestNamesOfSocketFiles(t *testing.T) {
	dir, err := os.MkdirTemp("", "") // that of T.TempDir leaves no room for the longest name
	require.NoError(t, err)
	defer os.RemoveAll(dir)
	t.Setenv(control.DirVariable, dir)
	loop, err := reactor.New(reactor.Options{})
	require.NoError(t, err)
	defer loop.Close()
	for name, want := range map[string]string{"azAZ09_-": "azAZ09_-", "a/b.c@d[e`f{g:h": "a_b_c_d_e_f_g_h", strings.Repeat("x", 200): strings.Repeat("x", 48)} {
		c, err := control.Serve(loop, control.Options{Name: name})
		require.NoError(t, err)
		require.Equal(t, filepath.Join(dir, want+"."+strconv.Itoa(os.Getpid())+".sock"), c.Path())
		require.Equal(t, want, control.Discover()[0].Name)
		require.NoError(t, c.Close())
	}
}

func TestTableOfTheServiceItself(t *testing.T) {
	s := startService(t, func(o *control.Options) {
		o.Tables = []inspect.Table{{Name: "fish", Columns: []inspect.Column{{Name: "kind", Key: true}},
			Fill: func(w *inspect.Writer) { w.Row().Text("cod") }}}
	})
	sheets, err := s.visit().Inspect(s.ctx(), "fish")
	require.NoError(t, err)
	require.Equal(t, "cod", sheets[0].Value(0, "kind"))
	s.on(func() {
		_, err := s.control.AddTable(inspect.Table{Name: "loop", Fill: func(*inspect.Writer) {}})
		require.Error(t, err, "the name is taken")
	})
}

var _ control.Dispatcher = (*dispatch.Dispatcher)(nil)
