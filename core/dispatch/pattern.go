package dispatch

// Glob is a pattern as in Match.Glob, for those who choose messages by other names or outside of a dispatcher: * any
// bytes, ? one byte, [A-Z] one of these, [^A-Z] one of the others. The zero Glob matches only what is empty. It may be
// used from any goroutine.
type Glob struct{ g *glob }

// NewGlob checks that every [ of the pattern is closed and every range has its end.
func NewGlob(pattern string) (Glob, error) {
	g, err := newGlob(pattern)
	return Glob{g}, err
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
