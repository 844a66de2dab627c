package control_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/control"
)

// named starts a service whose control socket stands in dir.
func named(t *testing.T, dir, name string) *service {
	return startService(t, func(o *control.Options) {
		o.Name, o.Path = name, filepath.Join(dir, fmt.Sprintf("%s.%d.sock", name, os.Getpid()))
	})
}

// follow begins to follow; items come by next.
func follow(t *testing.T, targets ...string) (feed *control.Feed, next func() control.Followed) {
	return followWithin(t, time.Millisecond, targets...)
}

// followWithin is follow with so much time for records of several services to come together.
func followWithin(t *testing.T, window time.Duration, targets ...string) (feed *control.Feed, next func() control.Followed) {
	feed = control.Follow(t.Context(), control.FollowOptions{Targets: targets, Window: window, Rescan: time.Millisecond})
	t.Cleanup(feed.Close)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return feed, func() control.Followed {
		t.Helper()
		i, err := feed.Next(ctx)
		require.NoError(t, err)
		return i
	}
}

func TestFollowManyInTheOrderOfTime(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	a, b := named(t, dir, "alpha"), named(t, dir, "beta")
	for window := time.Millisecond; !inOrder(t, window, a, b); window *= 4 { // a busy machine needs more
		require.Less(t, window, 10*time.Second)
	}
}

// inOrder says whether records of both came in the order of time.
func inOrder(t *testing.T, window time.Duration, a, b *service) bool {
	feed, next := followWithin(t, window)
	defer feed.Close()
	require.Equal(t, control.Attached, next().State)
	require.Equal(t, control.Attached, next().State)
	require.Len(t, feed.Attached(), 2)
	toA, toB := a.client(), b.client()
	for range 20 {
		a.echo(toA, "ECHO from=a")
		b.echo(toB, "ECHO from=b")
	}
	var last time.Duration
	var names []string
	for range 80 {
		item := next()
		require.NotNil(t, item.Record, "%+v", item)
		if item.Record.Mono <= last {
			return false
		}
		last = item.Record.Mono
		names = append(names, item.From.Name)
		require.Equal(t, os.Getpid(), item.From.PID)
	}
	require.Equal(t, slices.Repeat([]string{"alpha", "alpha", "beta", "beta"}, 20), names)
	return true
}

func TestFollowedServiceIsKilledAndStartedAgain(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	named(t, dir, "other")
	_, next := follow(t, "echo")
	s := named(t, dir, "echo")
	item := next()
	require.Equal(t, control.Attached, item.State)
	require.Zero(t, item.Gap)
	s.echo(s.client(), "ECHO")
	require.NotNil(t, next().Record)
	require.NotNil(t, next().Record)
	s.stop()
	item = next()
	require.Equal(t, control.Detached, item.State)
	require.NoError(t, item.Err, "it ended in good order")
	again := named(t, dir, "echo")
	item = next()
	require.Equal(t, control.Attached, item.State)
	require.Positive(t, item.Gap)
	require.Equal(t, "echo", item.From.Name)
	again.echo(again.client(), "ECHO")
	require.NotNil(t, next().Record)
}

// The name of a socket's file was given to it by who owns the folder: what the process says of itself does not count then.
func TestFollowWhoSaysAnotherName(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	startService(t, func(o *control.Options) {
		o.Name, o.Path = "liar", filepath.Join(dir, fmt.Sprintf("honest.%d.sock", os.Getpid()))
	})
	_, next := follow(t)
	require.Equal(t, "honest", next().From.Name)
}

// The name of a process whose socket has none is what it says of itself. That its socket is gone while it is away is no news.
func TestFollowASocketWithoutName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plain.sock")
	start := func() *service { return startService(t, func(o *control.Options) { o.Path = path }) }
	s := start()
	feed, next := follow(t, path)
	item := next()
	require.Equal(t, control.Attached, item.State, "%v", item.Err)
	require.Equal(t, "echo", item.From.Name)
	require.Equal(t, os.Getpid(), item.From.PID)
	require.Zero(t, item.Gap)
	require.Equal(t, fmt.Sprintf("echo.%d", os.Getpid()), feed.Attached()[0].String())
	s.stop()
	item = next()
	require.Equal(t, control.Detached, item.State)
	require.Equal(t, "echo", item.From.Name)
	require.Eventually(t, func() bool { return control.RefusedSockets(feed) == 1 }, patience, time.Millisecond)
	start()
	item = next()
	require.Equal(t, control.Attached, item.State, "%v", item.Err)
	require.Positive(t, item.Gap)
}

func TestFollowWhatIsNoControlSocket(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.sock")
	_, next := follow(t, path)
	item := next()
	require.Equal(t, control.Refused, item.State)
	require.ErrorContains(t, item.Err, "no such file")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "UNKNOWN command=WATCH\n")
			_, _ = io.Copy(io.Discard, c)
			c.Close()
		}
	}()
	item = next()
	require.Equal(t, control.Refused, item.State)
	require.True(t, control.IsRefused(item.Err), "%v", item.Err)
	require.NoError(t, l.Close())
	<-done
}

// What was let go of at the end is not watched again, though there was a look for services at the same moment.
func TestFinishWhileLooking(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	named(t, dir, "echo")
	for range 100 {
		feed, next := follow(t)
		require.Equal(t, control.Attached, next().State)
		feed.Finish()
		for item := range feed.C() {
			require.NotEqual(t, control.Attached, item.State, "%+v", item)
		}
		feed.Close()
	}
}

func TestFeedEnds(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	s := named(t, dir, "echo")
	ctx, cancel := context.WithCancel(context.Background())
	feed := control.Follow(ctx, control.FollowOptions{Watch: inspect.WatchOptions{Rate: -1}})
	_, err := feed.Next(s.ctx())
	require.NoError(t, err)
	cancel()
	feed.Close()
	_, err = feed.Next(s.ctx())
	require.ErrorIs(t, err, io.EOF)
	s.eventually("the watch has ended", func() bool { return !s.commands.Traced() })
	ctx, cancel = context.WithCancel(context.Background())
	cancel()
	_, err = control.Follow(t.Context(), control.FollowOptions{Targets: []string{"none"}}).Next(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

// Who does not read the feed is told what was lost, and the service does not wait for it.
func TestFeedThatIsNotRead(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	s := named(t, dir, "echo")
	feed := control.Follow(t.Context(), control.FollowOptions{Watch: inspect.WatchOptions{Rate: -1, Queue: 4096}})
	t.Cleanup(feed.Close)
	_, err := feed.Next(s.ctx())
	require.NoError(t, err)
	b := s.client()
	pad := fmt.Sprintf("ECHO pad=%04000d", 1)
	lost := func() (n uint64) {
		s.on(func() { n = s.control.Tracer().Watchers()[0].Stats().Dropped.Slow })
		return n
	}
	for sent := 0; lost() == 0; sent++ {
		require.Less(t, sent, 20_000)
		s.echo(b, pad)
	}
	for {
		item, err := feed.Next(s.ctx())
		require.NoError(t, err)
		if item.Lost != nil {
			require.Positive(t, item.Lost.Slow)
			return
		}
	}
}

func TestFindTargets(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	named(t, dir, "alpha")
	named(t, dir, "beta")
	require.NoError(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("file.%d.sock", os.Getpid())), nil, 0o600))
	nobody, err := net.Listen("unix", filepath.Join(dir, "nobody.sock"))
	require.NoError(t, err)
	defer nobody.Close()
	found, missing := control.Find(nil)
	require.Len(t, found, 2)
	require.Empty(t, missing)
	found, missing = control.Find([]string{"beta", "gamma", fmt.Sprint(os.Getpid()), "unix:/x/y.1.sock", "tcp://127.0.0.1:1"})
	require.Equal(t, []string{"gamma"}, missing)
	var names []string
	for _, s := range found {
		names = append(names, s.Name)
	}
	require.Equal(t, []string{"beta", "alpha", "y", ""}, names)
	require.Equal(t, "tcp://127.0.0.1:1", found[3].String())
	require.Equal(t, "y.1", found[2].String())
}

// Who answers but for its name, and hangs up, cannot be watched.
func TestFollowWhoHasNoName(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.sock")
	l, err := net.Listen("unix", path)
	require.NoError(t, err)
	defer l.Close()
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			b := make([]byte, 1000)
			n, _ := c.Read(b)
			if m, err := message.Parse(b[:n-1]); err == nil {
				_, _ = fmt.Fprintf(c, "%s\n", m.Reply("WATCHING").SetUint("watch", 1).Set("serial", "1"))
			}
			c.Close()
		}
	}()
	_, next := follow(t, path)
	item := next()
	require.Equal(t, control.Refused, item.State)
	require.ErrorContains(t, item.Err, "name")
}

// What has no time of its own comes behind the last record of its process, and nothing is kept of a process that has gone.
func TestOrderOfWhatHasNoTime(t *testing.T) {
	latest := map[address.Address]int64{}
	from := control.Socket{Addr: address.FromUnix(address.Unix, "/x.1.sock")}
	when := func(i control.Followed) int64 {
		i.From = from
		return control.When(i, latest)
	}
	require.Zero(t, when(control.Followed{State: control.Attached}))
	require.EqualValues(t, 7, when(control.Followed{Record: &inspect.Record{Mono: 7}}))
	require.EqualValues(t, 5, when(control.Followed{Record: &inspect.Record{Mono: 5}}))
	require.EqualValues(t, 7, when(control.Followed{Lost: &control.Loss{}}))
	require.EqualValues(t, 7, when(control.Followed{State: control.Detached}))
	require.Empty(t, latest)
}

// The monotonic times of two machines say nothing about each other.
func TestWhichClockOrdersTheRecords(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	for targets, local := range map[string]bool{"": true, "echo": true, "/x.1.sock": true, "tcp://127.0.0.1:1": false, "echo tcp://127.0.0.1:1": false} {
		feed := control.Follow(t.Context(), control.FollowOptions{Targets: strings.Fields(targets)})
		feed.Close()
		require.Equal(t, local, control.Local(feed), targets)
	}
}

// A process that could not be watched is forgotten when its socket is gone.
func TestFeedForgetsWhomItCannotWatch(t *testing.T) {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	rude, err := net.Listen("unix", filepath.Join(dir, fmt.Sprintf("rude.%d.sock", os.Getpid())))
	require.NoError(t, err)
	done := make(chan struct{})
	go func() { // it hangs up on everybody
		defer close(done)
		for conn, err := rude.Accept(); err == nil; conn, err = rude.Accept() {
			_ = conn.Close()
		}
	}()
	feed := control.Follow(t.Context(), control.FollowOptions{Rescan: time.Millisecond})
	defer feed.Close()
	require.Eventually(t, func() bool { return control.RefusedSockets(feed) == 1 }, patience, time.Millisecond)
	require.NoError(t, rude.Close())
	<-done
	require.Eventually(t, func() bool { return control.RefusedSockets(feed) == 0 }, patience, time.Millisecond)
}

// What happened until Finish comes or is told as lost, of each service; then the feed ends.
func TestFeedFinishes(t *testing.T) {
	for name, queue := range map[string]int{"short queue": 100, "long queue": 8 << 20} {
		t.Run(name, func(t *testing.T) { testFeedFinishes(t, queue) })
	}
}

func testFeedFinishes(t *testing.T, queue int) {
	dir := t.TempDir()
	t.Setenv(control.DirVariable, dir)
	services := []*service{named(t, dir, "alpha"), named(t, dir, "beta")}
	feed := control.Follow(t.Context(), control.FollowOptions{Window: time.Hour, Watch: inspect.WatchOptions{Queue: queue, Rate: -1}})
	defer feed.Close()
	for _, s := range services {
		s.eventually("it is watched", func() bool { return len(s.control.Tracer().Watchers()) == 1 })
	}
	const each = 5000
	for _, s := range services {
		s.on(func() {
			m := message.New("LOG_ROTATE")
			for range each {
				s.commands.Dispatch(nil, m)
			}
		})
	}
	feed.Finish()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	came, lost, told := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
	for {
		i, err := feed.Next(ctx)
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
		require.True(t, i.Record != nil || i.Lost != nil || i.State != control.None, "%+v", i)
		require.WithinDuration(t, time.Now(), i.At, patience)
		if i.Record != nil {
			came[i.From.Name]++
		}
		if i.Lost != nil {
			came[i.From.Name] += i.Lost.Sum()
			lost[i.From.Name] += i.Lost.Sum()
			told[i.From.Name] = i.Lost.Total
		}
	}
	require.Equal(t, lost, told, "the last note has the total")
	require.Equal(t, map[string]uint64{"alpha": each, "beta": each}, came)
	require.True(t, feed.Whole())
}
