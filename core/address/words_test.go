package address_test

import (
	"strings"
	"testing"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var wordLines = []struct {
	name, line string
	want       []string
	wrong      string
}{
	{"one word", "cat", []string{"cat"}, ""},
	{"blanks", "  ssh \t host\n ed  ", []string{"ssh", "host", "ed"}, ""},
	{"single quotes", `echo 'a  b' '' 'c\d"$e'`, []string{"echo", "a  b", "", `c\d"$e`}, ""},
	{"double quotes", `echo "a  b" "" "c\"d\\e\$f\g"`, []string{"echo", "a  b", "", `c"d\e$f\g`}, ""},
	{"backslashes", `a\ b c\"d \'`, []string{"a b", `c"d`, "'"}, ""},
	{"joined", `a'b'"c"d\ e`, []string{"abcd e"}, ""},
	{"lines joined", "a\\\nb \"c\\\nd\"", []string{"ab", "cd"}, ""},
	{"nothing is expanded", "echo $HOME * ~ | > ; & # `x` $(y)", []string{"echo", "$HOME", "*", "~", "|", ">", ";", "&", "#", "`x`", "$(y)"}, ""},
	{"bytes", "\xff 'ä'", []string{"\xff", "ä"}, ""},
	{"empty", "", nil, "there is no command"},
	{"blank", " \t", nil, "there is no command"},
	{"open single", "a 'b", nil, "byte 2: the single quote is never closed"},
	{"open double", `a "b\"`, nil, "byte 2: the double quote is never closed"},
	{"open double, backslash last", `a "\`, nil, "byte 2: the double quote is never closed"},
	{"open backslash", `a\`, nil, "byte 1: nothing follows the backslash"},
	{"NUL", "a\x00b", nil, "byte 1: a word holds no NUL byte"},
	{"quoted NUL", "a '\x00'", nil, "byte 3: a word holds no NUL byte"},
}

func TestSplitWords(t *testing.T) {
	for _, tt := range wordLines {
		t.Run(tt.name, func(t *testing.T) {
			got, err := address.SplitWords(tt.line)
			if tt.wrong != "" {
				var wrong *address.WordsError
				require.ErrorAs(t, err, &wrong)
				require.ErrorContains(t, err, tt.wrong)
				require.Equal(t, tt.line, wrong.Line)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestJoinWords(t *testing.T) {
	require.Equal(t, `ssh -p 22 root@host 'it'\''s' '' '$x'`, address.JoinWords("ssh", "-p", "22", "root@host", "it's", "", "$x"))
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.String().Filter(func(s string) bool { return !strings.Contains(s, "\x00") }), 1, 5).Draw(t, "words")
		got, err := address.SplitWords(address.JoinWords(words...))
		require.NoError(t, err)
		require.Equal(t, words, got)
	})
}

func FuzzSplitWords(f *testing.F) {
	for _, tt := range wordLines {
		f.Add(tt.line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		words, err := address.SplitWords(line)
		if err != nil {
			return
		}
		again, err := address.SplitWords(address.JoinWords(words...))
		require.NoError(t, err)
		require.Equal(t, words, again)
	})
}
