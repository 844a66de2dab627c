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
				l.ours = i%2 == 0 || i >= 2*tt.theirs
				require.NoError(t, l.Write(make([]byte, 10)))
			}
			require.Equal(t, tt.ours, l.rules)
			w.full = transport.ErrFull
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
	l := &ledger{Conn: w, ours: true}
	send := func(n int) {
		for range n {
			require.NoError(t, l.Write(make([]byte, 100)))
			w.out += 100
		}
	}
	send(100_000)
	require.LessOrEqual(t, len(l.lengths), 2*doubtBytes/100*2, "the ring follows what is in doubt, not what was sent")
	_, uncertain := l.lost(false)
	require.InDelta(t, doubtBytes/100, uncertain, 1)
	l.sweep()
	require.NotZero(t, l.rules)
	l.sweep()
	l.sweep()
	require.Zero(t, l.rules)
	require.Nil(t, l.lengths)
	send(1)
	w.unacked = 100
	for range 3 {
		l.sweep()
	}
	require.Equal(t, 1, l.rules, "what was never acknowledged stays in doubt")
	blind := &ledger{Conn: &struct{ transport.Conn }{w}, ours: true}
	require.NoError(t, blind.Write(make([]byte, 10)))
	require.NotPanics(t, func() { blind.sweep() })
}

// TestLedgerAgainstModel: whatever is written, taken and forgotten, the counts are those of a list that forgets nothing,
// but for what was forgotten for good reason.
func TestLedgerAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &wire{}
		l := &ledger{Conn: w}
		var ends []uint64 // of our messages
		given := uint64(0)
		for _, n := range rapid.SliceOfN(rapid.IntRange(-50, 200), 0, 300).Draw(t, "steps") {
			switch {
			case n == 0:
				l.forget()
			case n < 0: // the kernel takes so much
				w.out = min(given, w.out+uint64(-n*20))
				w.unacked = min(w.unacked+uint64(-n), w.out)
			default:
				l.ours = n%3 != 0
				if l.Write(make([]byte, n)) != nil {
					t.Fatal("write failed")
				}
				given += uint64(n)
				if l.ours {
					ends = append(ends, given)
				}
			}
		}
		queued, uncertain := 0, 0
		for _, end := range ends {
			switch {
			case end > w.out:
				queued++
			case end > w.out-w.unacked:
				uncertain++
			}
		}
		q, u := l.lost(true)
		if q != queued || u != uncertain {
			t.Fatalf("lost %d %d, model %d %d", q, u, queued, uncertain)
		}
	})
}
