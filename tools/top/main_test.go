package top

import (
	"os"
	"testing"

	"github.com/ed-toolbox/ed/transport/transporttest"
)

func TestMain(m *testing.M) {
	transporttest.Prepare()
	os.Exit(m.Run())
}
