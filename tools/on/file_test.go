package on_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/on"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

func TestFileEventsAreLines(t *testing.T) {
	r := start(t, "file", "DIR/**/*.conf")
	r.write("a.conf", "1")
	r.WaitOut(" create,updated " + r.dir + "/a.conf\n")
	require.NoError(t, os.Mkdir(filepath.Join(r.dir, "sub"), 0o700))
	r.write("sub/evil\n1\x1b[31m.conf", "2")
	r.WaitOut(r.dir + `/sub/evil\x0A1\x1B[31m.conf` + "\n")
	require.NoError(t, os.Rename(filepath.Join(r.dir, "a.conf"), filepath.Join(r.dir, "sub", "b.conf")))
	r.WaitOut(" rename " + r.dir + "/a.conf -> " + r.dir + "/sub/b.conf\n")
	r.write("a.txt", "not asked for")
	require.NoError(t, os.RemoveAll(filepath.Join(r.dir, "sub")))
	r.WaitOut(" delete " + r.dir + "/sub/b.conf\n")
	require.Equal(t, toolkit.Interrupt, toolkit.KindOf(r.Stop()))
	require.NotContains(t, r.Out.String(), "a.txt")
	require.Contains(t, r.Err.String(), " events in ")
}

func TestFileJSON(t *testing.T) {
	r := start(t, "file", "DIR", "--json", "-n2")
	r.write("x\xff", "")
	r.WaitOut(`"n":1`)
	require.NoError(t, os.Mkdir(filepath.Join(r.dir, "d"), 0o700))
	require.NoError(t, r.End())
	lines := strings.Split(strings.TrimSpace(r.Out.String()), "\n")
	require.Len(t, lines, 2)
	var first, second map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &first))
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &second))
	raw, err := base64.StdEncoding.DecodeString(first["path_base64"].(string))
	require.NoError(t, err)
	require.Equal(t, r.dir+"/x\xff", string(raw))
	require.Equal(t, "file", first["kind"])
	require.Equal(t, "create,updated", first["event"])
	require.NotContains(t, first, "dir")
	require.Equal(t, true, second["dir"])
	require.Equal(t, "create", second["event"])
	require.EqualValues(t, 2, second["n"])
}

func TestFileExistsIgnoreFormat(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".git/config", "node/x.go", "a.go", "src/b.go", "src/b.go~"} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	r := start(t, "file", dir+"/**/*", "--exists", "--no-hidden", "-i", "node", "-i", "*~", "--null",
		"--format", `{{.Event}} {{.Name}} {{ext .Path}} {{base (dir .Path)}} {{.N}}`, "--count", "3")
	require.NoError(t, r.End())
	base := filepath.Base(dir)
	require.Equal(t, "exists a.go .go "+base+" 1\x00exists src  "+base+" 2\x00exists b.go .go src 3\x00", r.Out.String())
	require.NotContains(t, r.Err.String(), "nothing matches yet")
}

func TestFileSaysWhenNothingMatches(t *testing.T) {
	r := start(t, "file", "~/none/DIR/none")
	r.WaitErr("nothing matches yet; ~ is no home directory where no shell has replaced it\n")
	require.Error(t, r.Stop())
	r = begin(t, "file", "DIR/none", "-q", "-v", "--idle", "150ms", "--run", "true")
	require.NoError(t, r.End())
	require.Empty(t, r.Err.String())
}

func TestFileEventsAsked(t *testing.T) {
	r := start(t, "file", "DIR/*", "--events", "Deleted, modify", "--coalesce", "0")
	r.write("a", "1")
	r.WaitOut(" updated " + r.dir + "/a\n")
	require.NoError(t, os.Remove(filepath.Join(r.dir, "a")))
	r.WaitOut(" delete " + r.dir + "/a\n")
	require.Error(t, r.Stop())
	require.NotContains(t, r.Out.String(), "create")
}

// A relative path that looks like an option is given so that it is none.
func TestFileNamedAsAnOption(t *testing.T) {
	t.Chdir(t.TempDir())
	r := start(t, "file", "*", "-n1", "--run", `printf '%s' "$ED_EVENT_PATH"`)
	require.NoError(t, os.WriteFile("-rf", nil, 0o600))
	require.NoError(t, r.End())
	require.Equal(t, "./-rf", r.Out.String())
}

func TestBraces(t *testing.T) {
	for pattern, want := range map[string]string{
		"a":                "a",
		"*.{go,md}":        "*.go *.md",
		"{a,b}/{c,d}":      "a/c a/d b/c b/d",
		"{a,b{c,d}}e":      "ae bce bde",
		"a{,b}":            "a ab",
		"{a}":              "{a}",
		"{a{b,c}}":         "{ab} {ac}",
		"{a,b":             "{a,b",
		"a,b}":             "a,b}",
		`\{a,b}`:           `\{a,b}`,
		`{a\,b,c}`:         `a\,b c`,
		"x{{a,b},c}y":      "xay xby xcy",
		"{1,2}{3,4}{5,6}/": "135/ 136/ 145/ 146/ 235/ 236/ 245/ 246/",
	} {
		got, ok := on.ExpandBraces(pattern)
		require.True(t, ok, pattern)
		require.Equal(t, want, strings.Join(got, " "), pattern)
	}
	_, ok := on.ExpandBraces(strings.Repeat("{a,b}", 30))
	require.False(t, ok)
	_, ok = on.ExpandBraces(strings.Repeat("{", 5000) + strings.Repeat("a,", 100))
	require.True(t, ok)

	r := start(t, "file", "DIR/*.{go,md}", "-n2")
	r.write("a.go", "")
	r.write("b.txt", "")
	r.write("c.md", "")
	require.NoError(t, r.End())
	require.NotContains(t, r.Out.String(), "b.txt")
}

func TestFileWrongCommandLines(t *testing.T) {
	refused(t, toolkit.Usage, "a path or pattern is missing", "file")
	refused(t, toolkit.Usage, "a pattern is empty", "file", "")
	refused(t, toolkit.Usage, "stands for more than 1000", "file", strings.Repeat("{a,b}", 30))
	refused(t, toolkit.Usage, "a message with its parameters is one word", "files", "x", "--send", "unix:/x", "RELOAD", "path={{.Path}}")
	refused(t, toolkit.Usage, `there is no event "foo" of files`, "file", "x", "--events", "create,foo")
	refused(t, toolkit.Usage, `there is no event ""`, "file", "x", "--events", "create,")
	refused(t, toolkit.Usage, `option --ignore: "a/b" is no pattern of one name`, "file", "x", "-i", "a/b")
	refused(t, toolkit.Usage, `option --ignore: "[" is no pattern of one name`, "file", "x", "-i", "[")
	refused(t, toolkit.Usage, `parse pattern "["`, "file", "[")
}
