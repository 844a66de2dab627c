package dispatch

import "fmt"

// glob is a pattern over the bytes of a command.
type glob struct {
	pattern string
	prefix  int  // so many bytes of pattern stand for themselves
	simple  bool // the prefix is followed by one * and nothing else
}

// newGlob checks that every [ of the pattern is closed and every range has its end.
func newGlob(pattern string) (*glob, error) {
	g := &glob{pattern: pattern, prefix: -1}
	for i := 0; i < len(pattern); {
		switch pattern[i] {
		case '*', '?':
			g.mark(i)
			i++
		case '[':
			g.mark(i)
			_, size := class(pattern[i:], 0)
			if size == 0 {
				return nil, fmt.Errorf("glob %q: [ at byte %d is not closed or has an unfinished range", pattern, i)
			}
			i += size
		default:
			i++
		}
	}
	g.mark(len(pattern))
	g.simple = g.prefix == len(pattern)-1 && pattern[g.prefix] == '*'
	return g, nil
}

// mark notes the end of the literal prefix.
func (g *glob) mark(at int) {
	if g.prefix < 0 {
		g.prefix = at
	}
}

// match says whether the pattern fits all of s. It needs time in proportion to the two lengths' product at worst, since
// only the last * is ever tried again.
func (g *glob) match(s []byte) bool {
	if len(s) < g.prefix || string(s[:g.prefix]) != g.pattern[:g.prefix] {
		return false
	}
	if g.simple {
		return true
	}
	p, i := g.prefix, g.prefix
	star, retry := -1, 0
	for i < len(s) {
		if p < len(g.pattern) {
			if g.pattern[p] == '*' {
				star, retry = p, i
				p++
				continue
			}
			if ok, size := one(g.pattern[p:], s[i]); ok {
				p += size
				i++
				continue
			}
		}
		if star < 0 {
			return false
		}
		retry++
		p, i = star+1, retry
	}
	for p < len(g.pattern) && g.pattern[p] == '*' {
		p++
	}
	return p == len(g.pattern)
}

// one holds the first element of pattern, which is not *, against c and returns its size in the pattern.
func one(pattern string, c byte) (ok bool, size int) {
	switch pattern[0] {
	case '?':
		return true, 1
	case '[':
		return class(pattern, c)
	}
	return pattern[0] == c, 1
}

// class holds a [class] at the start of pattern against c. The size is 0 for a class that is not well formed. A ] stands
// for itself right after the opening bracket.
func class(pattern string, c byte) (ok bool, size int) {
	i, not := 1, false
	if i < len(pattern) && (pattern[i] == '^' || pattern[i] == '!') {
		not = true
		i++
	}
	for first := i; i < len(pattern); i++ {
		low := pattern[i]
		if low == ']' && i > first {
			return ok != not, i + 1
		}
		high := low
		if i+1 < len(pattern) && pattern[i+1] == '-' {
			if i+2 >= len(pattern) || pattern[i+2] == ']' || pattern[i+2] < low {
				return false, 0
			}
			high = pattern[i+2]
			i += 2
		}
		ok = ok || low <= c && c <= high
	}
	return false, 0
}
