// Package spelling finds the word that was meant.
package spelling

import (
	"slices"
	"strings"
)

// longest is how long words may be, in bytes: more is no slip of the finger, and the cost is the product of the lengths.
const longest = 64

// Nearest returns which of the candidates the word was most likely meant to be, "" when none is near: within two edits, and within a
// third of the word's length (one edit for short words). An edit is a byte that is inserted, deleted or replaced, or two neighbours
// that are swapped. Words are compared as fold makes them, and candidates returned as they are. Of two that are as near it is the
// one that has the letters of the word in another order, which is how fingers slip most often, and then the first in their order.
// Where none is near it is the only one that begins with the word, which must have three bytes for that.
func Nearest(word string, candidates []string, fold func(string) string) string {
	word = fold(word)
	limit := min(2, max(1, len(word)/3))
	best, nearest := "", 2*limit+1
	for _, c := range candidates {
		other := fold(c)
		d := 2 * edits(word, other)
		if sameLetters(word, other) {
			d--
		}
		if d < nearest || d == nearest && d <= 2*limit && c < best {
			best, nearest = c, d
		}
	}
	if best == "" {
		return begun(word, candidates, fold)
	}
	return best
}

// begun is the one candidate that begins with the word, if that says enough.
func begun(word string, candidates []string, fold func(string) string) string {
	var found []string
	for _, c := range candidates {
		if len(word) >= 3 && len(word) <= longest && strings.HasPrefix(fold(c), word) {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

func sameLetters(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// edits counts the edits between a and b.
func edits(a, b string) int {
	if len(a) > longest || len(b) > longest {
		return 1 << 20
	}
	before, last, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(last[j+1]+1, next[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, last, next = last, next, before
	}
	return last[len(b)]
}
