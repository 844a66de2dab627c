package config

import (
	"slices"
	"strings"
)

// canonical makes spellings of one name equal: "_" and "-" are the same.
func canonical(name string) string { return strings.ReplaceAll(name, "_", "-") }

// suggest returns the name that was probably meant, "" if none is near.
func suggest(name string, known []string) string {
	name = strings.ToLower(canonical(name))
	best, nearest := "", 1+min(2, len(name)/3)
	swapped := false
	for _, k := range known {
		other := strings.ToLower(canonical(k))
		d := distance(name, other)
		if d < nearest || d == nearest && best != "" && !swapped && sameLetters(name, other) {
			best, nearest, swapped = k, d, sameLetters(name, other)
		}
	}
	return best
}

// sameLetters says that two words differ in the order of their letters only, which is how fingers slip most often.
func sameLetters(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// distance counts the bytes to insert, delete, replace or swap with their neighbour to get from a to b.
func distance(a, b string) int {
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
