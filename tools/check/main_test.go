package check_test

import (
	"os"
	"testing"

	"github.com/ed-toolbox/ed/transport/transporttest"
)

func TestMain(m *testing.M) {
	transporttest.ShortPaths()
	os.Exit(m.Run())
}
