package dgram_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/transport/transporttest"
)

func TestMain(m *testing.M) {
	transporttest.Prepare()
	goleak.VerifyTestMain(m)
}
