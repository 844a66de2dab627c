package inspect

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ed-toolbox/ed/core/message"
)

// SpreadOf is what a meter says of these times.
func SpreadOf(times []time.Duration) Spread {
	var h *hdrhistogram.Histogram
	for _, d := range times {
		record(&h, d)
	}
	return spread(h)
}

// Shown is what a watcher sees of a message, with how many values were hidden and whether some were cut.
func Shown(m *message.Message, limit int) (text string, hidden int, cut bool) {
	dst, sh := secrets{}.appendShown([]byte("#"), m, limit)
	return string(dst[1:]), sh.hidden, sh.cut
}

// Broken is what a watcher sees of a line that is no message.
func Broken(line string) (string, bool) {
	text, hidden := brokenText([]byte(line))
	return string(text), hidden
}

// ErrorText is what a watcher sees of an error about a message.
func ErrorText(m *message.Message, text string) string { return secrets{}.errorText(m, text) }

// PairsKept is how many questions and links the search for pairs remembers.
func PairsKept(t *Tracer) (questions, links int) {
	return len(t.pairs.young) + len(t.pairs.old), len(t.pairs.links)
}

// QueueMemory is what the queue of a watcher holds, in bytes.
func QueueMemory(w *Watcher) int { return cap(w.queue.text) }

// NamesKept is how many names of parameters the tracer remembers.
func NamesKept(t *Tracer) int { return len(t.secrets) }
