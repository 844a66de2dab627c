package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/man"
)

func TestPlainPage(t *testing.T) {
	page := `% ed-x 1

# NAME

ed-x - do **x**

## Ways

1. by *FILE*, which is named in so many words that a line is not enough for
all of them, but two are;
2. by hand

**-x**, **--ex** *WORD*
: Says so much of its *WORD* that a line is not enough for it,
  but two are.

    ed x   'as it is'
`
	want := `NAME

  ed-x - do x

  Ways

  1. by FILE, which is named in so many words that a line is not enough for all
     of them, but two are;
  2. by hand

  -x, --ex WORD
      Says so much of its WORD that a line is not enough for it, but two are.

    ed x   'as it is'
`
	require.Equal(t, want, plainPage(page))
}

func TestPlainPagesFitATerminal(t *testing.T) {
	for _, name := range man.Names() {
		text, err := man.Page(name)
		require.NoError(t, err)
		plain := plainPage(text)
		require.NotContains(t, plain, "\n  ## ", name)
		for line := range strings.Lines(plain) {
			if line = strings.TrimSuffix(line, "\n"); !strings.Contains(text, line+"\n") { // examples are as they are
				require.LessOrEqual(t, utf8.RuneCountInString(line), pageWidth, "%s: %s", name, line)
			}
		}
	}
}
