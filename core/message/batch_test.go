package message_test

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/message"
)

// streams draws streams of lines: as AppendText writes them, with more lines and parameters than a batch or a message has room for, and
// with mistakes; the last line may lack its end.
func streams() *rapid.Generator[[]byte] {
	name := rapid.StringMatching(`(a|ab|serial|transmission_)?[A-Za-z_][A-Za-z_0-9]{0,3}`)
	value := rapid.OneOf(rapid.SampledFrom([]string{"", "x", "\"; \"", "é", "x ", `\n`, `"`, "=", "x\x00"}), rapid.StringMatching(`[a-z ]{0,80}x`))
	params := rapid.Custom(func(t *rapid.T) string {
		names := rapid.SliceOfNDistinct(name, 0, rapid.SampledFrom([]int{1, 3, 13, 40}).Draw(t, "most"), rapid.ID).Draw(t, "names")
		if rapid.IntRange(0, 9).Draw(t, "unsorted") > 0 {
			slices.Sort(names)
		}
		var list []string
		for _, name := range names {
			list = append(list, name+"="+value.Draw(t, "value"))
		}
		return strings.TrimSuffix(" "+strings.Join(list, ";"), " ")
	})
	head := rapid.SampledFrom([]string{"A", "COMMAND", "COMMAND", "s/LOCK", "<n:s m:t/LOCK", "<:s A", "9", "a", " A", "\tA", "", "<n A", "s:A", "?/A", "1=2"})
	line := rapid.Custom(func(t *rapid.T) string {
		return head.Draw(t, "head") + params.Draw(t, "params") + rapid.SampledFrom([]string{"\n", "\n", "\n", "\n\n", "\r\n", " \n"}).Draw(t, "end")
	})
	whole := rapid.OneOf(line, line, line, rapid.SampledFrom([]string{
		strings.Repeat("A\n", 129), strings.Repeat("A a=1;b=2;c=3;d=4;e=5\n", 103), "A" + numbered(512) + "\n", "A" + numbered(513) + "\nB a=1\n", numbered(11) + "\n",
		"A" + numbered(12) + "\n" + "A" + numbered(13) + "\n", strings.Repeat("\n", 200), "{\"command\":\"A\",\"parameters\":{\"a\":1}}\n", "{}\n", "A b=1;a=2\n", "A a=1;a=2\n",
	}))
	return rapid.Custom(func(t *rapid.T) []byte {
		text := strings.Join(rapid.SliceOfN(whole, 0, 30).Draw(t, "lines"), "")
		return []byte(text[:len(text)-min(len(text), rapid.SampledFrom([]int{0, 0, 1, 2, 9}).Draw(t, "cut"))])
	})
}

// numbered is that many parameters.
func numbered(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("p%03d=%d", i, i)
	}
	return " " + strings.Join(list, ";")
}

// got is what became of one line.
type got struct {
	line string
	m    *message.Message
	err  error
}

// fickle is a receiver that has enough at any time, also before the first line, and leaves lines of a batch to OnLine. It keeps clones.
type fickle struct {
	t    *rapid.T
	m    *message.Message
	rest []byte // of the drawn numbers that say when
	list []got
	over bool // it had enough, and must not be called
}

func (f *fickle) next() byte {
	if len(f.rest) == 0 {
		return 255
	}
	c := f.rest[0]
	f.rest = f.rest[1:]
	return c
}

func (f *fickle) enough(is bool) bool {
	require.False(f.t, f.over, "called after it had enough")
	f.over = is
	return !is
}

func (f *fickle) take(line []byte, err error) {
	require.False(f.t, f.over, "called after it had enough")
	for _, name := range []string{"a", "p511", "serial"} { // with what the batch knows, which a clone does not have
		value, found := f.m.Get(name)
		again, also := f.m.Clone().Get(name)
		require.True(f.t, value == again && found == also)
	}
	f.list = append(f.list, got{string(line), f.m.Clone(), err})
	// What is appended to something borrowed must not be written over the next line.
	value, _ := f.m.Lookup("a")
	verbatim, text := f.m.Verbatim()
	for _, borrowed := range [][]byte{line, value, f.m.CommandBytes(), f.m.ServerBytes(), verbatim, text} {
		_ = append(borrowed, "~~"...)
	}
}

func (f *fickle) OnMessages(b *message.Batch) bool {
	for n := f.next(); n > 9; n-- {
		if !b.Next() {
			return f.enough(f.next()%8 == 0)
		}
		f.take(b.Line(), nil)
	}
	return f.enough(f.next()%2 == 0)
}

func (f *fickle) OnLine(line []byte, err error) bool {
	f.take(line, err)
	return f.enough(f.next()%4 == 0)
}

// TestDecodeIsLineByLine: whatever the portions, and whenever the receiver has enough, each line is handed on once, and means what it
// means alone; nothing that was cloned changes when its bytes do.
func TestDecodeIsLineByLine(t *testing.T) {
	stream := streams()
	rapid.Check(t, func(t *rapid.T) {
		text := stream.Draw(t, "stream")
		require.True(t, message.Alike(text))
		o := message.DecoderOptions{
			Limit:    rapid.SampledFrom([]int{1, 6, 12, 100, 3000, 0, math.MaxInt}).Draw(t, "limit"),
			Oversize: rapid.SampledFrom([]message.Oversize{message.Skip, message.Close}).Draw(t, "oversize"),
		}
		want, long := lineByLine(text, o)
		f := &fickle{t: t, m: &message.Message{}, rest: rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "enough")}
		d, dropped, closed := message.NewDecoder(o), 0, false
		tally := func(err error) {
			if err != nil && !closed {
				dropped += err.(*message.TooLongError).Lines
				closed = o.Oversize == message.Close
			}
		}
		feed := func(p []byte) {
			f.over = false
			p = bytes.Clone(p)
			tally(d.Decode(p, f.m, f))
			for i := range p {
				p[i] = '~'
			}
		}
		finish := func() {
			f.over = false
			tally(d.Finish(func(line []byte) bool { return f.OnLine(line, f.m.Decode(line)) }))
		}
		portions := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 2, 63, 64, 65, 1000, 100_000}), 1, 9).Draw(t, "portions")
		for i, rest := 0, text; len(rest) > 0; i++ {
			n := min(len(rest), max(portions[i%len(portions)], i%2)) // not 0 for ever
			feed(rest[:n])
			rest = rest[n:]
		}
		for finish(); d.Held() > 0; finish() {
			feed(nil)
		}
		require.Equal(t, long, dropped)
		require.Len(t, f.list, len(want))
		for i, w := range want {
			g := f.list[i]
			require.Equal(t, w.line, g.line)
			require.Equal(t, w.err, g.err, "%q", w.line)
			require.True(t, w.m.Equal(g.m), "%q", w.line)
			require.Equal(t, w.m.Canonical(), g.m.Canonical(), "%q", w.line)
			require.Equal(t, w.m.String(), g.m.String())
		}
	})
}

// lineByLine is what a decoder is to do, and how many lines are too long.
func lineByLine(text []byte, o message.DecoderOptions) (list []got, long int) {
	limit := o.Limit
	if limit == 0 {
		limit = message.DefaultLimit
	}
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		line = bytes.TrimSuffix(line, []byte("\r"))
		switch {
		case len(line) == 0:
		case len(line) <= limit:
			m := &message.Message{}
			err := m.DecodeSlowly(bytes.Clone(line))
			list = append(list, got{string(line), m, err})
		default:
			if long++; o.Oversize == message.Close {
				return list, long
			}
		}
	}
	return list, long
}

// refuser is a receiver that has enough before the first line.
type refuser struct{ lines int }

func (r *refuser) OnMessages(*message.Batch) bool { return false }

func (r *refuser) OnLine([]byte, error) bool {
	r.lines++
	return true
}

func TestReceiverHasEnoughAtOnce(t *testing.T) {
	if !message.Wide {
		return // there are no batches
	}
	var d message.Decoder
	var m message.Message
	var r refuser
	require.NoError(t, d.Decode([]byte("A\nB\n"), &m, &r))
	require.Zero(t, r.lines)
	require.Equal(t, 4, d.Held())
}

// keeper keeps the batch.
type keeper struct{ b *message.Batch }

func (k *keeper) OnMessages(b *message.Batch) bool {
	k.b = b
	return !b.Next()
}

func (k *keeper) OnLine([]byte, error) bool { return true }

// A batch that is kept has no more lines.
func TestBatchIsOver(t *testing.T) {
	if !message.Wide {
		return // there are no batches
	}
	var d message.Decoder
	var m message.Message
	var k keeper
	require.NoError(t, d.Decode([]byte("A\nB\n"), &m, &k))
	require.False(t, k.b.Next())
	require.Equal(t, "A", m.Command())
}

// TestLinesInPortions: lines that come in portions of many connections cost no memory each, and one that waits for the rest of a short one
// does not hold on to what a long one needed.
func TestLinesInPortions(t *testing.T) {
	if !message.Wide {
		return // without a batch nothing is kept
	}
	const connections = 5
	stream := []byte(strings.Repeat("STATUS pad="+strings.Repeat("v", 1000)+"\n", 101))
	var m message.Message
	decoders := make([]message.Decoder, connections)
	lines := 0
	to := receiver(func([]byte, error) bool { lines++; return true })
	round := func() {
		for at := 0; at < len(stream); at += 8000 {
			for i := range decoders {
				if err := decoders[i].Decode(stream[at:min(at+8000, len(stream))], &m, to); err != nil {
					t.Error(err)
				}
			}
		}
	}
	round()
	require.Less(t, testing.AllocsPerRun(10, round), 3*connections*float64(len(stream)/8000)/10, "few of the lines")
	require.Equal(t, 12*connections*101, lines)

	long := []byte("A a=" + strings.Repeat("v", 60_000))
	before := heap()
	waiting := make([]message.Decoder, 200)
	for i := range waiting {
		require.NoError(t, waiting[i].Decode(long, &m, to))
		require.NoError(t, waiting[i].Decode([]byte("\nB b="), &m, to))
		require.Equal(t, 4, waiting[i].Held())
	}
	require.Less(t, heap()-before, int64(2<<20))
	runtime.KeepAlive(waiting)
}

// heap is how much memory is in use.
func heap() int64 {
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}
