package watch

import (
	"fmt"
	"path"
	"strings"
)

type segmentKind uint8

const (
	literal segmentKind = iota
	glob
	anyDepth // **: any number of directories, also none
	anyEntry // *, put in by us: what is in a directory that was named. Symbolic links found so are not followed
)

// segment is the part of a pattern between two slashes.
type segment struct {
	kind segmentKind
	text string
}

func (s segment) matches(name string) bool {
	switch s.kind {
	case literal:
		return s.text == name
	case glob:
		ok, _ := path.Match(s.text, name) // checked when it was parsed
		return ok
	default:
		return true
	}
}

// Escape makes a pattern that means this path and no other.
func Escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// pattern is what a path must look like: where the walk begins, and what each step must match.
type pattern struct {
	base     string // "/", ".", ".." or "../..", and so on
	segments []segment
}

// parsePatterns reads one pattern. The result is more than one if it names a directory, or may: that means the directory and what
// is in it, to any depth if recursive.
func parsePatterns(text string, recursive bool) ([]pattern, error) {
	if text == "" {
		return nil, fmt.Errorf("parse pattern: it is empty")
	}
	p := pattern{base: "."}
	if text[0] == '/' {
		p.base = "/"
	}
	for part := range strings.SplitSeq(text, "/") {
		if err := p.add(part); err != nil {
			return nil, fmt.Errorf("parse pattern %q: %w", text, err)
		}
	}
	if n := len(p.segments); n > 0 && p.segments[n-1].kind == anyDepth {
		p.segments = append(p.segments, segment{kind: anyEntry})
		return []pattern{p}, nil
	} else if n > 0 && p.segments[n-1].kind != literal && !recursive {
		return []pattern{p}, nil
	}
	below := append([]segment{}, p.segments...)
	if recursive {
		below = append(below, segment{kind: anyDepth})
	}
	below = append(below, segment{kind: anyEntry})
	return []pattern{p, {p.base, below}}, nil
}

// add takes the next part. ".." is taken back where that is possible without looking, as path.Clean does.
func (p *pattern) add(part string) error {
	n := len(p.segments)
	switch {
	case part == "", part == ".":
	case part == ".." && n > 0 && p.segments[n-1].kind != literal:
		return fmt.Errorf("%q after a wildcard", part)
	case part == ".." && n > 0:
		p.segments = p.segments[:n-1]
	case part == ".." && p.base == ".":
		p.base = ".."
	case part == ".." && p.base != "/":
		p.base += "/.."
	case part == "..":
	case part == "**":
		if n == 0 || p.segments[n-1].kind != anyDepth {
			p.segments = append(p.segments, segment{kind: anyDepth})
		}
	default:
		s, err := parseSegment(part)
		if err != nil {
			return err
		}
		p.segments = append(p.segments, s)
	}
	return nil
}

func parseSegment(part string) (segment, error) {
	if !strings.ContainsAny(part, `*?[\`) {
		return segment{literal, part}, nil
	}
	if _, err := path.Match(part, ""); err != nil {
		return segment{}, err
	}
	// A pattern of nothing but escapes is a name, which can be looked up without reading the directory.
	var name strings.Builder
	for i := 0; i < len(part); i++ {
		switch part[i] {
		case '*', '?', '[':
			return segment{glob, part}, nil
		case '\\':
			i++
		}
		name.WriteByte(part[i])
	}
	return segment{literal, name.String()}, nil
}
