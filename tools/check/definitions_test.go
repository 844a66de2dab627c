package check_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// folder makes a directory with files.
func folder(t testing.TB, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range contents {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func TestDefinitionsBuiltIn(t *testing.T) {
	w, err := run(t, "", "check", "definitions", "../../core/definition/messages")
	require.NoError(t, err)
	require.Empty(t, w.Out.String())
	require.Equal(t, "13 definition files, 0 problems\n", w.Err.String())
}

func TestDefinitions(t *testing.T) {
	dir := folder(t, map[string]string{
		"A.conf": "[n]\ntype = integer\nflags = optional\n[m]\nflags = forbidden, empty\n[k]\n",
		"B.conf": "[n]\ntype = int\nflags = optionnal\n", "x-y.conf": "", "notes.txt": "?", "sub/C.conf": "?",
	})
	w, err := run(t, "", "check", "definitions", dir)
	require.True(t, toolkit.IsSilent(err))
	require.Equal(t, toolkit.Data, toolkit.KindOf(err))
	lines := strings.Split(w.Out.String(), "\n")
	require.Len(t, lines, 4)
	require.True(t, strings.HasPrefix(lines[0], filepath.Join(dir, "B.conf")+`:2: unknown type "int"`), lines[0])
	require.True(t, strings.HasPrefix(lines[1], filepath.Join(dir, "B.conf")+`:3: unknown flag "optionnal"`), lines[1])
	require.True(t, strings.HasPrefix(lines[2], filepath.Join(dir, "x-y.conf")+`: the name of the file is not a command`), lines[2])
	require.Equal(t, "3 definition files, 3 problems\n", w.Err.String())

	w, err = run(t, "", "check", "definitions", "-vq", filepath.Join(dir, "A.conf"))
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "A.conf")+": A\n  n integer optional\n  m string forbidden,empty\n  k string required,empty\n", w.Out.String())
	require.Empty(t, w.Err.String())

	w, err = run(t, "", "check", "definitions", "--json", "-q", filepath.Join(dir, "A.conf"), filepath.Join(dir, "B.conf"))
	require.Error(t, err)
	lines = strings.Split(w.Out.String(), "\n")
	require.JSONEq(t, `{"v":1,"ok":true,"file":"`+filepath.Join(dir, "A.conf")+`","command":"A","parameters":[{"name":"n","type":"integer","flags":["optional"]},
		{"name":"m","type":"string","flags":["forbidden","empty"]},{"name":"k","type":"string","flags":["required","empty"]}]}`, lines[0])
	require.Contains(t, lines[1], `"ok":false`)
	require.Contains(t, lines[1], `{"line":2,"error":"unknown type \"int\"`)
}

func TestDefinitionsNotThere(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		kind toolkit.Kind
	}{
		{"no operand", nil, toolkit.Usage},
		{"an empty one", []string{""}, toolkit.Usage},
		{"no directory", []string{"/nonexistent"}, toolkit.NoInput},
		{"nothing in it", []string{t.TempDir()}, toolkit.NoInput},
		{"no definition file", []string{"check.go"}, toolkit.Data},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := run(t, "", append([]string{"check", "definitions"}, test.args...)...)
			require.Equal(t, test.kind, toolkit.KindOf(err), "%v", err)
		})
	}
}
