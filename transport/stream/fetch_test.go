package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/stream"
	"github.com/ed-toolbox/ed/transport/transporttest"
)

// crowd is connections to which something has come before the loop turns, so that all are ready in its first turn.
type crowd struct {
	w     *transporttest.World
	conns []*stream.Conn
	all   []*transporttest.Recorder
	peers []int
	last  []byte // what has come last
}

func newCrowd(t *testing.T, n int) *crowd {
	c := &crowd{w: transporttest.NewWorld(t)}
	for i := range n {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		require.NoError(t, err)
		r := &transporttest.Recorder{T: t, Name: fmt.Sprint(i)}
		conn, err := stream.New(c.w.Loop, fds[0], stream.Config{Options: transport.Options{Name: r.Name, LowMark: 1000}, Scheme: address.Unix}, r)
		require.NoError(t, err)
		c.send(t, fds[1], fmt.Sprint("hello ", i))
		c.conns, c.all, c.peers = append(c.conns, conn), append(c.all, r), append(c.peers, fds[1])
	}
	return c
}

func (c *crowd) send(t *testing.T, fd int, text string) {
	n, err := unix.Write(fd, []byte(text))
	require.NoError(t, err)
	require.Equal(t, len(text), n)
}

// end closes the peers and waits for what comes of it.
func (c *crowd) end(t *testing.T) {
	for _, fd := range c.peers {
		require.NoError(t, unix.Close(fd))
	}
	c.w.Idle()
	for _, r := range c.all {
		require.Equal(t, 1, r.Closed, r.Name)
	}
}

func (c *crowd) got() (texts []string) {
	for _, r := range c.all {
		texts = append(texts, string(r.Data))
	}
	return texts
}

// TestCallbacksOfACrowd: what has been fetched for a connection is handed to it once, whatever the callbacks of others do to it before.
func TestCallbacksOfACrowd(t *testing.T) {
	for name, tt := range map[string]struct {
		first func(c *crowd) // done when the first is called
		then  func(c *crowd) // done later
		lost  bool           // the third gets nothing
	}{
		"nothing": {},
		"pause and resume at once": {first: func(c *crowd) {
			c.conns[2].Pause()
			c.conns[2].Resume()
		}},
		"pause and resume later": {
			first: func(c *crowd) { c.conns[2].Pause() },
			then:  func(c *crowd) { c.conns[2].Resume() },
		},
		"pause and resume when drained": {
			first: func(c *crowd) {
				c.conns[2].Pause()
				c.all[2].Drain = func(conn transport.Conn) { conn.Resume() }
				require.NoError(c.w.T, c.conns[2].Write(make([]byte, 600<<10))) // more than the kernel takes
			},
			then: func(c *crowd) {
				c.w.Until("it is drained", func() bool {
					_, _ = unix.Read(c.peers[2], make([]byte, 1<<20))
					return c.all[2].Drained > 0
				})
			},
		},
		"append to what came": {first: func(c *crowd) { _ = append(c.last, "something else"...) }},
		"pause and close": {
			first: func(c *crowd) { c.conns[2].Pause() },
			then:  func(c *crowd) { require.NoError(c.w.T, c.conns[2].Close()) },
			lost:  true,
		},
		"abort":      {first: func(c *crowd) { c.conns[2].Abort(nil) }, lost: true},
		"close":      {first: func(c *crowd) { require.NoError(c.w.T, c.conns[2].Close()) }, lost: true},
		"half-close": {first: func(c *crowd) { require.NoError(c.w.T, c.conns[2].CloseWrite()) }},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(t, 6)
			order, want := "", []string{}
			for i, r := range c.all {
				want = append(want, fmt.Sprint("hello ", i))
				r.On = func(_ transport.Conn, p []byte) {
					c.last = p
					if order += r.Name; order == "0" && tt.first != nil {
						tt.first(c)
					}
				}
			}
			if tt.lost {
				want[2] = ""
			}
			c.w.Until("all others have got it", func() bool {
				return c.all[0].Received*c.all[1].Received*c.all[3].Received*c.all[4].Received*c.all[5].Received > 0
			})
			if tt.then != nil {
				require.Zero(t, c.all[2].Received)
				tt.then(c)
			}
			c.w.Until("it is over", func() bool { return c.all[2].Received+c.all[2].Closed > 0 })
			require.Equal(t, want, c.got())
			require.EqualValues(t, len("hello 2"), c.conns[2].Stats().BytesIn, "it was read, heard or not")
			if c.all[2].Closed == 0 {
				c.send(t, c.peers[2], " and more")
				c.w.Until("more comes", func() bool { return bytes.HasSuffix(c.all[2].Data, []byte(" more")) })
			}
			c.end(t)
		})
	}
}

// TestEndsInACrowd: an end of stream and an error that were fetched come to their connections as if they had been read then.
func TestEndsInACrowd(t *testing.T) {
	for _, paused := range []bool{false, true} {
		c := newCrowd(t, 5)
		c.w.Until("all have got it", func() bool { return c.all[4].Received > 0 })
		c.all[0].On = func(transport.Conn, []byte) {
			if paused {
				c.conns[2].Pause()
				c.conns[3].Pause()
			}
		}
		require.NoError(t, c.conns[3].Write([]byte("never read")))
		c.w.Until("it went", func() bool { return c.conns[3].Queued() == 0 })
		for i, fd := range c.peers {
			if i != 2 && i != 3 {
				c.send(t, fd, "!")
			}
		}
		require.NoError(t, unix.Shutdown(c.peers[2], unix.SHUT_WR))
		require.NoError(t, unix.Close(c.peers[3])) // with something unread: the other end hears of a reset
		c.peers = slices.Delete(c.peers, 3, 4)
		c.w.Until("the first is called", func() bool { return c.all[0].Received == len("hello 0!") })
		if paused {
			require.Zero(t, c.all[2].Closed+c.all[3].Closed)
			c.conns[2].Resume()
			c.conns[3].Resume()
		}
		c.w.Until("both have ended", func() bool { return c.all[2].Closed == 1 && c.all[3].Closed == 1 })
		require.NoError(t, c.all[2].Err)
		require.ErrorIs(t, c.all[3].Err, unix.ECONNRESET)
		c.end(t)
	}
}

// TestBrokenInACrowd: a connection that is paused ends when its writing fails and there is nothing left for it but the end that was
// fetched.
func TestBrokenInACrowd(t *testing.T) {
	c := newCrowd(t, 3)
	c.w.Until("all have got it", func() bool { return c.all[2].Received > 0 })
	c.all[0].On = func(transport.Conn, []byte) {
		c.conns[1].Pause()
		require.NoError(t, c.conns[1].Write([]byte("never read")))
	}
	c.send(t, c.peers[0], "!")
	require.NoError(t, unix.Close(c.peers[1]))
	c.peers = slices.Delete(c.peers, 1, 2)
	c.w.Until("it has ended", func() bool { return c.all[1].Closed > 0 })
	require.ErrorIs(t, c.all[1].Err, unix.EPIPE)
	c.end(t)
}

// TestNothingIsKeptOfACrowd: the loop does not keep connections that have ended, nor they what was fetched for them.
func TestNothingIsKeptOfACrowd(t *testing.T) {
	c := newCrowd(t, 6)
	c.all[0].On = func(transport.Conn, []byte) { c.conns[4].Pause() }
	c.all[3].On = func(conn transport.Conn, _ []byte) { require.NoError(t, conn.Write([]byte("answer"))) }
	c.w.Until("all have got it", func() bool { return c.all[5].Received > 0 })
	require.Zero(t, c.all[4].Received)
	require.NoError(t, c.conns[4].Close())
	c.end(t)
	var left []weak.Pointer[stream.Conn]
	for _, conn := range c.conns {
		left = append(left, weak.Make(conn))
	}
	w := c.w
	c = nil
	runtime.GC()
	for i, p := range left {
		require.Nil(t, p.Value(), i)
	}
	w.Idle()
}

// ender is a reactor.Ender.
type ender func()

func (f ender) OnTurnEnd() { f() }

// TestRunAfterGoexit: where a callback has ended the goroutine of Run, the next Run goes on with what was fetched and what was written.
func TestRunAfterGoexit(t *testing.T) {
	for name, exit := range map[string]func(c *crowd){
		"while others wait for what was fetched": func(*crowd) { runtime.Goexit() },
		"while others wait to be sent":           func(c *crowd) { c.w.Loop.Later(ender(runtime.Goexit)) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(t, 6)
			var want []string
			exited := false
			for i, r := range c.all {
				want = append(want, fmt.Sprint("hello ", i))
				r.On = func(conn transport.Conn, p []byte) {
					if i == 1 && !exited {
						exited = true
						exit(c)
					}
					require.NoError(t, conn.Write(p))
				}
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				_ = c.w.Loop.Run(context.Background())
			}()
			<-done
			require.True(t, exited)
			c.w.Until("the last has got and sent it", func() bool { return c.conns[5].Stats().Writes > 0 })
			require.Equal(t, want, c.got())
			c.send(t, c.peers[5], "!")
			c.send(t, c.peers[4], "!")
			c.w.Until("more comes and goes", func() bool { return c.conns[5].Stats().Writes > 1 })
			answer := make([]byte, 100)
			n, err := unix.Read(c.peers[5], answer)
			require.NoError(t, err)
			require.Equal(t, "hello 5!", string(answer[:n]))
			c.end(t)
		})
	}
}

// TestPanicInACrowd: the others get what was fetched for them.
func TestPanicInACrowd(t *testing.T) {
	c := newCrowd(t, 5)
	c.all[1].On = func(transport.Conn, []byte) { panic("oops") }
	c.w.Until("all have got it", func() bool { return c.all[4].Received > 0 })
	require.Equal(t, 1, c.all[1].Closed)
	require.Equal(t, []string{"hello 0", "hello 1", "hello 2", "hello 3", "hello 4"}, c.got())
	c.end(t)
}

// TestLargeCrowd: more comes than is fetched at a time, again and again, and those that end leave nothing that is in the way.
func TestLargeCrowd(t *testing.T) {
	const text = 300
	c := newCrowd(t, 200)
	for i, fd := range c.peers {
		if i%3 > 0 {
			c.send(t, fd, string(bytes.Repeat([]byte{'a' + byte(i%26)}, text*(1+i%40))))
		}
	}
	c.all[0].On = func(transport.Conn, []byte) {
		for i := 60; i < 80; i++ {
			c.conns[i].Abort(nil)
		}
	}
	done := func() bool {
		for i, r := range c.all {
			if want := len(fmt.Sprint("hello ", i)) + min(i%3, 1)*text*(1+i%40); r.Received < want && (i < 60 || i >= 80) {
				return false
			}
		}
		return true
	}
	for range 3 {
		c.w.Until("all have got all", done)
		for i, r := range c.all {
			if i >= 60 && i < 80 {
				require.Zero(t, r.Received)
				continue
			}
			want := append([]byte(fmt.Sprint("hello ", i)), bytes.Repeat([]byte{'a' + byte(i%26)}, min(i%3, 1)*text*(1+i%40))...)
			require.Equal(t, string(want), string(r.Data))
			r.Data, r.Received = nil, 0
			c.send(t, c.peers[i], string(want))
		}
	}
	c.end(t)
}
