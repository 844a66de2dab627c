package ui

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/hinshun/vt10x"
	"github.com/stretchr/testify/require"
)

// picture is what bubbletea writes to get from one screen to the next; nil is one of which it knows nothing.
func picture(before, next []string, width int) string {
	var b strings.Builder
	b.WriteString("\x1b[H")
	if before == nil {
		b.WriteString("\r")
	}
	for i, line := range next {
		if i >= len(before) || before[i] != line {
			b.WriteString(line)
			if ansi.StringWidth(line) < width {
				b.WriteString("\x1b[K")
			}
			if i < len(next)-1 {
				b.WriteString("\r")
			}
		}
		if i < len(next)-1 {
			b.WriteString("\n")
		}
	}
	return fmt.Sprintf("%s\x1b[%d;H", b.String(), len(next))
}

// looks is all that is to be seen on a terminal, with colours.
func looks(screen vt10x.Terminal) string {
	var b strings.Builder
	columns, rows := screen.Size()
	for y := range rows {
		for x := range columns {
			c := screen.Cell(x, y)
			fmt.Fprintf(&b, "%c%d.%d.%d ", max(c.Char, ' '), c.FG, c.BG, c.Mode)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Whatever is drawn, and whatever was on the screen before, it looks as if all had been written.
func TestThriftDrawsTheSame(t *testing.T) {
	const width, height = 40, 6
	random := rand.New(rand.NewPCG(3, 4))
	pieces := []string{"a", "1.23s", "      ", "\x1b[7m", "\x1b[31;1m", "\x1b[0m", "▁▂█", "…", "echo.4711", "日本", "é", "\x1b]8;;x\x07", "0", "1"}
	line := func() string {
		var b strings.Builder
		for range random.IntN(9) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		return ansi.Truncate(b.String(), width, "") + "\x1b[0m"
	}
	all, less := vt10x.New(vt10x.WithSize(width, height)), vt10x.New(vt10x.WithSize(width, height))
	var written bytes.Buffer
	through := thrift{out: &written}
	var before []string
	for range 1000 {
		next := make([]string, height)
		for i := range next {
			switch {
			case before != nil && random.IntN(3) > 0:
				next[i] = before[i]
			case before != nil && random.IntN(2) > 0:
				next[i] = strings.Replace(before[i], "1", "2", 1)
			default:
				next[i] = line()
			}
		}
		switch random.IntN(20) {
		case 0:
			before = nil
		case 1: // something else is written in between
			for _, w := range []interface{ Write([]byte) (int, error) }{all, &through} {
				_, err := w.Write([]byte("\x1b[2J\x1b[H"))
				require.NoError(t, err)
			}
			before = nil
		case 2:
			n, err := through.Write([]byte("\x1b]52;c;Y2s=\x07"))
			require.NoError(t, err)
			require.Equal(t, 12, n)
		}
		text := picture(before, next, width)
		_, err := all.Write([]byte(text))
		require.NoError(t, err)
		n, err := through.Write([]byte(text))
		require.NoError(t, err)
		require.Len(t, text, n)
		_, err = less.Write(written.Bytes())
		require.NoError(t, err)
		written.Reset()
		require.Equal(t, looks(all), looks(less), "%q after %q", next, before)
		before = next
	}
}

// One digit costs one digit, and the way to it.
func TestThriftWritesLess(t *testing.T) {
	var written bytes.Buffer
	through := thrift{out: &written}
	row := func(n int) string {
		return fmt.Sprintf("\x1b[7mecho.4711   %d rows   %s\x1b[0m", n, strings.Repeat("x", 100))
	}
	for n := range 3 {
		text := picture([][]string{nil, {row(0)}, {row(1)}}[n], []string{row(n)}, 200)
		_, err := through.Write([]byte(text))
		require.NoError(t, err)
		if n > 0 {
			require.Equal(t, fmt.Sprintf("\x1b[1;13H\x1b[0m\x1b[7m%d\x1b[0m\x1b[1;H", n), written.String())
		}
		written.Reset()
	}
}
