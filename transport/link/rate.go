package link

import "time"

// Rate limits what goes one way over one link. What was not used is saved up for up to Burst, and then goes at once. A
// message larger than what is left passes, and is paid for by waiting afterwards. The zero value limits nothing.
type Rate struct {
	Messages int           // a second; 0: any number
	Bytes    int           // a second, with line ends; 0: any number
	Burst    time.Duration // 0 means 1 s: at most Messages and Bytes at once
}

// pace keeps to a Rate. It is a pair of token buckets, kept as the time at which each will be full again: a bucket
// is empty while that is Burst or more away.
type pace struct {
	message, byte float64 // what one takes to come back, in ns; 0: no limit
	burst         int64   // ns
	full          [2]int64
}

func newPace(r Rate) pace {
	p := pace{burst: int64(r.Burst)}
	if p.burst <= 0 {
		p.burst = int64(time.Second)
	}
	if r.Messages > 0 {
		p.message = float64(time.Second) / float64(r.Messages)
	}
	if r.Bytes > 0 {
		p.byte = float64(time.Second) / float64(r.Bytes)
	}
	return p
}

// wait is how long nothing may go; 0 or less means now is good.
func (p *pace) wait(now int64) time.Duration {
	return time.Duration(max(p.full[0], p.full[1]) - p.burst + 1 - now)
}

// take notes that n bytes of one message went.
func (p *pace) take(now int64, n int) {
	p.full[0] = max(p.full[0], now) + int64(p.message)
	p.full[1] = max(p.full[1], now) + int64(p.byte*float64(n))
}
