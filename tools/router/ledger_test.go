package router

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/transport"
)

// wire is a connection of which a test says how much went.
type wire struct {
	transport.Conn
	out, unacked uint64
	blind        bool
	full         error
}

func (w *wire) Write([]byte) error        { return w.full }
func (w *wire) Stats() transport.Stats    { return transport.Stats{BytesOut: w.out} }
func (w *wire) Lend() []byte              { return nil }
func (w *wire) Commit([]byte)             {}
func (w *wire) Unacked() (n int, ok bool) { return int(w.unacked), !w.blind }

func TestLedger(t *testing.T) {
	broken := errors.New("reset")
	tests := map[string]struct {
		ours, theirs      int // messages of 10 bytes, theirs between ours
		out, unacked      uint64
		err               error
		queued, uncertain int
	}{
		"nothing":                          {0, 0, 0, 0, broken, 0, 0},
		"all went, good end":               {5, 0, 50, 0, nil, 0, 0},
		"all went, the end was bad":        {5, 0, 50, 0, broken, 0, 5},
		"not acknowledged":                 {5, 0, 50, 20, nil, 0, 2},
		"part of one is not acknowledged":  {5, 0, 50, 11, nil, 0, 2},
		"two wait":                         {5, 0, 30, 0, nil, 2, 0},
		"half of one went":                 {5, 0, 35, 0, nil, 2, 0},
		"two wait, two in doubt":           {5, 0, 30, 20, nil, 2, 2},
		"two wait, three in doubt":         {5, 0, 30, 0, broken, 2, 3},
		"nothing went":                     {5, 0, 0, 0, broken, 5, 0},
		"others' messages are not counted": {3, 2, 20, 0, broken, 2, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := &wire{}
			l := &ledger{Conn: w}
			for i := range tt.ours + tt.theirs {
				if i%2 == 0 || i >= 2*tt.theirs {
					l.coming = 1
				}
				require.NoError(t, l.Write(make([]byte, 10)))
			}
			require.Equal(t, tt.ours, int(l.taken))
			w.full, l.coming = transport.ErrFull, 1
			require.ErrorIs(t, l.Write(make([]byte, 10)), transport.ErrFull, "what was refused is not counted")
			w.out, w.unacked = tt.out, tt.unacked
			queued, uncertain := l.lost(tt.err == nil)
			require.Equal(t, []int{tt.queued, tt.uncertain}, []int{queued, uncertain})
		})
	}
}

// TestLedgerForgets: what is long ago or far behind is taken for read, and a client at rest holds no memory.
func TestLedgerForgets(t *testing.T) {
	w := &wire{}
	l := &ledger{Conn: w}
	text := make([]byte, 100)
	send := func(n int) {
		for range n {
			l.coming = 1
			if l.Write(text) != nil {
				t.Fatal("write failed")
			}
			w.out += 100
		}
	}
	send(100_000)
	require.LessOrEqual(t, len(l.list), 8*fine, "the ring follows what is in doubt, not what was sent")
	_, uncertain := l.lost(false)
	require.InDelta(t, doubtBytes/100, uncertain, doubtBytes/100/fine+1)
	l.sweep()
	require.NotZero(t, l.pending())
	l.sweep()
	l.sweep()
	require.Zero(t, l.pending())
	require.Nil(t, l.list)
	send(1)
	w.unacked = 100
	for range 3 {
		l.sweep()
	}
	require.Equal(t, 1, l.pending(), "what was never acknowledged stays in doubt")
	blind := &ledger{Conn: &struct{ transport.Conn }{w}, coming: 1}
	require.NoError(t, blind.Write(make([]byte, 10)))
	require.NotPanics(t, func() { blind.sweep() })
}

// TestLedgerAgainstModel: whatever is written, lent, taken and forgotten, the counts are those of a list that forgets nothing: to
// one message about those that were marked, within a stretch about the others.
func TestLedgerAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &wire{}
		l := &ledger{Conn: w}
		l.lender = w
		var ends []uint64 // of our messages
		marked := map[int]bool{}
		given, room := uint64(0), 0
		settle := func() {
			if room > 0 {
				l.Commit(make([]byte, room))
			}
			room = 0
		}
		for _, n := range rapid.SliceOfN(rapid.IntRange(-50, 200), 0, 300).Draw(t, "steps") {
			switch {
			case n == 0:
				settle()
				l.forget()
			case n < 0: // the kernel takes so much
				settle()
				w.out = min(given, w.out+uint64(-n*20))
				w.unacked = min(w.unacked+uint64(-n), w.out)
			default:
				if n%3 != 0 {
					l.coming = 1
					ends = append(ends, given+uint64(n))
				}
				if n%2 == 0 { // in the room that is lent
					room += n
					l.sent()
				} else if settle(); l.Write(make([]byte, n)) != nil {
					t.Fatal("write failed")
				}
				given, l.coming = given+uint64(n), 0
				if n%3 == 1 {
					settle()
					l.end()
					marked[len(ends)] = true
				}
			}
		}
		settle()
		queued, uncertain := l.lost(true)
		total := len(ends)
		gone, sure := 0, 0
		for i, end := range ends {
			if end <= w.out {
				gone++
			}
			if end <= w.out-w.unacked {
				sure++
			}
			if marked[i+1] {
				require.Equal(t, end > w.out, i >= total-queued, "marked message %d in queue", i)
				require.Equal(t, end > w.out-w.unacked, i >= total-queued-uncertain, "marked message %d in doubt", i)
			}
		}
		require.InDelta(t, total-gone, queued, float64(within(l, ends, w.out)))
		require.InDelta(t, total-sure, queued+uncertain, float64(within(l, ends, w.out-w.unacked)))
	})
}

// within is how many of the messages that end at these places do so in the stretch of the ledger that holds a place.
func within(l *ledger, ends []uint64, place uint64) (n int) {
	from := l.base
	for i := range l.count {
		to := from + uint64(l.list[(l.head+i)&(len(l.list)-1)].bytes)
		if from < place && place < to {
			for _, end := range ends {
				if from < end && end <= to {
					n++
				}
			}
		}
		from = to
	}
	return n
}
