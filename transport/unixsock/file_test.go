package unixsock_test

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/ed-toolbox/ed/transport/unixsock"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// both opens a socket file of each kind, closed by the function returned.
var both = map[string]struct {
	kind int
	open func(l *reactor.Loop, path string, o transport.Options) (func(), error)
}{
	"stream": {unix.SOCK_STREAM, func(l *reactor.Loop, path string, o transport.Options) (func(), error) {
		ln, err := unixsock.Listen(l, at(path), o, func(transport.Conn) transport.Handler { return nil })
		if err != nil {
			return nil, err
		}
		return func() { ln.Close() }, nil
	}},
	"packets": {unix.SOCK_SEQPACKET, func(l *reactor.Loop, path string, o transport.Options) (func(), error) {
		ln, err := unixsock.Listen(l, packet(path), o, func(transport.Conn) transport.Handler { return nil })
		if err != nil {
			return nil, err
		}
		return func() { ln.Close() }, nil
	}},
	"datagram": {unix.SOCK_DGRAM, func(l *reactor.Loop, path string, o transport.Options) (func(), error) {
		c, err := unixsock.OpenGram(l, gram(path), address.Address{}, o, &transporttest.PacketRecorder{})
		if err != nil {
			return nil, err
		}
		return func() { c.Close() }, nil
	}},
}

func TestMode(t *testing.T) {
	old := unix.Umask(0o077)
	defer unix.Umask(old)
	tests := map[string]struct {
		mode, want fs.FileMode
	}{
		"default":           {0, 0o660},
		"private":           {0o600, 0o600},
		"open to all":       {0o666, 0o666},
		"not even readable": {0o200, 0o200},
	}
	for kind, b := range both {
		for name, tt := range tests {
			t.Run(kind+" "+name, func(t *testing.T) {
				w := transporttest.NewWorld(t)
				path := filepath.Join(t.TempDir(), "s")
				closer, err := b.open(w.Loop, path, transport.Options{Mode: tt.mode})
				require.NoError(t, err)
				info, err := os.Lstat(path)
				require.NoError(t, err)
				require.Equal(t, tt.want, info.Mode().Perm())
				closer()
				w.Idle()
				require.NoFileExists(t, path)
			})
		}
	}
}

func TestOwner(t *testing.T) {
	me, err := user.Current()
	require.NoError(t, err)
	group, err := user.LookupGroupId(me.Gid)
	require.NoError(t, err)
	tests := map[string]struct {
		owner, group string
		fails        string
	}{
		"numbers":       {me.Uid, me.Gid, ""},
		"names":         {me.Username, group.Name, ""},
		"unknown owner": {"nobody-has-this-name", "", "look up owner"},
		"unknown group": {"", "nobody-has-this-name", "look up group"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			path := filepath.Join(t.TempDir(), "s")
			closer, err := both["stream"].open(w.Loop, path, transport.Options{Owner: tt.owner, Group: tt.group})
			if tt.fails != "" {
				require.ErrorContains(t, err, tt.fails)
				require.NoFileExists(t, path)
				return
			}
			require.NoError(t, err)
			info, err := os.Lstat(path)
			require.NoError(t, err)
			st := info.Sys().(*syscall.Stat_t)
			require.Equal(t, me.Uid+":"+me.Gid, strconv.Itoa(int(st.Uid))+":"+strconv.Itoa(int(st.Gid)))
			closer()
			w.Idle()
		})
	}
}

func TestStaleFile(t *testing.T) {
	for name, b := range both {
		for other, left := range both {
			t.Run(name+" over stale "+other, func(t *testing.T) {
				w := transporttest.NewWorld(t)
				path := filepath.Join(t.TempDir(), "s")
				leaveStale(t, path, left.kind)
				closer, err := b.open(w.Loop, path, transport.Options{})
				require.NoError(t, err)
				closer()
				w.Idle()
			})
			t.Run(name+" over live "+other, func(t *testing.T) {
				w := transporttest.NewWorld(t)
				path := filepath.Join(t.TempDir(), "s")
				first, err := left.open(w.Loop, path, transport.Options{})
				require.NoError(t, err)
				_, err = b.open(w.Loop, path, transport.Options{})
				var live *unixsock.InUseError
				require.ErrorAs(t, err, &live)
				require.ErrorIs(t, err, syscall.EADDRINUSE)
				require.ErrorContains(t, err, "live process")
				require.FileExists(t, path)
				first()
				w.Idle()
			})
		}
		t.Run(name+" over something else", func(t *testing.T) {
			w := transporttest.NewWorld(t)
			path := filepath.Join(t.TempDir(), "precious")
			require.NoError(t, os.WriteFile(path, []byte("data"), 0o600))
			link := path + ".link"
			require.NoError(t, os.Symlink(path, link))
			for _, p := range []string{path, link} {
				_, err := b.open(w.Loop, p, transport.Options{})
				var other *unixsock.NotSocketError
				require.ErrorAs(t, err, &other)
				require.FileExists(t, p)
			}
		})
	}
	t.Run("abstract name in use", func(t *testing.T) {
		w := transporttest.NewWorld(t)
		name := names(t, "abstract")()
		first, err := both["stream"].open(w.Loop, name, transport.Options{})
		require.NoError(t, err)
		_, err = both["stream"].open(w.Loop, name, transport.Options{})
		var live *unixsock.InUseError
		require.ErrorAs(t, err, &live)
		first()
	})
}

// TestBornPrivate: at no time has a socket file more rights than it shall have.
func TestBornPrivate(t *testing.T) {
	old := unix.Umask(0)
	defer unix.Umask(old)
	for kind, b := range both {
		t.Run(kind, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			path := filepath.Join(t.TempDir(), "s")
			over, seen := make(chan bool), make(chan fs.FileMode)
			var looks atomic.Int64 // that found a file
			go func() {
				var all fs.FileMode
				for {
					select {
					case <-over:
						seen <- all
						return
					default:
						if info, err := os.Lstat(path); err == nil {
							all |= info.Mode().Perm()
							looks.Add(1)
						}
					}
				}
			}()
			for range 60 {
				before := looks.Load()
				closer, err := b.open(w.Loop, path, transport.Options{Mode: 0o600})
				require.NoError(t, err)
				w.Until("it is seen", func() bool { return looks.Load() > before })
				closer()
				w.Idle()
			}
			close(over)
			require.Equal(t, fs.FileMode(0o600), <-seen)
		})
	}
}

// TestOneStarterWins: of many that find the file of a process that is gone, one gets it, and the others leave that alone.
func TestOneStarterWins(t *testing.T) {
	for kind, b := range both {
		t.Run(kind, func(t *testing.T) {
			const starters = 8
			loops := make([]*reactor.Loop, starters)
			for i := range loops {
				var err error
				loops[i], err = reactor.New(reactor.Options{})
				require.NoError(t, err)
				defer loops[i].Close()
			}
			path := filepath.Join(t.TempDir(), "s")
			for range 50 {
				leaveStale(t, path, b.kind)
				closers, errs := make([]func(), starters), make([]error, starters)
				var ready, all sync.WaitGroup
				ready.Add(starters)
				for i := range loops {
					all.Go(func() {
						ready.Done()
						ready.Wait()
						closers[i], errs[i] = b.open(loops[i], path, transport.Options{})
					})
				}
				all.Wait()
				won := 0
				for i, err := range errs {
					if err == nil {
						won++
						defer closers[i]()
						continue
					}
					var live *unixsock.InUseError
					require.ErrorAs(t, err, &live)
				}
				require.Equal(t, 1, won)
				_, err := b.open(loops[0], path, transport.Options{})
				require.Error(t, err, "the file is that of the winner")
				require.NoError(t, os.Remove(path))
			}
		})
	}
}

// TestFolderLockedByOthers: whoever locks the folder delays us a little.
func TestFolderLockedByOthers(t *testing.T) {
	w := transporttest.NewWorld(t)
	dir := t.TempDir()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	require.NoError(t, unix.Flock(fd, unix.LOCK_EX))
	closer, err := both["stream"].open(w.Loop, filepath.Join(dir, "s"), transport.Options{})
	require.NoError(t, err)
	closer()
	w.Idle()
}

// TestCloseLeavesSuccessor: a file that another process put in place of ours
// is not ours to remove.
func TestCloseLeavesSuccessor(t *testing.T) {
	for name, b := range both {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			path := filepath.Join(t.TempDir(), "s")
			closer, err := b.open(w.Loop, path, transport.Options{})
			require.NoError(t, err)
			require.NoError(t, os.Remove(path))
			second, err := b.open(w.Loop, path, transport.Options{})
			require.NoError(t, err)
			closer()
			w.Loop.After(1, "", func() {})
			w.For(1)
			require.FileExists(t, path)
			second()
			w.Idle()
			require.NoFileExists(t, path)
		})
	}
}

func TestBadPaths(t *testing.T) {
	dir := t.TempDir()
	tests := map[string]struct {
		path string
		want error
	}{
		"too long":     {filepath.Join(dir, strings.Repeat("x", 108)), unix.ENAMETOOLONG},
		"no directory": {filepath.Join(dir, "none", "s"), unix.ENOENT},
		"NUL":          {"/tmp/a\x00b", unix.EINVAL},
	}
	for name, tt := range tests {
		for kind, b := range both {
			t.Run(kind+" "+name, func(t *testing.T) {
				w := transporttest.NewWorld(t)
				_, err := b.open(w.Loop, tt.path, transport.Options{})
				require.ErrorIs(t, err, tt.want)
				var op *transport.OpError
				require.ErrorAs(t, err, &op)
			})
		}
	}
}
