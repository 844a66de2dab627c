package message_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

// BenchmarkDecodeAgainstTable times Decode, what Decode is without assembly, and the usual way, byte after byte by a table of what each
// byte may be part of, in turn: what a processor is worth at the moment is the same for all three.
func BenchmarkDecodeAgainstTable(b *testing.B) {
	lines, m, table := corpus(b), &message.Message{}, newByteTable()
	ways := []struct {
		name   string
		decode func(line []byte) bool
		took   []time.Duration
	}{
		{name: "ns", decode: func(line []byte) bool { return m.Decode(line) == nil }},
		{name: "pure-go-ns", decode: func(line []byte) bool { return m.DecodeSimply(line) == nil }},
		{name: "table-ns", decode: table.decode},
	}
	for b.Loop() {
		for i := range ways {
			way := &ways[i]
			began := time.Now()
			for _, line := range lines {
				if !way.decode(line) {
					b.Fatalf("%s: %q", way.name, line)
				}
			}
			way.took = append(way.took, time.Since(began))
		}
	}
	for i := range ways {
		way := &ways[i]
		slices.Sort(way.took)
		b.ReportMetric(float64(way.took[len(way.took)/2])/float64(len(lines)), way.name)
	}
}

// byteTable decodes lines of commands and parameters, some with quotes, but no escapes. It does less than Decode: nothing is said of the
// order of names, or whether AppendText would write the line so.
type byteTable struct {
	command, name, value [256]bool
	params               []pair
}

type pair struct{ name, value []byte }

func newByteTable() *byteTable {
	t := &byteTable{}
	for c := range 256 {
		upper, digit := 'A' <= c && c <= 'Z' || c == '_', '0' <= c && c <= '9'
		t.command[c] = upper || digit
		t.name[c] = upper || digit || 'a' <= c && c <= 'z'
		t.value[c] = c >= ' ' && c != ';' && c != '"' && c != '\\'
	}
	return t
}

func (t *byteTable) decode(line []byte) bool {
	t.params = t.params[:0]
	i := 0
	for i < len(line) && t.command[line[i]] {
		i++
	}
	if i == 0 || i < len(line) && line[i] != ' ' {
		return false
	}
	for i < len(line) {
		i++
		from := i
		for i < len(line) && t.name[line[i]] {
			i++
		}
		if i == from || i == len(line) || line[i] != '=' {
			return false
		}
		name := line[from:i]
		i++
		from, quoted := i, i < len(line) && line[i] == '"'
		if quoted {
			from, i = from+1, i+1
		}
		for i < len(line) && (t.value[line[i]] || quoted && line[i] == ';') {
			i++
		}
		t.params = append(t.params, pair{name, line[from:i]})
		if quoted {
			if i == len(line) || line[i] != '"' {
				return false
			}
			i++
		}
		if i < len(line) && line[i] != ';' {
			return false
		}
	}
	return true
}

// TestByteTable: the baseline finds what Decode finds.
func TestByteTable(t *testing.T) {
	table, m := newByteTable(), &message.Message{}
	for _, line := range corpus(t) {
		require.True(t, table.decode(line), "%s", line)
		require.NoError(t, m.Decode(line))
		require.Len(t, table.params, m.Len(), "%s", line)
		for _, p := range table.params {
			value, ok := m.Get(string(p.name))
			require.True(t, ok && value == string(p.value), "%s", line)
		}
	}
}
