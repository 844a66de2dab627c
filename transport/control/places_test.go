package control_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/transport/control"
)

const places = 256

// guest is somebody at the control socket who says what the test writes.
type guest struct {
	net.Conn
	lines *bufio.Reader
}

func (s *service) guest(text string) guest {
	s.t.Helper()
	c, err := net.Dial("unix", s.control.Path())
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = c.Close() })
	require.NoError(s.t, c.SetDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(c, text)
	require.NoError(s.t, err)
	return guest{c, bufio.NewReader(c)}
}

// read is the next line, "" at the end.
func (g guest) read() string {
	line, _ := g.lines.ReadString('\n')
	return line
}

// fill takes so many places with guests who say text and read what it is answered, if that is something.
func (s *service) fill(text string, count int) []guest {
	s.t.Helper()
	var all []guest
	before := 0
	s.on(func() { before, _ = control.Taken(s.control) })
	for range count {
		g := s.guest(text)
		if text != "" {
			require.NotEmpty(s.t, g.read())
		}
		all = append(all, g)
	}
	s.eventually("they are there", func() bool { n, _ := control.Taken(s.control); return n == before+count })
	return all
}

// Whoever comes when all places are taken is told so, in words and as an error, by whatever way it asks; and it is let in when there
// is room again.
func TestNoPlaceIsTold(t *testing.T) {
	s := startService(t, nil)
	guests := s.fill("ALIVE\n", places)
	const told = "SERVICE_UNAVAILABLE destination_service=echo;message=busy: 256 visitors;unsent_command=\n"
	for _, text := range []string{"", "INSPECT\n", "no message at all \x00\n"} {
		g := s.guest(text)
		require.Equal(t, told, g.read())
		require.Empty(t, g.read())
	}
	to := address.FromUnix(address.Unix, s.control.Path())
	var busy *control.BusyError
	for range 20 {
		c, err := control.Dial(s.ctx(), to)
		require.NoError(t, err)
		_, err = c.Inspect(s.ctx(), "process")
		require.ErrorAs(t, err, &busy)
		require.EqualError(t, err, "busy: 256 visitors")
		require.False(t, control.IsRefused(err) || control.IsAbsent(err))
		_, err = c.Watch(s.ctx(), inspect.WatchOptions{})
		require.Error(t, err)
		c.Close()
	}
	late, err := control.Dial(s.ctx(), to)
	require.NoError(t, err)
	defer late.Close()
	s.eventually("it was turned away before it asked", func() bool { _, away := control.Taken(s.control); return away > 0 })
	_, err = late.Inspect(s.ctx())
	require.ErrorAs(t, err, &busy)
	for range 3 {
		_, err = look(s)
		require.ErrorAs(t, err, &busy)
	}
	require.NoError(t, guests[0].Close())
	s.eventually("there is room", func() bool { n, _ := control.Taken(s.control); return n < places })
	_, err = look(s)
	require.NoError(t, err)
}

// look asks for a table by way of Visits.
func look(s *service) (sheets []*inspect.Sheet, err error) {
	s.t.Helper()
	v, err := control.NewVisits()
	require.NoError(s.t, err)
	defer v.Close()
	done := make(chan struct{})
	v.Ask(control.Question{To: address.FromUnix(address.Unix, s.control.Path()), Tables: []string{"process"}, Timeout: patience,
		Done: func(got []*inspect.Sheet, failed error) { sheets, err = got, failed; close(done) }})
	<-done
	return sheets, err
}

// Those who do not use their place have to give it up, but not before it is needed, the one that has been of no use for longest first,
// and only as many as are needed.
func TestPlacesOfThoseWhoDoNotUseThem(t *testing.T) {
	for name, c := range map[string]struct {
		says string
		age  time.Duration
		go_  bool
	}{
		"silent, for a short time": {"", time.Second, false},
		"silent":                   {"", 3 * time.Second, true},
		"asked once":               {"ALIVE\n", 9 * time.Minute, false},
		"asked once, long ago":     {"ALIVE\n", 11 * time.Minute, true},
		"watches":                  {"WATCH\n", 24 * time.Hour, false},
		"talks nonsense":           {"nonsense \x00\n", 3 * time.Second, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := startService(t, nil)
			var guests []guest
			for range 6 {
				guests = append(guests, s.fill(c.says, 1)...)
			}
			guests = append(guests, s.fill(c.says, places-6)...)
			s.on(func() { control.Age(s.control, c.age) })
			for _, g := range guests[:3] { // they were the first: now their neighbors are
				_, err := io.WriteString(g, "ALIVE\n")
				require.NoError(t, err)
				require.NotEmpty(t, g.read())
			}
			_, err := look(s)
			if !c.go_ {
				require.EqualError(t, err, "busy: 256 visitors")
				return
			}
			require.NoError(t, err)
			s.eventually("one had to go", func() bool { n, _ := control.Taken(s.control); return n == places-1 })
			s.atOnce(3) // and one place is left
			s.eventually("two more had to go", func() bool { n, _ := control.Taken(s.control); return n == places && control.Visitors(s.control) == n })
			var gone []int
			for i, g := range guests {
				require.NoError(t, g.SetReadDeadline(time.Now().Add(time.Millisecond)))
				if _, err := g.lines.ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
					gone = append(gone, i)
				}
			}
			require.Equal(t, []int{3, 4, 5}, gone)
		})
	}
}

// atOnce has so many guests come in one turn of the loop, who stay and say nothing.
func (s *service) atOnce(count int) {
	s.t.Helper()
	var all []net.Conn
	var err error
	s.on(func() {
		for len(all) < count && err == nil {
			var c net.Conn
			if c, err = net.Dial("unix", s.control.Path()); err == nil {
				all = append(all, c)
			}
		}
	})
	s.t.Cleanup(func() {
		for _, c := range all {
			_ = c.Close()
		}
	})
	require.NoError(s.t, err)
}

// Those who were told that there is no place, and stay, are ended when there are too many of them, the first of them first.
func TestGuestsWhoDoNotLeave(t *testing.T) {
	var log bytes.Buffer
	s := startService(t, func(o *control.Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	guests := s.fill("ALIVE\n", places)
	const most = 64
	away := func(n int) func() bool {
		return func() bool { _, away := control.Taken(s.control); return away == n }
	}
	var told []guest
	for range most + 2 {
		g := s.guest("")
		require.NotEmpty(t, g.read())
		require.Empty(t, g.read())
		told = append(told, g)
	}
	s.eventually("two were ended", away(most))
	for i, g := range told {
		_, err := io.WriteString(g, "ALIVE\n")
		require.Equal(t, i < 2, err != nil, "%d: %v", i, err)
	}
	s.atOnce(100)
	s.eventually("no more of them stay", away(most))
	said := func(times int) {
		t.Helper()
		n := 0
		s.on(func() { n = strings.Count(log.String(), "all places are taken") })
		require.Equal(t, times, n)
	}
	said(1)
	require.NoError(t, guests[0].Close())
	s.eventually("there is room", func() bool { n, _ := control.Taken(s.control); return n < places })
	s.fill("ALIVE\n", 1)
	_, err := look(s)
	require.Error(t, err)
	said(2)
}

// A watcher that never reads keeps its place until somebody needs it; one that reads, if slowly, keeps it then, too.
func TestPlaceOfAWatcherThatNeverReads(t *testing.T) {
	s := startService(t, nil)
	const watch = 3
	guests := s.fill("WATCH rate=-1;queue=65536\n", watch)
	s.fill("ALIVE\n", places-watch)
	client, pad := s.client(), fmt.Sprintf("ECHO pad=%08000d", 1)
	stuck := func() (n int) {
		s.on(func() {
			for _, w := range s.control.Tracer().Watchers() {
				if w.Stats().Dropped.Slow > 0 {
					n++
				}
			}
		})
		return n
	}
	for stuck() < watch {
		s.echo(client, pad)
	}
	s.on(func() { control.Age(s.control, time.Minute) })
	for _, g := range guests[1:] {
		_, err := io.CopyN(io.Discard, g.lines, 512<<10)
		require.NoError(t, err)
	}
	s.eventually("the others took some of it", func() bool { return control.Deaf(s.control) == 1 })
	_, err := look(s)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, guests[0].lines)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "it was ended")
	s.eventually("there is room", func() bool { n, _ := control.Taken(s.control); return n == places-1 })
	s.fill("ALIVE\n", 1)
	_, err = look(s)
	require.EqualError(t, err, "busy: 256 visitors", "they may read yet")
}

// A table waits for a visitor that does not read, and is whole when it does.
func TestTableForWhoReadsLate(t *testing.T) {
	const pieces = 5000
	s := startService(t, func(o *control.Options) {
		o.Tables = []inspect.Table{{Name: "fish", Columns: []inspect.Column{{Name: "kind", Key: true}}, Open: func() func(*inspect.Writer) bool {
			left := pieces
			return func(w *inspect.Writer) bool {
				w.Row().Text(strings.Repeat("x", 1000))
				left--
				return left > 0
			}
		}}}
	})
	g := s.guest("INSPECT table=fish\n")
	s.eventually("it is sent no more", func() bool {
		control.Age(s.control, time.Minute)
		return control.Deaf(s.control) == 1
	})
	rows := 0
	for line := g.read(); !strings.HasPrefix(line, "TABLE_END"); line = g.read() {
		require.NotEmpty(t, line, "it ended after %d rows", rows)
		rows += strings.Count(line, "ROW ")
	}
	require.Equal(t, pieces, rows)
}
