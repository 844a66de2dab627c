package config

import (
	"strings"

	"github.com/ed-toolbox/ed/core/spelling"
)

// canonical makes spellings of one name equal: "_" and "-" are the same.
func canonical(name string) string { return strings.ReplaceAll(name, "_", "-") }

// suggest returns the name that was probably meant, "" if none is near.
func suggest(name string, known []string) string {
	return spelling.Nearest(name, known, func(s string) string { return strings.ToLower(canonical(s)) })
}
