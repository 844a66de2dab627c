package tail

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxSpeed is more than any pause can be seen at.
const maxSpeed = 1e9

// parseSpeed reads "2x", "0.5", "max". 0 is without pauses.
func parseSpeed(text string) (float64, error) {
	if text == "max" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(strings.TrimSuffix(text, "x"), 64)
	if err != nil || !(n > 0) || n > maxSpeed {
		return 0, fmt.Errorf("%q is not a speed (like 1x, 2x, 0.5x, max)", text)
	}
	return n, nil
}

// longestGap is a century, as a number of nanoseconds: at a low speed a pause may come to more than a Duration can be.
const longestGap = 100 * 365 * 24 * float64(time.Hour)

// pacer says when each line of a recording is due. Each has a date that follows from the first one: a late line does not
// make the others late, and nothing adds up.
type pacer struct {
	speed  float64       // 0: no pauses
	maxGap time.Duration // longest pause of the recording, before speed; 0: any

	due  time.Time // of the last line
	last time.Time // its time in the recording; zero at the beginning of one
	late lateness
}

// lateness is what became of the dates.
type lateness struct {
	n     int
	sum   time.Duration
	worst time.Duration
}

// rewind begins the recording again; its first line is due at once.
func (p *pacer) rewind() { p.last = time.Time{} }

// next is when a line is due that has time t in the recording. One without a time, and one that is older than the line
// before, is due with that.
func (p *pacer) next(t, now time.Time) time.Time {
	if p.due.IsZero() {
		p.due = now
	}
	if t.IsZero() {
		return p.due
	}
	if !p.last.IsZero() && p.speed > 0 {
		gap := max(0, t.Sub(p.last))
		if p.maxGap > 0 {
			gap = min(gap, p.maxGap)
		}
		p.due = p.due.Add(time.Duration(min(float64(gap)/p.speed, longestGap)))
	}
	p.last = t
	return p.due
}

// wait waits until the line is due. Its error is the cause of ctx.
func (p *pacer) wait(ctx context.Context, t time.Time) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	due := p.next(t, time.Now())
	if early := time.Until(due); early > 0 && p.speed > 0 {
		timer := time.NewTimer(early)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if p.speed > 0 {
		p.late.note(time.Since(due))
	}
	return nil
}

func (l *lateness) note(d time.Duration) {
	d = max(0, d)
	l.n++
	l.sum += d
	l.worst = max(l.worst, d)
}

func (l *lateness) mean() time.Duration { return l.sum / time.Duration(max(1, l.n)) }
