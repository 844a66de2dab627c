package watch_test

import (
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/watch"
)

func TestPatternsRefused(t *testing.T) {
	l := newLoop(t)
	for _, text := range []string{"", "[", "a/[", "a/[z-a", "*/../a", "**/..", `a\`} {
		_, err := watch.Files(l, nil, watch.FileOptions{Patterns: []string{text}})
		require.Error(t, err, text)
	}
	_, err := watch.Files(l, nil, watch.FileOptions{})
	require.Error(t, err)
	_, err = watch.Files(l, nil, watch.FileOptions{Patterns: []string{"a"}, Ignore: []string{"["}})
	require.Error(t, err)
}

func TestPatternMatch(t *testing.T) {
	for _, test := range []struct {
		pattern   string
		recursive bool
		yes, no   string
	}{
		{"a", false, "a a/b", "b a/b/c aa"},
		{"a", true, "a a/b a/b/c", "b aa"},
		{"./a//b/", false, "a/b a/b/c", "a b"},
		{"a/*.conf", false, "a/x.conf a/.conf", "a a/x.txt a/b/x.conf x.conf"},
		{"a/*", true, "a/b a/b/c", "a"},
		{"**", false, "a a/b a/b/c", ""},
		{"a/**", false, "a/b a/b/c", "a b"},
		{"a/**/b", false, "a/b a/x/b a/x/y/b a/b/c a/b/b/d", "a b a/bb a/c"},
		{"a/**/*.conf", false, "a/x.conf a/b/x.conf a/b/c/x.conf", "a/b x.conf a/x.conf/y"},
		{"**/b/**/c", false, "b/c b/x/c a/b/c a/b/b/x/y/c b/c/c b/c/d", "c b/d c/b"},
		{"a/**/**/b", false, "a/b a/x/b", "b"},
		{"?[ab]/[^c]", false, "xa/d xb/dd/../a", "xc/d xa/c xa"},
		{`a\*/b`, false, "a*/b", "ax/b a*"},
		{"a/../b", false, "b b/c", "a a/b"},
	} {
		m, err := watch.NewMatcher(test.pattern, test.recursive)
		require.NoError(t, err)
		for p := range strings.FieldsSeq(test.yes) {
			require.True(t, m(path.Clean(p)), "%s: %s", test.pattern, p)
		}
		for p := range strings.FieldsSeq(test.no) {
			require.False(t, m(p), "%s: %s", test.pattern, p)
		}
	}
}

// TestPatternProperty compares with a matcher that tries all ways.
func TestPatternProperty(t *testing.T) {
	parts := rapid.SampledFrom([]string{"a", "b", "?", "*", "**", "[ab]"})
	rapid.Check(t, func(t *rapid.T) {
		segments := rapid.SliceOfN(parts, 1, 5).Draw(t, "pattern")
		names := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 6).Draw(t, "path")
		m, err := watch.NewMatcher(strings.Join(segments, "/"), false)
		require.NoError(t, err)
		want := naive(segments, names)
		if last := segments[len(segments)-1]; last == "a" || last == "b" { // the entries of a directory of that name
			want = want || len(names) > 1 && naive(segments, names[:len(names)-1])
		}
		require.Equal(t, want, m(strings.Join(names, "/")))
	})
}

func naive(pattern, names []string) bool {
	if len(pattern) == 0 {
		return len(names) == 0
	}
	if pattern[0] == "**" {
		if len(pattern) == 1 {
			return len(names) > 0
		}
		for i := range len(names) + 1 {
			if naive(pattern[1:], names[i:]) {
				return true
			}
		}
		return false
	}
	if len(names) == 0 {
		return false
	}
	ok, _ := path.Match(pattern[0], names[0])
	return ok && naive(pattern[1:], names[1:])
}

func TestEscape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a*?\[\]\\{}]{1,8}`).Draw(t, "name")
		m, err := watch.NewMatcher("x/"+watch.Escape(name), false)
		require.NoError(t, err)
		require.True(t, m("x/"+name))
		require.False(t, m("x/"+name+"a"))
		require.False(t, m("x/a"+name))
	})
}

func TestParseOps(t *testing.T) {
	for text, want := range map[string]watch.Op{
		"create": watch.Create, "Create, DELETE": watch.Create | watch.Delete, "changes": watch.Changes, "all": watch.AllOps,
		"updated,exists": watch.Updated | watch.Exists,
	} {
		got, err := watch.ParseOps(text)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"", "lost", "make", "create,"} {
		_, err := watch.ParseOps(text)
		require.Error(t, err, text)
	}
	all, err := watch.ParseOps(watch.AllOps.String())
	require.NoError(t, err)
	require.Equal(t, watch.AllOps, all)
}
