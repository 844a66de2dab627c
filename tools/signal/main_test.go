package signal_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain sees to it that no session, receiver or reader outlives its command.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
