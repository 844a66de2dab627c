package link

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/message"
)

// maxPauses is how many pauses a list may have: as many as the C++ library takes.
const maxPauses = 254

// Pauses is how long a Permanent waits between attempts to connect, one after the other; the last one is repeated. If
// the first is negative, that long is also waited before the very first attempt. A first pause of 0 is left out, and as
// the only one means that there is one attempt.
type Pauses []time.Duration

// ParsePauses reads a list as it is written in settings: durations with commas between them, "1,2,4,5m". An empty text
// is an empty list: pauses that double. It accepts what message.ParseDuration does.
func ParsePauses(text string) (Pauses, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	parts := strings.Split(text, ",")
	if len(parts) > maxPauses {
		return nil, fmt.Errorf("parse pauses: there are %d, and at most %d are possible", len(parts), maxPauses)
	}
	list := make(Pauses, len(parts))
	for i, part := range parts {
		d, err := message.ParseDuration(part)
		if err == nil && d == 0 && i > 0 {
			err = errors.New("only the first one can be 0")
		}
		if err != nil {
			return nil, fmt.Errorf("parse pause %d, %q: %w", i+1, part, err)
		}
		if i > 0 {
			d = d.Abs()
		}
		list[i] = d
	}
	return list, nil
}

// String writes the list as ParsePauses reads it.
func (p Pauses) String() string {
	parts := make([]string, len(p))
	for i, d := range p {
		parts[i] = d.String()
	}
	return strings.Join(parts, ",")
}

// schedule says how long to wait before the next attempt.
type schedule struct {
	list     Pauses
	min, max time.Duration
	random   func() float64
	n        int // pauses so far since the sequence began
}

func newSchedule(o *PermanentOptions) schedule {
	s := schedule{list: o.Pauses, min: o.MinPause, max: o.MaxPause, random: o.Random}
	if s.random == nil {
		s.random = rand.Float64
	}
	return s
}

// first is the wait before the first attempt.
func (s *schedule) first() time.Duration {
	if len(s.list) > 0 && s.list[0] < 0 {
		return -s.list[0]
	}
	return 0
}

// restart begins the sequence again.
func (s *schedule) restart() { s.n = 0 }

// steady is how long a connection must be good for before the sequence begins again: as long as its first pause.
func (s *schedule) steady() time.Duration {
	if len(s.list) == 0 {
		return s.min
	}
	return s.at(0)
}

// at is the i-th pause of a list.
func (s *schedule) at(i int) time.Duration {
	if len(s.list) > 1 && s.list[0] <= 0 {
		i++
	}
	return s.list[min(i, len(s.list)-1)].Abs()
}

// next is the next pause; false means that there is no further attempt. Pauses that double are drawn from 0 to their
// length ("full jitter"), so that the clients of a server that restarts do not all come back at once.
func (s *schedule) next() (time.Duration, bool) {
	n := s.n
	s.n++
	if len(s.list) > 0 {
		d := s.at(n)
		return d, d > 0
	}
	d := s.max
	if n < 62 && s.min < s.max>>n {
		d = s.min << n
	}
	return time.Duration((1 - s.random()) * float64(d)), true
}
