package toolkit

import (
	"slices"
	"strings"
)

// unknownWord is the usage error for a word that is not among the known ones, with the nearest of them as a hint.
func unknownWord(what, word string, known []string) error {
	err := Errorf(Usage, "unknown %s %s", what, quoteWord(what, word))
	if near := Nearest(word, known); near != "" {
		return WithHint(err, "did you mean %s?", near)
	}
	return err
}

func quoteWord(what, word string) string {
	if what == "option" {
		return Escape(word)
	}
	return `"` + Escape(word) + `"`
}

// Nearest returns the candidate that word most likely was meant to be, or "" when none is near: within two edits, and within a
// third of the word's length (one edit for short words).
func Nearest(word string, candidates []string) string {
	bare := strings.TrimLeft(word, "-")
	limit := min(2, max(1, len(bare)/3))
	best, bestDistance := "", 2*limit+1
	for _, c := range candidates {
		other := strings.TrimLeft(c, "-")
		d := 2 * editDistance(bare, other)
		if sameLetters(bare, other) {
			d-- // of two that are as near, the one with letters in another order
		}
		if d < bestDistance || d == bestDistance && d <= 2*limit && c < best {
			best, bestDistance = c, d
		}
	}
	return best
}

func sameLetters(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// editDistance counts insertions, deletions, replacements and swaps of neighbours between a and b, byte by byte.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 1 << 20 // not a slip of the finger, and the cost is their product
	}
	before, above := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above = above, row
	}
	return above[len(b)]
}
