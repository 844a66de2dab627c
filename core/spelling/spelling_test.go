package spelling_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/spelling"
)

func TestNearest(t *testing.T) {
	for _, test := range []struct{ name, word, candidates, want string }{
		{"the word itself", "host", "hops,host", "host"},
		{"a byte more", "hosst", "hops,host", "host"},
		{"a byte less", "hst", "host", "host"},
		{"another byte", "hest", "host", "host"},
		{"two swapped", "hots", "hops,host,hot", "host"},
		{"letters in another order before others", "hosp", "host,hops", "hops"},
		{"of those as near the first in order", "xost", "post,host", "host"},
		{"a short word has one slip", "ab", "cd,ax", "ax"},
		{"two slips in a long word", "timeuotx", "timeout", "timeout"},
		{"too far", "abc", "host", ""},
		{"folded", "HOTS", "Host", "Host"},
		{"the beginning of one", "Comp", "completion,config", "completion"},
		{"the beginning of two", "timeo", "timeout,timeouts-of-all", ""},
		{"the beginning of two, far", "tim", "timeout,timestamps", ""},
		{"too little of one", "ho", "hostname", ""},
		{"no candidates", "a", "", ""},
		{"too long", strings.Repeat("a", 65), strings.Repeat("a", 65), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, spelling.Nearest(test.word, strings.Split(test.candidates, ","), strings.ToLower))
		})
	}
}

func TestNearestOfNone(t *testing.T) {
	require.Empty(t, spelling.Nearest("host", nil, strings.ToLower))
	require.Empty(t, spelling.Nearest("", []string{"host"}, strings.ToLower))
}
