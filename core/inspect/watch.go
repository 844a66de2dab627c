package inspect

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/ed-toolbox/ed/core/message"
)

// Defaults and bounds of WatchOptions.
const (
	DefaultBytes = 16 << 10 // of values in one record
	DefaultRate  = 20_000   // records a second
	DefaultQueue = 1 << 20  // bytes that wait for a watcher
	MaxQueue     = 64 << 20
)

// WatchOptions say what a watcher wants to see. The zero value is everything, within the bounds.
type WatchOptions struct {
	Filter []string // alternatives, see ParseFilter
	Sample uint64   // one, by chance, of every so many of those that pass; 0 and 1: each
	// Bytes bounds the values in each record; 0 is 16 KiB, negative hides all values.
	Bytes int
	// Rate bounds the records a second, so that watching never slows the watched; more are dropped and counted. 0 is
	// 20,000, negative no limit.
	Rate int
	// Queue bounds the bytes that wait for a watcher who does not read; more are dropped and counted. 0 is 1 MiB.
	Queue   int
	NoPairs bool // do not look for what answers what
}

// Message makes the WATCH that asks for it.
func (o WatchOptions) Message() *message.Message {
	m := message.New("WATCH")
	for i, text := range o.Filter {
		name := "filter"
		if i > 0 {
			name += strconv.Itoa(i + 1)
		}
		m.Set(name, text)
	}
	set := func(name string, n int64) {
		if n != 0 {
			m.SetInt(name, n)
		}
	}
	set("sample", int64(o.Sample))
	set("bytes", int64(o.Bytes))
	set("rate", int64(o.Rate))
	set("queue", int64(o.Queue))
	if o.NoPairs {
		m.SetBool("pairs", false)
	}
	return m
}

// ParseWatch reads a WATCH. Alternatives of the filter are its parameters filter, filter2, filter3 and so on.
func ParseWatch(m *message.Message) (WatchOptions, error) {
	var o WatchOptions
	for name, value := range m.Params() {
		if rest, ok := strings.CutPrefix(name, "filter"); ok && strings.Trim(rest, "0123456789") == "" {
			o.Filter = append(o.Filter, value)
		}
	}
	var err error
	number := func(name string, least, most int64) int64 {
		if err != nil || !m.Has(name) {
			return 0
		}
		var n int64
		if n, err = m.Int(name); err == nil && (n < least || n > most) {
			err = &message.ParamError{Command: m.Command(), Name: name, Value: strconv.FormatInt(n, 10),
				Reason: fmt.Sprintf("it goes from %d to %d", least, most)}
		}
		return n
	}
	o.Sample = uint64(number("sample", 0, 1<<62))
	o.Bytes = int(number("bytes", -1, 1<<20))
	o.Rate = int(number("rate", -1, min(1<<40, math.MaxInt)))
	o.Queue = int(number("queue", 0, MaxQueue))
	if m.Has("pairs") && err == nil {
		var pairs bool
		pairs, err = m.Bool("pairs")
		o.NoPairs = !pairs
	}
	return o, err
}
