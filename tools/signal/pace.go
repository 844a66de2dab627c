package signal

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// catchUp is how far a pacer may fall behind and still make up for it. What a longer stall held back is not sent in one burst.
const catchUp = 100 * time.Millisecond

// pacer spreads sendings evenly. Each has a date; a late one goes at once and so does all that is due with it, so that a timer
// that overshoots, which all do by about a millisecond, costs nothing.
type pacer struct {
	interval time.Duration
	due      time.Time // of the next one; zero before the first

	now   func() time.Time
	sleep func(ctx context.Context, d time.Duration) error
}

// newPacer sends one each interval; 0 is without pause.
func newPacer(interval time.Duration) *pacer {
	return &pacer{interval: interval, now: time.Now, sleep: sleep}
}

// wait returns when the next one is due. Its error is the cause of ctx.
func (p *pacer) wait(ctx context.Context) error {
	if p.interval <= 0 {
		return context.Cause(ctx)
	}
	now := p.now()
	switch {
	case p.due.IsZero():
		p.due = now
	case now.Sub(p.due) > catchUp+p.interval:
		p.due = now.Add(-catchUp)
	}
	early := p.due.Sub(now)
	p.due = p.due.Add(p.interval)
	if early <= 0 {
		return context.Cause(ctx)
	}
	return p.sleep(ctx, early)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// maxRate is more than any network carries; over it an interval would round to nothing.
const maxRate = 1e8

// rateValue is the cli value behind --rate: N, N/s, N/m, N/h; or max.
type rateValue struct {
	text     string
	interval time.Duration
}

func (v *rateValue) String() string {
	if v == nil {
		return ""
	}
	return v.text
}

func (v *rateValue) Set(s string) error {
	interval, err := parseRate(s)
	if err != nil {
		return err
	}
	v.text, v.interval = s, interval
	return nil
}

// parseRate returns the time between two messages.
func parseRate(s string) (time.Duration, error) {
	if s == "max" {
		return 0, nil
	}
	number, unit, found := strings.Cut(s, "/")
	per := time.Second
	if found {
		switch unit {
		case "s":
		case "m":
			per = time.Minute
		case "h":
			per = time.Hour
		default:
			return 0, fmt.Errorf("%q is not a rate (like 100/s, 5/m, max)", s)
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n > 0) || n > maxRate || per.Seconds()/n > 1e9 {
		return 0, fmt.Errorf("%q is not a rate (like 100/s, 5/m, max)", s)
	}
	return time.Duration(float64(per) / n), nil
}
