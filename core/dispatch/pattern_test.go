package dispatch_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/dispatch"
)

func TestGlobAlone(t *testing.T) {
	g, err := dispatch.NewGlob("/etc/*.[a-c]?")
	require.NoError(t, err)
	require.Equal(t, "/etc/*.[a-c]?", g.String())
	require.True(t, g.Match([]byte("/etc/x/y.cz")))
	require.False(t, g.Match([]byte("/etc/x/y.dz")))

	_, err = dispatch.NewGlob("a[b")
	require.ErrorContains(t, err, "not closed")

	var zero dispatch.Glob
	require.True(t, zero.Match(nil))
	require.False(t, zero.Match([]byte("A")))
	require.Empty(t, zero.String())
}

func TestGlobThatMatchesNoCommand(t *testing.T) {
	for pattern, problem := range map[string]string{
		"AZ*_?09": "", "[a-z]": "", "": "the command is empty", "A[": "not closed",
		"Az": "they are in capitals: AZ", "a": "they are in capitals: A", "A-B": `'-' cannot be in one`,
	} {
		_, err := dispatch.CommandGlob(pattern)
		if problem == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, problem, pattern)
		}
	}
}
