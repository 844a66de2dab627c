package arch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLeaksAreLookedFor: every package that is tested with a loop looks for goroutines that are left when its tests are done.
// Those with a transporttest.World do it after each test, and count descriptors, too.
func TestLeaksAreLookedFor(t *testing.T) {
	for _, under := range []string{"core/reactor", "core/watch", "transport/*"} {
		folders, err := filepath.Glob(filepath.Join("../..", under))
		require.NoError(t, err)
		require.NotEmpty(t, folders)
		for _, folder := range folders {
			files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
			require.NoError(t, err)
			var all strings.Builder
			for _, file := range files {
				text, err := os.ReadFile(file)
				require.NoError(t, err)
				all.Write(text)
			}
			if strings.Contains(all.String(), "core/reactor\"") {
				require.Contains(t, all.String(), "goleak.VerifyTestMain(m)", folder)
			}
		}
	}
}
