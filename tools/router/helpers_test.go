package router

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func write(t testing.TB, path, text string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// roleVariable makes the test binary play a part: see play.
const roleVariable = "ED_ROUTER_TEST_ROLE"

// play is the whole of a child process of the tests.
func play(string) {}
