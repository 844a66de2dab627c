package signal_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/ed-toolbox/ed/transport/transporttest"
)

// TestMain sees to it that no session, receiver or reader outlives its command.
func TestMain(m *testing.M) {
	transporttest.Prepare()
	goleak.VerifyTestMain(m)
}
