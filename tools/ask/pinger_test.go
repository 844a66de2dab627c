package ask

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// While too many questions wait, a round that is due must not be waited for: that would be over at once, again and again.
func TestRoundsWaitForRoom(t *testing.T) {
	for _, tt := range []struct {
		name             string
		waiting, targets int
		due              bool
	}{
		{"room", maxWaiting - 2, 2, true},
		{"no room", maxWaiting - 1, 2, false},
		{"many targets", 0, maxWaiting + 1, true},
		{"many targets that were asked", 1, maxWaiting + 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &pinger{
				options: &pingOptions{Common: toolkit.Common{Timeout: time.Hour}, interval: time.Millisecond},
				targets: make([]*target, tt.targets), waiting: map[uint64]question{},
			}
			now := time.Now()
			for i := range tt.waiting {
				p.waiting[uint64(i)] = question{sent: now}
			}
			require.Equal(t, tt.due, p.due(now))
			require.Equal(t, !tt.due, p.until(now, true).After(now))
		})
	}
}
