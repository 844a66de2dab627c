package stream_test

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/stream"
	"github.com/ed-toolbox/ed/transport/transporttest"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// pair makes two connected connections of a socket pair.
func pair(t testing.TB, l *reactor.Loop, o transport.Options, a, b transport.Handler) (ca, cb *stream.Conn) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	cfg := stream.Config{Options: o, Scheme: address.Unix}
	ca, err = stream.New(l, fds[0], cfg, a)
	require.NoError(t, err)
	cb, err = stream.New(l, fds[1], cfg, b)
	require.NoError(t, err)
	return ca, cb
}

func TestSocketPair(t *testing.T) {
	w := transporttest.NewWorld(t)
	a, b := &transporttest.Recorder{T: t, Name: "a"}, &transporttest.Recorder{T: t, Name: "b"}
	ca, _ := pair(t, w.Loop, transport.Options{}, a, b)
	b.On = func(c transport.Conn, p []byte) { require.NoError(t, c.Write(p)) }
	require.NoError(t, ca.Write([]byte("x")))
	require.Zero(t, a.Opened, "OnOpen never comes from inside New")
	w.Until("the echo comes", func() bool { return a.Received == 1 })
	require.NoError(t, ca.Close())
	w.Idle()
	require.Equal(t, 1, a.Closed+b.Closed-1)
	require.NoError(t, b.Err)
}

// TestLocalWithoutAName: an address that the system does not tell in the scheme's form is what the medium calls it.
func TestLocalWithoutAName(t *testing.T) {
	w := transporttest.NewWorld(t)
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	here := address.Address{Scheme: address.FIFO, Path: "/here"}
	c, err := stream.New(w.Loop, fds[0], stream.Config{Scheme: address.FIFO, Local: here}, &transporttest.Recorder{T: t, Name: "c"})
	require.NoError(t, err)
	require.Equal(t, here, c.Local())
	require.NoError(t, unix.Close(fds[1]))
	w.Idle()
	require.Equal(t, here, c.Local())
}

// TestSlowReader: a peer that has half-closed gets all its replies, however
// slowly it reads, while one that stops reading does not hold us for ever.
func TestSlowReader(t *testing.T) {
	for name, stopAt := range map[string]int{"slow": replySize, "stopped": replySize / 4} {
		t.Run(name, func(t *testing.T) {
			pause := 20 * time.Millisecond
			for !readSlowly(t, stopAt, pause) { // a machine that holds us up for so long makes any reader too slow
				pause *= 2
				require.Less(t, pause, time.Second, "a slow reader gets all")
			}
		})
	}
}

const replySize = 4 << 20

// readSlowly reads a reply with pauses, up to stopAt. It is false if we were held up meanwhile.
func readSlowly(t *testing.T, stopAt int, pause time.Duration) bool {
	w := transporttest.NewWorld(t)
	o := transport.Options{HighMark: replySize, CloseTimeout: 20 * pause}
	client, server := &transporttest.Recorder{T: t, Name: "client", Discard: true}, &transporttest.Recorder{T: t, Name: "server"}
	last, held := time.Now(), time.Duration(0)
	client.On = func(c transport.Conn, _ []byte) {
		held, last = max(held, time.Since(last)), time.Now()
		c.Pause()
		if client.Received <= stopAt {
			w.Loop.After(pause, "read on", c.Resume)
		}
	}
	server.On = func(c transport.Conn, _ []byte) { require.NoError(t, c.Write(make([]byte, replySize))) }
	c, _ := pair(t, w.Loop, o, client, server)
	require.NoError(t, c.Write([]byte("all of it, please")))
	require.NoError(t, c.CloseWrite())
	w.Until("the server closes", func() bool { return server.Closed == 1 })
	held = max(held, time.Since(last))
	c.Resume()
	client.On = nil
	w.Idle()
	if stopAt < replySize {
		require.ErrorIs(t, server.Err, transport.ErrTimeout)
		require.Less(t, client.Received, replySize)
		return true
	}
	if server.Err != nil && held > o.CloseTimeout/2 {
		return false
	}
	require.NoError(t, server.Err)
	require.Equal(t, replySize, client.Received)
	return true
}

// TestLingerSaysGoodbye: a peer that is still talking is heard out for a while, and sees our end of stream meanwhile: else it would
// not know that it has been enough.
func TestLingerSaysGoodbye(t *testing.T) {
	w := transporttest.NewWorld(t)
	a, b := &transporttest.Recorder{T: t, Name: "a"}, &transporttest.HalfRecorder{Recorder: transporttest.Recorder{T: t, Name: "b"}}
	a.On = func(c transport.Conn, _ []byte) {
		c.Pause()
		c.Close()
	}
	_, cb := pair(t, w.Loop, transport.Options{ReadBudget: 10}, a, b)
	require.NoError(t, cb.Write(make([]byte, 1000))) // most of it is unread at our Close
	w.Until("the peer sees our end", func() bool { return b.EOFs == 1 })
	require.Zero(t, a.Closed, "while we listen")
	require.NoError(t, cb.Close())
	w.Idle()
	require.NoError(t, a.Err)
	require.NoError(t, b.Err)
}

// left makes a connection whose peer said something and went.
func left(w *transporttest.World, h *transporttest.Recorder, words string) *stream.Conn {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(h.T, err)
	c, err := stream.New(w.Loop, fds[0], stream.Config{Scheme: address.Unix}, h)
	require.NoError(h.T, err)
	w.Until("it opens", func() bool { return h.Opened == 1 })
	_, err = unix.Write(fds[1], []byte(words))
	require.NoError(h.T, err)
	require.NoError(h.T, unix.Close(fds[1]))
	return c
}

// TestPauseAfterBrokenWrite: a handler that pauses waits for OnDrain, which
// will not come from a peer that is gone.
func TestPauseAfterBrokenWrite(t *testing.T) {
	for name, do := range map[string]func(c transport.Conn){
		"pause":      transport.Conn.Pause,
		"close":      func(c transport.Conn) { c.Close() },
		"half-close": func(c transport.Conn) { c.CloseWrite() },
		"read on":    func(transport.Conn) {},
	} {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			h := &transporttest.Recorder{T: t, Name: "ours"}
			c := left(w, h, "last words")
			h.On = func(c transport.Conn, _ []byte) {
				require.False(t, c.Congested(), "or a link would wait for OnDrain")
				require.ErrorIs(t, c.Write([]byte("x")), transport.ErrClosed)
				do(c)
			}
			require.ErrorIs(t, c.Write(make([]byte, 100_000)), transport.ErrClosed, "large enough to go out at once")
			w.Idle()
			require.Equal(t, "last words", string(h.Data))
			require.ErrorIs(t, h.Err, unix.EPIPE)
		})
	}
}

// TestPauseOutsideAfterBrokenWrite: where a callback of something else pauses, what the peer sent waits for Resume; then
// comes the end. Without anything to wait for it comes at once.
func TestPauseOutsideAfterBrokenWrite(t *testing.T) {
	tests := map[string]struct {
		words string
		do    func(c transport.Conn)
		hears string
	}{
		"resumed":          {"unread", transport.Conn.Resume, "unread"},
		"closed":           {"unread", func(c transport.Conn) { c.Close() }, ""},
		"aborted":          {"unread", func(c transport.Conn) { c.Abort(unix.EPIPE) }, ""},
		"nothing to hear":  {"", nil, ""},
		"more than a read": {strings.Repeat("unread ", 20_000), transport.Conn.Resume, strings.Repeat("unread ", 20_000)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := transporttest.NewWorld(t)
			h := &transporttest.Recorder{T: t, Name: "ours"}
			c := left(w, h, tt.words)
			require.ErrorIs(t, c.Write(make([]byte, 100_000)), transport.ErrClosed, "large enough to go out at once")
			c.Pause()
			if tt.do != nil {
				w.For(5 * time.Millisecond)
				require.Zero(t, h.Received+h.Closed)
				tt.do(c)
			}
			w.Idle()
			require.Equal(t, tt.hears, string(h.Data))
			require.ErrorIs(t, h.Err, unix.EPIPE)
		})
	}
}

// TestBrokenWhileCongested: a handler that paused until its queue is short hears of that when the queue is gone, and then
// what the peer had sent.
func TestBrokenWhileCongested(t *testing.T) {
	w := transporttest.NewWorld(t)
	a, b := &transporttest.Recorder{T: t, Name: "a"}, &transporttest.Recorder{T: t, Name: "b"}
	ca, cb := pair(t, w.Loop, transport.Options{HighMark: 1 << 20}, a, b)
	cb.Pause()
	a.Drain = transport.Conn.Resume
	w.Until("both open", func() bool { return a.Opened+b.Opened == 2 })
	require.NoError(t, ca.Write(make([]byte, 1<<20)))
	require.True(t, ca.Congested())
	ca.Pause()
	require.NoError(t, cb.Write([]byte("last words")))
	w.Until("they wait in the kernel", func() bool { return cb.Stats().BytesOut == 10 })
	cb.Abort(nil)
	w.Idle()
	require.Equal(t, "last words", string(a.Data))
	require.Equal(t, 1, a.Drained)
	require.Error(t, a.Err)
}

// TestPipe: a descriptor that is no socket and has one direction only.
func TestPipe(t *testing.T) {
	w := transporttest.NewWorld(t)
	var fds [2]int
	require.NoError(t, unix.Pipe2(fds[:], unix.O_NONBLOCK|unix.O_CLOEXEC))
	r, wr := &transporttest.Recorder{T: t, Name: "reader", Discard: true}, &transporttest.Recorder{T: t, Name: "writer"}
	_, err := stream.New(w.Loop, fds[0], stream.Config{Plain: true}, r)
	require.NoError(t, err)
	out, err := stream.New(w.Loop, fds[1], stream.Config{Plain: true}, wr)
	require.NoError(t, err)
	out.Pause() // nothing can be read from this end
	require.NoError(t, out.Write(make([]byte, 500_000)))
	require.NoError(t, out.Close())
	w.Idle()
	require.Equal(t, 500_000, r.Received)
	require.NoError(t, r.Err)
	require.NoError(t, wr.Err)
}

func TestBadDescriptor(t *testing.T) {
	w := transporttest.NewWorld(t)
	_, err := stream.New(w.Loop, -1, stream.Config{}, &transporttest.Recorder{T: t})
	require.ErrorIs(t, err, unix.EBADF)
	_, err = stream.Listen(w.Loop, -1, stream.Config{}, nil)
	require.ErrorIs(t, err, unix.EBADF)
}

// TestDialInTurn: several targets are tried until one answers, and a full
// backlog is tried again.
func TestDialInTurn(t *testing.T) {
	w := transporttest.NewWorld(t)
	a := func(name string) address.Address { return address.FromUnix(address.Unix, name) }
	h := &transporttest.Recorder{T: t, Name: "client"}
	var fds [2]int
	tries := 0
	c := stream.Dial(w.Loop, stream.Config{Scheme: address.Unix, Remote: a("/name")}, h,
		stream.Target{Addr: a("/refused"), Open: func() (int, error) { return -1, unix.ECONNREFUSED }},
		stream.Target{Addr: a("/busy"), Open: func() (int, error) {
			if tries++; tries < 4 {
				return -1, unix.EAGAIN
			}
			var err error
			fds, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			return fds[0], err
		}},
		stream.Target{Addr: a("/never"), Open: func() (int, error) { panic("tried after one that answered") }})
	require.Equal(t, a("/name"), c.Remote())
	w.Until("it opens", func() bool { return h.Opened == 1 })
	require.Equal(t, a("/busy"), c.Remote())
	require.Equal(t, 4, tries)
	require.NoError(t, unix.Close(fds[1]))
	w.Idle()
	require.NoError(t, h.Err)
}

func TestDialAllFail(t *testing.T) {
	w := transporttest.NewWorld(t)
	a := func(name string) address.Address { return address.FromUnix(address.Unix, name) }
	fail := func(name string, err error) stream.Target {
		return stream.Target{Addr: a(name), Open: func() (int, error) { return -1, err }}
	}
	tests := map[string]struct {
		targets []stream.Target
		want    string
		is      []error
	}{
		"none": {nil, "connect unix:/name: no address to try", nil},
		"one":  {[]stream.Target{fail("/a", unix.ENOENT)}, "connect unix:/a: no such file or directory", []error{unix.ENOENT}},
		"two": {[]stream.Target{fail("/a", unix.ENOENT), fail("/b", unix.ECONNREFUSED)},
			"connect unix:/name: connect unix:/a: no such file or directory; connect unix:/b: connection refused",
			[]error{unix.ENOENT, unix.ECONNREFUSED}},
		"busy to the end": {[]stream.Target{fail("/a", unix.EAGAIN)}, "connect unix:/a: timed out", []error{transport.ErrTimeout}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := &transporttest.Recorder{T: t, Name: "client"}
			cfg := stream.Config{Scheme: address.Unix, Remote: a("/name"), Options: transport.Options{ConnectTimeout: 20 * time.Millisecond}}
			stream.Dial(w.Loop, cfg, h, tt.targets...)
			w.Idle()
			require.EqualError(t, h.Err, tt.want)
			for _, err := range tt.is {
				require.ErrorIs(t, h.Err, err)
			}
		})
	}
}

// TestIdleMemory: an idle accepted connection holds its record and its place in
// the loop, and no buffer, whatever it has carried.
func TestIdleMemory(t *testing.T) {
	const limit = 400
	n := transporttest.Room(t, 2000, 2) / 20 * 10
	w := transporttest.NewWorld(t)
	h := &idle{}
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	name := &unix.SockaddrUnix{Name: "@ed-test-idle-memory-" + strconv.Itoa(os.Getpid())}
	require.NoError(t, unix.Bind(fd, name))
	require.NoError(t, unix.Listen(fd, 16))
	ln, err := stream.Listen(w.Loop, fd, stream.Config{Scheme: address.Unix}, func(c transport.Conn) transport.Handler {
		h.conns = append(h.conns, c)
		return h
	})
	require.NoError(t, err)
	h.conns = make([]transport.Conn, 0, 2*n)
	var peers []int
	round := func() {
		for range n / 10 {
			for range 10 {
				peer, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
				require.NoError(t, err)
				require.NoError(t, unix.Connect(peer, name))
				_, err = unix.Write(peer, make([]byte, 10_000))
				require.NoError(t, err)
				peers = append(peers, peer)
			}
			w.Until("all is carried", func() bool { return h.got == len(peers)*10_000 })
		}
	}
	round() // what grows once has grown now
	before := heap()
	round()
	each := float64(heap()-before) / float64(n)
	t.Logf("%.0f bytes for each idle connection", each)
	require.Less(t, each, float64(limit))
	for i, c := range h.conns {
		c.Abort(nil)
		require.NoError(t, unix.Close(peers[i]))
	}
	require.NoError(t, ln.Close())
	w.Idle()
}

type idle struct {
	got   int
	conns []transport.Conn
}

func (h *idle) OnOpen(transport.Conn)             {}
func (h *idle) OnData(_ transport.Conn, p []byte) { h.got += len(p) }
func (h *idle) OnDrain(transport.Conn)            {}
func (h *idle) OnClose(transport.Conn, error)     {}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
