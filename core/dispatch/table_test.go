package dispatch

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestTable holds the table against a map. Few letters and all lengths make commands that are nearly the same.
func TestTable(t *testing.T) {
	command := rapid.OneOf(rapid.StringMatching(`[AB]{0,20}`), rapid.StringMatching(`A{0,9}B{0,9}C{0,9}`), rapid.StringMatching(`[A-Z_]{1,40}`))
	rapid.Check(t, func(t *rapid.T) {
		var found table
		want := map[string][]*entry{}
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			name := command.Draw(t, "command")
			require.Equal(t, want[name], found.get([]byte(name)), name)
			if name == "" {
				continue // no entry has an empty command
			}
			if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
				delete(want, name)
				found.set(name, nil)
			} else {
				want[name] = []*entry{{name: name}}
				found.set(name, want[name])
			}
		}
		for name := range want {
			require.Equal(t, want[name], found.get([]byte(name)), name)
		}
		require.LessOrEqual(t, len(found.records), len(want))
		require.Len(t, found.commands(), len(want))
		require.True(t, slices.IsSorted(found.commands()))
	})
}

// Commands that differ in one byte, at every place and length.
func TestTableSeesEveryByte(t *testing.T) {
	for n := 1; n <= 40; n++ {
		for i := range n {
			var found table
			name := bytes.Repeat([]byte("A"), n)
			found.set(string(name), []*entry{{}})
			name[i] = 'B'
			require.Nil(t, found.get(name), "byte %d of %d", i, n)
		}
	}
}

// Commands that share a slot and one of the two words are others.
func TestTableComparesBothWords(t *testing.T) {
	var found table
	found.set("AAAKLMNOPAAA", []*entry{{}}) // bytes 3 to 8 are in the upper word, the first and the last four in the lower one
	shared := map[string]int{}
	for i := range 26 * 26 * 26 {
		three := string([]byte{'A' + byte(i/676), 'A' + byte(i/26%26), 'A' + byte(i%26)})
		for kind, name := range map[string]string{"low": three + "KLMNOPAAA", "high": "AAAK" + three + "OPAAA"} {
			if name == "AAAKLMNOPAAA" {
				continue
			}
			require.Nil(t, found.get([]byte(name)), name)
			if low, high := words([]byte(name)); found.slots[mix(low, high)>>found.shift] != nil {
				shared[kind]++
			}
		}
	}
	require.Len(t, shared, 2, "of both kinds there were some in the slot")
}

// Names as programs choose them must not end up in one long row of slots.
func TestTableSpreads(t *testing.T) {
	for _, format := range []string{"COMMAND_%d", "%d_EVENT", "A_RATHER_LONG_NAME_%06d_WITH_A_LONG_END", "E%04d", "E_%d_%[1]d"} {
		var found table
		for i := range 1000 {
			found.set(fmt.Sprintf(format, i), []*entry{{}})
		}
		longest, row := 0, 0
		for _, s := range found.slots {
			row++
			if s == nil {
				row = 0
			}
			longest = max(longest, row)
		}
		require.Less(t, longest, 12, format)
	}
}

// Commands that all belong into the last slot go behind it.
func TestTableGoesOverTheEnd(t *testing.T) {
	var found table
	found.set("FIRST", []*entry{{}})
	var names []string
	for i := 0; len(names) < 2; i++ {
		name := fmt.Sprintf("COMMAND_%d", i)
		if low, high := words([]byte(name)); mix(low, high)>>found.shift == fewest-1 {
			names = append(names, name)
		}
	}
	for i, name := range names {
		require.Nil(t, found.get([]byte(name)))
		found.set(name, []*entry{{name: name}})
		require.Len(t, found.slots, fewest+i)
	}
	found.set(names[0], nil)
	require.Nil(t, found.get([]byte(names[0])))
	require.Len(t, found.slots, fewest)
	for _, name := range names[1:] {
		require.Equal(t, name, found.get([]byte(name))[0].name)
	}
}
