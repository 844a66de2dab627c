package bench

import (
	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/bench/report"
)

// tally is what receivers say of one-way messages.
type tally struct {
	asked, known int // connections
	lost         uint64
	duplicated   uint64
	reordered    uint64
	response     *hdrhistogram.Histogram // from due to arrival; nil: nobody said
	service      *hdrhistogram.Histogram // from sent to arrival
}

// hear adds the answer about one connection, over which so many messages went.
func (t *tally) hear(m *message.Message, sent uint64) {
	t.known++
	number := func(name string) uint64 {
		n, err := m.Uint(name)
		if err != nil {
			return 0
		}
		return n
	}
	if got := number("received"); got < sent {
		t.lost += sent - got
	}
	t.duplicated += number("duplicated")
	t.reordered += number("reordered")
	t.response = merged(t.response, m, "response")
	t.service = merged(t.service, m, "service")
}

// merged adds the histogram in a parameter to h.
func merged(h *hdrhistogram.Histogram, m *message.Message, name string) *hdrhistogram.Histogram {
	text, ok := m.Get(name)
	if !ok {
		return h
	}
	other := report.Decode(text)
	switch {
	case other == nil:
	case h == nil:
		h = other
	default:
		h.Merge(other)
	}
	return h
}

// add puts the tally of another worker to t.
func (t *tally) add(o *tally) {
	if o == nil {
		return
	}
	t.asked += o.asked
	t.known += o.known
	t.lost += o.lost
	t.duplicated += o.duplicated
	t.reordered += o.reordered
	for _, h := range []struct{ to, from **hdrhistogram.Histogram }{{&t.response, &o.response}, {&t.service, &o.service}} {
		switch {
		case *h.from == nil:
		case *h.to == nil:
			*h.to = *h.from
		default:
			(*h.to).Merge(*h.from)
		}
	}
}

// sequence finds what is missing, doubled or out of order in a series of numbers.
type sequence struct {
	started    bool
	first      uint64
	high       uint64 // one more than the highest
	received   uint64 // different ones
	duplicated uint64
	reordered  uint64
	seen       [seenWords]uint64 // bits of the last numbers below high
}

const seenWords = 64 // 4,096 numbers

// verdict on a number.
type verdict uint8

const (
	inOrder   verdict = iota
	behind            // a higher one came before
	duplicate         // it came before
)

// near is the number closest to the next one that is n modulo m.
func (s *sequence) near(n, m uint64) uint64 {
	ahead := (n + m - s.high%m) % m
	if back := m - ahead; ahead >= m/2 && back <= s.high {
		return s.high - back
	}
	return s.high + ahead
}

// see takes the next number. What is further back than the bits go is taken for late, not for a duplicate.
func (s *sequence) see(n uint64) verdict {
	if !s.started {
		s.started, s.first, s.high = true, n, n
	}
	v := inOrder
	if n >= s.high {
		if n-s.high >= 64*seenWords {
			s.seen = [seenWords]uint64{}
		} else {
			for k := s.high; k < n; k++ {
				s.seen[k/64%seenWords] &^= 1 << (k % 64)
			}
		}
		s.high = n + 1
	} else {
		if s.high-n <= 64*seenWords && s.seen[n/64%seenWords]&(1<<(n%64)) != 0 {
			s.duplicated++
			return duplicate
		}
		s.reordered++
		v = behind
	}
	s.seen[n/64%seenWords] |= 1 << (n % 64)
	s.received++
	return v
}
