package tlsconn

import (
	"runtime"

	"github.com/ed-toolbox/ed/core/reactor"
)

const (
	plainSize = 144 << 10 // a whole read of the engine below, decrypted, fits
	smallest  = 1 << 10   // of the queues' buffers
	keepSize  = 64 << 10  // larger ones are not kept
	keepBytes = 1 << 20   // of all kept ones
)

// local is what the connections of one loop share.
type local struct {
	*reactor.Loop
	plain  []byte        // what was decrypted, for the current callback only
	cipher []byte        // what was encrypted, for the current call only
	gate   chan struct{} // one token for each handshake that computes
	free   [][]byte      // buffers for queues
	kept   int           // bytes in free
}

type localKey struct{}

// localOf makes half of the processors the most that handshakes may use at a time: a loop that serves others waits for
// a processor when it is woken, and a thousand clients that knock at once must not stand in line before it.
func localOf(l *reactor.Loop) *local {
	return l.Local(localKey{}, func() any {
		return &local{Loop: l, plain: make([]byte, plainSize), gate: make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2))}
	}).(*local)
}

// get returns an empty buffer for at least n bytes.
func (l *local) get(n int) []byte {
	if last := len(l.free) - 1; last >= 0 && cap(l.free[last]) >= n {
		b := l.free[last]
		l.free = l.free[:last]
		l.kept -= cap(b)
		return b
	}
	return make([]byte, 0, max(n, smallest))
}

// put takes a buffer back.
func (l *local) put(b []byte) {
	if cap(b) <= keepSize && l.kept+cap(b) <= keepBytes {
		l.free = append(l.free, b[:0])
		l.kept += cap(b)
	}
}
