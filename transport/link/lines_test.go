package link

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A queue of lines does what a slice of strings does, and forgets what was taken.
func TestLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q lines
		var model []string
		check := func() {
			size, i := 0, 0
			for line, e := range q.all() {
				require.Equal(t, model[i], string(line))
				require.Equal(t, int(e.size), len(line))
				size += len(line)
				i++
			}
			require.Equal(t, len(model), i)
			require.Equal(t, len(model), q.len())
			require.Equal(t, size, q.bytes())
		}
		n := 0
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				for range rapid.IntRange(1, 30).Draw(t, "n") {
					n++
					line := fmt.Sprintf("%d %s\n", n, rapid.StringN(0, 300, 300).Draw(t, "line"))
					q.push([]byte(line), entry{given: int64(n)})
					model = append(model, line)
				}
			},
			"pop": func(t *rapid.T) {
				for range rapid.IntRange(0, 40).Draw(t, "n") {
					if len(model) == 0 {
						require.Zero(t, q.len())
						return
					}
					line, _ := q.front()
					require.Equal(t, model[0], string(line))
					q.pop()
					model = model[1:]
				}
			},
			"keep": func(t *rapid.T) {
				odd := rapid.Int64Range(1, 5).Draw(t, "every")
				var kept []string
				i := 0
				q.keep(func(line []byte, e *entry) bool {
					require.Equal(t, model[i], string(line))
					if i++; e.given%odd == 0 {
						return false
					}
					kept = append(kept, string(line))
					return true
				})
				model = kept
			},
			"": func(*rapid.T) { check() },
		})
	})
}

// A queue that is always in use does not grow, and one that was long gives its memory back.
func TestLinesMemory(t *testing.T) {
	var q lines
	line := make([]byte, 100)
	for range 100_000 {
		q.push(line, entry{})
		if q.len() > 50 {
			q.pop()
		}
	}
	require.Less(t, cap(q.text), 40_000)
	require.Less(t, cap(q.list), 400)
	for range 10_000 {
		q.push(line, entry{})
	}
	for q.len() > 0 {
		q.pop()
	}
	require.Zero(t, cap(q.text))
}
