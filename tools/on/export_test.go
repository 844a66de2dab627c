package on

import (
	"time"

	"github.com/ed-toolbox/ed/core/message"
)

// NextTimes gives the first n times of a spec after now.
func NextTimes(text string, now time.Time, n int) (every time.Duration, times []time.Time, err error) {
	s, err := parseSpec(text, now)
	if err != nil || s.every > 0 {
		return s.every, nil, err
	}
	for range n {
		next, ok := s.next(now)
		if !ok {
			break
		}
		times, now = append(times, next), next
	}
	return 0, times, nil
}

// ExpandBraces is expandBraces.
func ExpandBraces(pattern string) ([]string, bool) { return expandBraces(pattern) }

// MessageFor is the message of --send for the change of a file.
func MessageFor(text, path string) (*message.Message, error) {
	t, err := newMessageTemplate(text, func(m *message.Message) { m.SetSentFrom("host", "ed_on") })
	if err != nil {
		return nil, err
	}
	return t.render(&event{Kind: kindFile, Event: "create", Path: path, Name: "name", Count: 1, N: 7, Paths: []string{path}})
}
