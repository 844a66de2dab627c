package reactor_test

import (
	"context"
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/reactor"
)

// TestSourcesAgainstModel does all that can be done with sources, in their callbacks and outside of them, also what is against the rules,
// such as closing a descriptor first, and panics; and compares who is called, for what, and the figures with a plain list.
func TestSourcesAgainstModel(t *testing.T) {
	for name, verify := range map[string]string{"as in production": "", "with ownership checks": "1"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("ED_VERIFY", verify)
			rapid.Check(t, func(rt *rapid.T) {
				l, err := reactor.New(reactor.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
				require.NoError(rt, err)
				m := &sourceModel{T: rt, l: l}
				defer m.close()
				actions := map[string]func(*rapid.T){"": func(*rapid.T) { m.compare() }}
				for _, name := range sourceActions {
					actions[name] = func(*rapid.T) { m.do(name) }
				}
				actions["turns"] = func(*rapid.T) { m.turns() }
				rt.Repeat(actions)
			})
		})
	}
}

var sourceActions = []string{"add", "remove", "interest", "enable", "disable", "priority", "again", "write", "close first"}

// modelSource is a source, one end of a pair of sockets, and what it should be.
type modelSource struct {
	reactor.Source
	fd, peer   int
	interest   reactor.Interest
	enabled    bool
	background bool
	there      bool // registered
	broken     bool // its descriptor was closed first
	data       bool // something to read
	changed    bool // in this run
	called     reactor.Interest
	panics     bool // its next callback does
}

type sourceModel struct {
	*rapid.T
	l       *reactor.Loop
	sources []*modelSource
	events  uint64
	failed  any // the panic by which rapid ends a run: the loop would survive it

	elsewhere []int // descriptors of files that the loop knew by others
}

type deliberate struct{}

func (m *sourceModel) do(action string) {
	if action == "add" {
		m.add()
		return
	}
	if len(m.sources) == 0 {
		return
	}
	s := m.sources[rapid.IntRange(0, len(m.sources)-1).Draw(m.T, "source")]
	if s.broken && action != "remove" && action != "disable" {
		return
	}
	if action != "write" && action != "priority" {
		s.changed = true
	}
	switch action {
	case "remove":
		s.Remove()
		s.there = false
		if !s.broken {
			require.NoError(m, unix.Close(s.fd))
			s.broken = true
		}
	case "interest":
		i := reactor.Interest(rapid.IntRange(0, 3).Draw(m.T, "interest"))
		if s.there {
			require.NoError(m, s.SetInterest(i))
			s.interest = i
		}
	case "enable", "disable":
		on := action == "enable"
		err := s.SetEnabled(on)
		switch {
		case !s.there:
			require.ErrorIs(m, err, reactor.ErrGone)
		case !s.broken:
			require.NoError(m, err)
			fallthrough
		default:
			s.enabled = on
		}
	case "priority":
		s.SetPriority(uint8(rapid.IntRange(0, 3).Draw(m.T, "priority")))
	case "again":
		s.Again()
	case "write":
		_, err := unix.Write(s.peer, []byte("x"))
		require.NoError(m, err)
		s.data = true
	case "close first":
		if rapid.Bool().Draw(m.T, "open elsewhere") {
			fd, err := unix.FcntlInt(uintptr(s.fd), unix.F_DUPFD_CLOEXEC, 0)
			require.NoError(m, err)
			m.elsewhere = append(m.elsewhere, fd)
		}
		require.NoError(m, unix.Close(s.fd))
		s.broken = true
	}
}

func (m *sourceModel) add() {
	if len(m.sources) >= 40 {
		return
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	require.NoError(m, err)
	s := &modelSource{fd: fds[0], peer: fds[1], there: true, enabled: true, changed: true}
	s.interest = reactor.Interest(rapid.IntRange(0, 3).Draw(m.T, "interest"))
	s.background = rapid.Bool().Draw(m.T, "background")
	s.panics = rapid.IntRange(0, 9).Draw(m.T, "panics") == 0
	m.sources = append(m.sources, s)
	s.Source, err = m.l.Add(s.fd, handler(func(h reactor.Source, ready reactor.Interest) { m.call(s, h, ready) }),
		reactor.SourceOptions{Interest: s.interest, Background: s.background})
	if err == nil {
		return
	}
	// Only where the number is that of a source whose descriptor was closed first, and of which epoll was not told.
	require.ErrorIs(m, err, unix.EEXIST)
	s.there, s.broken = false, true
	require.NoError(m, unix.Close(s.fd))
}

// call is the callback of a source.
func (m *sourceModel) call(s *modelSource, h reactor.Source, ready reactor.Interest) {
	if m.failed != nil {
		return
	}
	defer func() {
		if v := recover(); v == (deliberate{}) {
			panic(v)
		} else if v != nil {
			m.failed = v
			m.l.Stop()
		}
	}()
	m.events++
	require.Equal(m, s.Source, h)
	require.True(m, s.there && s.enabled, "called while it should not be")
	require.NotZero(m, ready)
	require.Zero(m, ready&^s.interest, "called for what it does not wait for")
	s.called |= ready
	if !s.broken && ready&reactor.Read != 0 && s.data && rapid.Bool().Draw(m.T, "reads") {
		var b [64]byte
		for err := error(nil); err == nil; _, err = unix.Read(s.fd, b[:]) {
		}
		s.data = false
	}
	for range rapid.IntRange(0, 2).Draw(m.T, "actions in the callback") {
		m.do(rapid.SampledFrom(sourceActions).Draw(m.T, "in the callback"))
	}
	if s.panics {
		s.there = false // and its descriptor stays open
		panic(deliberate{})
	}
}

// turns lets the loop look at its sources twice.
func (m *sourceModel) turns() {
	for _, s := range m.sources {
		s.changed, s.called = false, 0
	}
	data := map[*modelSource]bool{}
	for _, s := range m.sources {
		data[s] = s.data
	}
	m.post(2)
	require.NoError(m, m.l.Run(context.Background()))
	if m.failed != nil {
		panic(m.failed)
	}
	for i, s := range m.sources {
		if s.changed || !s.there || s.broken || !s.enabled {
			continue
		}
		if s.interest&reactor.Read != 0 && data[s] {
			require.NotZero(m, s.called&reactor.Read, "source %d has something to read", i)
		}
		if s.interest&reactor.Write != 0 {
			require.NotZero(m, s.called&reactor.Write, "source %d has room to write", i)
		}
	}
}

func (m *sourceModel) post(turns int) {
	require.NoError(m, m.l.Post(func() {
		if turns == 0 {
			m.l.Stop()
			return
		}
		m.post(turns - 1)
	}))
}

// compare looks at what the loop tells.
func (m *sourceModel) compare() {
	registered, enabled := 0, 0
	for _, s := range m.sources {
		require.Equal(m, s.there, s.Valid())
		require.Equal(m, s.there && s.enabled, s.Enabled())
		if !s.there {
			require.Equal(m, -1, s.FD())
			continue
		}
		require.Equal(m, s.interest, s.Interest())
		registered++
		if s.enabled && !s.background {
			enabled++
		}
	}
	st := m.l.Stats()
	require.Equal(m, registered, st.Sources)
	require.Len(m, m.l.Sources(), registered)
	require.Equal(m, enabled, st.Enabled)
	require.Equal(m, m.events, st.Events)
}

func (m *sourceModel) close() {
	require.NoError(m, m.l.Close())
	for _, s := range m.sources {
		if !s.broken {
			_ = unix.Close(s.fd)
		}
		_ = unix.Close(s.peer)
	}
	for _, fd := range m.elsewhere {
		_ = unix.Close(fd)
	}
}
