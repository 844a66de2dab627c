package toolkit

import (
	"strings"

	"github.com/ed-toolbox/ed/core/spelling"
)

// DidYouMean gives err, which is about a word, the nearest of the known ones as a hint, if one is near.
func DidYouMean(err error, word string, known []string) error {
	if near := Nearest(word, known); near != "" {
		return WithHint(err, "did you mean %s?", near)
	}
	return err
}

// Nearest returns the candidate that word most likely was meant to be, or "" when none is near; dashes in front do not count.
func Nearest(word string, candidates []string) string {
	return spelling.Nearest(word, candidates, func(s string) string { return strings.TrimLeft(s, "-") })
}
