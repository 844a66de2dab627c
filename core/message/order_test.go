package message_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/message"
)

// TestSorted compares with what a reader would do: names that share beginnings, of all lengths, up to the last byte of the text, few or
// many, and mistakes anywhere among them.
func TestSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`(a|ab|serial|transmission_)?[A-Za-z_][A-Za-z_0-9]{0,6}|[0-9]a`)
		var text strings.Builder
		var starts []uint32
		want, lines, most := -1, rapid.IntRange(1, 9).Draw(t, "lines"), rapid.IntRange(1, 9).Draw(t, "most")
		for range lines {
			text.WriteString("CMD")
			last := ""
			for i, name := range rapid.SliceOfN(name, 0, most).Draw(t, "names") {
				if rapid.IntRange(0, 20).Draw(t, "mistake") > 0 && name <= last {
					name = last + "a"
				}
				text.WriteByte(" ;"[min(i, 1)])
				wrong := i > 0 && name <= last || name[0] >= '0' && name[0] <= '9'
				if want < 0 && wrong {
					want = len(starts)
				}
				starts = append(starts, uint32(text.Len()))
				text.WriteString(name + "=" + rapid.SampledFrom([]string{"", "1", "=", "some value"}).Draw(t, "value"))
				last = name
			}
			text.WriteByte('\n')
		}
		if want < 0 {
			want = len(starts)
		}
		p := []byte(strings.TrimSuffix(text.String(), "\n"))
		good, keys := message.Sorted(p[:len(p):len(p)], starts)
		require.Equal(t, want, good, string(p))
		for i, key := range keys {
			name, _, _ := strings.Cut(string(p[starts[i]:]), "=")
			require.Equal(t, message.KeyOf(name), key, name)
		}
	})
}

// TestSortedBetweenVectors has the mistake where the name before is in another vector.
func TestSortedBetweenVectors(t *testing.T) {
	for _, text := range []string{"A a=;b=;c=;z=;y=\nB a=;b=;c=", "A a=;b=;c=;y=;y=\nB a=;b=;c="} {
		var starts []uint32
		for i := range text {
			if i > 0 && strings.IndexByte(" ;", text[i-1]) >= 0 {
				starts = append(starts, uint32(i))
			}
		}
		good, _ := message.Sorted([]byte(text+"\nC some=value"), starts)
		require.Equal(t, 4, good, text)
	}
}
