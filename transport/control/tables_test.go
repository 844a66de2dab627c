package control_test

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/control"
	"github.com/ed-toolbox/ed/transport/link"
	"github.com/ed-toolbox/ed/transport/open"
)

// rows are those of a table, the values of some of its columns with a space between them: "-" where one is not known.
func rows(sheet *inspect.Sheet, columns ...string) (all []string) {
	for row := range sheet.Rows {
		var cells []string
		for _, name := range columns {
			value := sheet.Value(row, name)
			if value == "" {
				value = "-"
			}
			cells = append(cells, value)
		}
		all = append(all, strings.Join(cells, " "))
	}
	return all
}

// seconds is the value of a column with a length of time.
func seconds(t *testing.T, sheet *inspect.Sheet, row int, column string) time.Duration {
	t.Helper()
	d, ok := sheet.Columns[sheet.Column(column)].Duration(sheet.Value(row, column))
	require.True(t, ok, "%s: %q", column, sheet.Value(row, column))
	return d
}

// absent connects to nobody.
func absent(l *reactor.Loop, h transport.Handler) (transport.Conn, error) {
	return open.Dial(l, address.FromUnix(address.Unix, "/nonexistent/s"), transport.Options{}, h)
}

// What waits is shown with its place: that of connections, of links that last, and of those who watch.
func TestWhatWaits(t *testing.T) {
	s := startService(t, nil)
	var p *link.Permanent
	var err error
	s.on(func() {
		o := link.PermanentOptions{Queue: link.Queue{Messages: 3, DropOldest: true}, CloseTimeout: time.Nanosecond}
		o.MinPause = time.Hour
		if p, err = link.NewPermanent(s.loop, absent, o); err == nil {
			s.control.AddPermanent("up", p)
			for range 5 {
				_ = p.Send(message.New("A"))
			}
		}
	})
	require.NoError(t, err)
	defer s.on(func() { p.Close() })
	s.eventually("it waits", func() bool { return p.Status().State == link.Waiting })
	s.crowd(1)
	c := s.visit()
	_, err = c.Watch(s.ctx(), inspect.WatchOptions{Filter: []string{"LOG_ROTATE,direction=in", "ECHO,outcome=failed"}, Rate: 1, Queue: 4000})
	require.NoError(t, err)
	var v *inspect.Watcher
	s.on(func() {
		for range 4 {
			s.commands.Dispatch(nil, message.New("LOG_ROTATE"))
		}
		v, err = s.control.Tracer().Watch(inspect.WatchOptions{})
		for l := range s.server.Links() { // it does not read
			for range 1000 {
				_ = l.Send(message.New("FILL").Set("pad", strings.Repeat("x", 1000)))
			}
		}
	})
	require.NoError(t, err)
	_, err = c.Next(s.ctx())
	require.NoError(t, err)
	sheets, err := c.Inspect(s.ctx(), "queues", "watches", "connections", "process")
	require.NoError(t, err)
	var waits int
	var own inspect.WatchStats
	s.on(func() {
		own = v.Stats()
		for l := range s.server.Links() {
			waits += l.Conn().Queued()
		}
	})
	require.Positive(t, waits)
	require.Equal(t, []string{
		fmt.Sprintf("links 1 write queues - %d 0 - - -", waits),
		"up permanent link 3 6 2 0 0 " + link.Waiting.String(),
		"watch 1 trace 0 0 3 - - -",
		fmt.Sprintf("watch 2 trace %d %d %d - - -", own.Queued, own.Bytes, own.Dropped.Sum()),
	}, rows(sheets[0], "name", "kind", "messages", "bytes", "dropped", "expired", "uncertain", "state"))
	require.Equal(t, []string{
		"1 LOG_ROTATE,direction=in or ECHO,outcome=failed 4 1 0 3 0 0 4000",
		fmt.Sprintf("2 - %d 0 %d %d %d %d %d", own.Matched, own.Dropped.Slow, own.Dropped.Rate, own.Queued, own.Bytes, v.Options().Queue),
	}, rows(sheets[1], "watch", "filter", "matched", "sent", "dropped_slow", "dropped_rate", "queued", "queued_bytes", "limit"))
	require.Equal(t, []string{fmt.Sprintf("%d %d %d true", os.Getpid(), os.Getuid(), waits)}, rows(sheets[2], "pid", "uid", "queued", "congested"))
	require.Equal(t, []string{"1 2"}, rows(sheets[3], "links", "watchers"))
}

// The tables of the loop say what the loop says.
func TestTablesOfTheLoop(t *testing.T) {
	s := startService(t, nil)
	c := s.visit()
	var before, after reactor.Stats
	s.on(func() {
		s.loop.After(time.Hour, "later", func() {})
		s.loop.Every(2*time.Hour, "again", func(int) {})
		for began := time.Now(); time.Since(began) < time.Millisecond; { // a callback that is slow
			continue
		}
	})
	s.on(func() { before = s.loop.Stats() })
	sheets, err := c.Inspect(s.ctx(), "loop", "timers", "slow", "sources", "dispatcher")
	require.NoError(t, err)
	var sources []string
	s.on(func() {
		after = s.loop.Stats()
		for _, i := range s.loop.Sources() {
			sources = append(sources, fmt.Sprintf("%d %s %s read true %d", i.FD, i.Kind, i.Name, i.Priority))
		}
	})
	for name, value := range map[string]func(reactor.Stats) float64{
		"turns": func(s reactor.Stats) float64 { return float64(s.Turns) }, "events": func(s reactor.Stats) float64 { return float64(s.Events) },
		"busy": func(s reactor.Stats) float64 { return s.Busy.Seconds() }, "waiting": func(s reactor.Stats) float64 { return s.Waiting.Seconds() },
		"slowest": func(s reactor.Stats) float64 { return s.Slowest.Seconds() }, "posts": func(s reactor.Stats) float64 { return float64(s.Posts) },
		"wakes": func(s reactor.Stats) float64 { return float64(s.Wakes) }, "fired": func(s reactor.Stats) float64 { return float64(s.TimersFired) },
	} {
		n, err := strconv.ParseFloat(sheets[0].Value(0, name), 64)
		require.NoError(t, err)
		require.True(t, value(before)-1e-6 <= n && n <= value(after)+1e-6, "%s: %v is not from %v to %v", name, n, value(before), value(after))
	}
	require.Equal(t, []string{fmt.Sprintf("service 0 0 0 %d %d 0 %d 0", after.Sources, after.Enabled, after.TimersPending)},
		rows(sheets[0], "name", "panics", "stale", "refused", "sources", "enabled", "holds", "timers", "missed"))
	require.ElementsMatch(t, []string{"later once -", "again interval 7200"}, rows(sheets[1], "name", "kind", "interval"))
	for row := range sheets[1].Rows {
		require.InDelta(t, time.Hour, seconds(t, sheets[1], row, "due")/time.Duration(1+row), float64(time.Minute))
	}
	slowest := []string{before.SlowestName, after.SlowestName}
	require.Contains(t, slowest, sheets[0].Value(0, "slowest_name"))
	require.Contains(t, slowest, sheets[2].Value(0, "name"))
	for row := range sheets[2].Rows {
		require.GreaterOrEqual(t, seconds(t, sheets[2], row, "longest"), 100*time.Microsecond)
		require.GreaterOrEqual(t, seconds(t, sheets[2], row, "total"), seconds(t, sheets[2], row, "longest"))
		require.Less(t, seconds(t, sheets[2], row, "age"), patience)
		require.NotEqual(t, "0", sheets[2].Value(row, "count"))
	}
	require.ElementsMatch(t, sources, rows(sheets[3], "fd", "kind", "name", "interest", "enabled", "priority"))
	var handlers []string
	for i, e := range s.commands.Entries() {
		handlers = append(handlers, fmt.Sprintf("1 %d %s %s %s %d %t 0 0", i+1, e.Name, e.Kind, cmp.Or(e.Pattern, "-"), e.Priority, e.Continue))
	}
	require.Equal(t, handlers, rows(sheets[4], "dispatcher", "position", "name", "kind", "pattern", "priority", "continues", "count", "failed"))
}

// The process is what the kernel says, and what its owner said of it.
func TestTableOfTheProcess(t *testing.T) {
	s := startService(t, func(o *control.Options) { o.Version = "7.0" })
	b, c := s.client(), s.visit()
	s.firstLink(c) // they are counted from here on
	s.echo(b, "ECHO")
	sheets, err := c.Inspect(s.ctx(), "process", "connections")
	require.NoError(t, err)
	limit, err := proc.FDLimit()
	require.NoError(t, err)
	require.Equal(t, []string{fmt.Sprintf("7.0 %s %s %d %s", runtime.Version(), proc.UserName(uint32(os.Geteuid())), limit.Soft, strings.Join(os.Args, " "))},
		rows(sheets[0], "version", "go", "user", "fd_limit", "command_line"))
	for _, name := range []string{"cpu", "uptime"} {
		require.Less(t, seconds(t, sheets[0], 0, name), time.Hour)
	}
	require.Equal(t, []string{fmt.Sprintf("%s 5 5 1 1 0 false", s.listener.Addr())},
		rows(sheets[1], "local", "bytes_in", "bytes_out", "reads", "writes", "queued", "congested"))
	require.Less(t, seconds(t, sheets[1], 0, "age"), patience)
	require.Less(t, seconds(t, sheets[1], 0, "idle"), patience)
	dir := t.TempDir()
	s.on(func() { control.SetProc(s.control, dir) })
	sheets, err = c.Inspect(s.ctx(), "process")
	require.NoError(t, err)
	require.Equal(t, []string{"echo - - - -"}, rows(sheets[0], "name", "cpu", "rss", "threads", "fds"), "what nobody knows is not 0")
}
