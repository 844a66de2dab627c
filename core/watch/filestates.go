package watch

import (
	"cmp"
	"encoding/binary"
	"path"
	"slices"
)

// position is how far into a pattern a directory is: its entries are compared with that segment.
type position struct {
	pattern, segment uint16
}

// states is the set of positions of a directory. Equal sets are the same object.
type states struct {
	positions []position
	ends      bool // an entry of such a directory may match a pattern
}

// machine follows all patterns of a watch at once, from directory to directory.
type machine struct {
	patterns []pattern
	ignore   []string // names that wildcards do not match
	known    map[string]*states
}

// ignores says whether wildcards do not match the name.
func (m *machine) ignores(name string) bool {
	return slices.ContainsFunc(m.ignore, func(pattern string) bool {
		ok, _ := path.Match(pattern, name) // checked by Files
		return ok
	})
}

// verdict is what the name of an entry says about it.
type verdict struct {
	matches bool // it is to be reported
	follow  bool // if it is a symbolic link to a file, that is meant
	deeper  bool // if it is a symbolic link to a directory, that is meant: ** does not go through links
}

// start gives the states of a base directory. It matches itself if a pattern is nothing but the base.
func (m *machine) start(base string) (s *states, matches bool) {
	var list []position
	for i, p := range m.patterns {
		if p.base != base {
			continue
		}
		if len(p.segments) == 0 {
			matches = true
			continue
		}
		list = m.enter(list, position{uint16(i), 0})
	}
	return m.intern(list), matches
}

// enter adds a position and, where ** may be nothing, the one after it.
func (m *machine) enter(list []position, p position) []position {
	list = append(list, p)
	if m.segment(p).kind == anyDepth {
		list = append(list, position{p.pattern, p.segment + 1}) // never the last: see parsePatterns
	}
	return list
}

func (m *machine) segment(p position) segment { return m.patterns[p.pattern].segments[p.segment] }

func (m *machine) last(p position) bool {
	return int(p.segment) == len(m.patterns[p.pattern].segments)-1
}

// judge compares an entry's name.
func (m *machine) judge(s *states, name string) (v verdict) {
	ignored := m.ignores(name)
	for _, p := range s.positions {
		seg := m.segment(p)
		switch {
		case seg.kind == anyDepth || !seg.matches(name) || ignored && seg.kind != literal:
		case m.last(p):
			v.matches = true
			v.follow = v.follow || seg.kind != anyEntry
		default:
			v.deeper = true
		}
	}
	return v
}

// descend gives what the entries of a directory are compared with; nil if none can match. It is less if a symbolic link leads there.
func (m *machine) descend(s *states, name string, link bool) *states {
	var list []position
	ignored := m.ignores(name)
	for _, p := range s.positions {
		seg := m.segment(p)
		switch {
		case ignored && seg.kind != literal:
		case seg.kind == anyDepth && !link:
			list = m.enter(list, p)
		case seg.kind != anyDepth && !m.last(p) && seg.matches(name):
			list = m.enter(list, position{p.pattern, p.segment + 1})
		}
	}
	return m.intern(list)
}

// intern gives the one object for a set, nil for the empty set.
func (m *machine) intern(list []position) *states {
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b position) int {
		return cmp.Or(cmp.Compare(a.pattern, b.pattern), cmp.Compare(a.segment, b.segment))
	})
	list = slices.Compact(list)
	key := make([]byte, 0, 4*len(list))
	for _, p := range list {
		key = binary.NativeEndian.AppendUint16(key, p.pattern)
		key = binary.NativeEndian.AppendUint16(key, p.segment)
	}
	if s, ok := m.known[string(key)]; ok {
		return s
	}
	s := &states{positions: list}
	for _, p := range list {
		s.ends = s.ends || m.last(p)
	}
	m.known[string(key)] = s
	return s
}

// names gives the names that the states ask for if they ask for names only: no wildcard is among them.
func (m *machine) names(s *states) (names []string, only bool) {
	only = true
	for _, p := range s.positions {
		seg := m.segment(p)
		if seg.kind == literal {
			names = append(names, seg.text)
		} else {
			only = false
		}
	}
	slices.Sort(names)
	return slices.Compact(names), only
}
