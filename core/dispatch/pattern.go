package dispatch

import (
	"errors"
	"fmt"
	"strings"
)

// Glob is a pattern as in Match.Glob, for those who choose messages by other names or outside of a dispatcher: * any
// bytes, ? one byte, [A-Z] one of these, [^A-Z] one of the others. The zero Glob matches only what is empty. It may be
// used from any goroutine.
type Glob struct{ g *glob }

// NewGlob checks that every [ of the pattern is closed and every range has its end.
func NewGlob(pattern string) (Glob, error) {
	g, err := newGlob(pattern)
	return Glob{g}, err
}

// CommandGlob makes a glob over commands. One that could never match is refused: commands have no lower-case letters.
func CommandGlob(pattern string) (Glob, error) {
	if pattern == "" {
		return Glob{}, errors.New("the command is empty")
	}
	if !strings.Contains(pattern, "[") {
		for _, r := range pattern {
			switch {
			case r >= 'a' && r <= 'z':
				return Glob{}, fmt.Errorf("%q matches no command, they are in capitals: %s", pattern, strings.ToUpper(pattern))
			case r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '*', r == '?':
			default:
				return Glob{}, fmt.Errorf("%q matches no command: %q cannot be in one", pattern, r)
			}
		}
	}
	return NewGlob(pattern)
}

// Match says whether the pattern fits all of s.
func (g Glob) Match(s []byte) bool {
	if g.g == nil {
		return len(s) == 0
	}
	return g.g.match(s)
}

// String is the pattern.
func (g Glob) String() string {
	if g.g == nil {
		return ""
	}
	return g.g.pattern
}
