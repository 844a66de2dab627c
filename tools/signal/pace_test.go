package signal

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// slept is a clock that moves when somebody sleeps, and oversleeps by late.
type slept struct {
	at   time.Time
	late time.Duration
	naps int
}

func (c *slept) now() time.Time { return c.at }

func (c *slept) sleep(_ context.Context, d time.Duration) error {
	c.at = c.at.Add(d + c.late)
	c.naps++
	return nil
}

func pacerOn(c *slept, interval time.Duration) *pacer {
	return &pacer{interval: interval, now: c.now, sleep: c.sleep}
}

// TestPaceHoldsTheRate though every sleep takes a millisecond too long: what is due goes together.
func TestPaceHoldsTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		interval := time.Duration(rapid.IntRange(int(time.Microsecond), int(50*time.Millisecond)).Draw(t, "interval"))
		late := time.Duration(rapid.IntRange(0, int(2*time.Millisecond)).Draw(t, "late"))
		c := &slept{at: time.Unix(0, 0), late: late}
		p := pacerOn(c, interval)
		const n = 500
		for i := range n {
			require.NoError(t, p.wait(t.Context()))
			due := time.Unix(0, 0).Add(time.Duration(i) * interval)
			if c.at.Before(due) || c.at.Sub(due) > late+interval {
				t.Fatalf("message %d went %v after it was due", i, c.at.Sub(due))
			}
		}
		if late > interval && c.naps > n*int(interval)/int(late)+n/2 {
			t.Fatalf("%d naps", c.naps)
		}
	})
}

// TestPaceAfterAStall makes up for a little, not for all.
func TestPaceAfterAStall(t *testing.T) {
	c := &slept{at: time.Unix(0, 0)}
	p := pacerOn(c, 10*time.Millisecond)
	require.NoError(t, p.wait(t.Context()))
	c.at = c.at.Add(time.Hour)
	atOnce := 0
	for c.naps == 0 {
		require.NoError(t, p.wait(t.Context()))
		atOnce++
	}
	require.Equal(t, 12, atOnce, "a tenth of a second's worth, the one due now, and the one that slept")
}

func TestPaceEndsWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := context.DeadlineExceeded
	cancel(cause)
	require.ErrorIs(t, newPacer(0).wait(ctx), cause)
	p := newPacer(time.Hour)
	require.ErrorIs(t, p.wait(ctx), cause)
	require.ErrorIs(t, p.wait(ctx), cause)
}

func TestRequestsHoldTheRate(t *testing.T) {
	w := toolkittest.New(t)
	w.Dial = func(context.Context, address.Address, toolkit.DialOptions) (toolkit.Session, error) {
		return &toolkittest.Session{Reply: func(m *message.Message) []*message.Message { return []*message.Message{m.Reply("GOT")} }}, nil
	}
	start := time.Now()
	require.NoError(t, w.Run(t.Context(), RequestCommand, "request", "tcp://127.0.0.1:1", "--rate=20/s", "A", "B"))
	require.GreaterOrEqual(t, time.Since(start), 50*time.Millisecond)
}

func TestParseRate(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"100": 10 * time.Millisecond, "100/s": 10 * time.Millisecond, "30/m": 2 * time.Second, "2/h": 30 * time.Minute,
		"0.5/s": 2 * time.Second, "max": 0, "1e3": time.Millisecond,
	} {
		got, err := parseRate(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "s", "/s", "-1", "0", "NaN", "Inf", "1e300", "1e-300", "5/", "5/ms", "5 /s"} {
		_, err := parseRate(text)
		require.Error(t, err, text)
	}
}
