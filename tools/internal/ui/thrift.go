package ui

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// thrift makes what bubbletea writes shorter: that draws a line anew, whole, when a digit of it changed, which a line of 9,600
// baud has no time for. It reads each picture that goes by, remembers what stands on the screen, and writes what is another
// cell than before. What it does not recognise passes as it is, and makes it forget.
type thrift struct {
	out   io.Writer
	lines []cellLine // what stands there
	text  []byte     // scratch
}

// cellLine is a line of the screen. One that is not plain has something in it that may be wider or narrower than it seems, or
// that steers the terminal: it is always drawn as a whole.
type cellLine struct {
	cells []cell
	plain bool
	known bool
}

// cell is a place on the screen: one character, and the sequences that make it look as it does.
type cell struct {
	r     rune
	style string
}

// How a picture of bubbletea begins, and how it looks when the screen may have something else on it than was drawn last.
const (
	pictureBegins = "\x1b[H"
	pictureAnew   = "\x1b[H\r"
	eraseRight    = "\x1b[K"
	eraseBelow    = "\x1b[J"
	plainStyle    = "\x1b[0m"
)

// Write implements io.Writer.
func (t *thrift) Write(p []byte) (int, error) {
	short, ok := t.shorten(p)
	switch {
	case ok:
	case bytes.HasPrefix(p, []byte("\x1b]52;")): // what is copied draws nothing
		return t.out.Write(p)
	default:
		t.begin(p)
		return t.out.Write(p)
	}
	if _, err := t.out.Write(short); err != nil {
		return 0, err
	}
	return len(p), nil
}

// shorten returns what has to be written in place of a picture. False: it is none, or not one that can be made shorter.
func (t *thrift) shorten(p []byte) ([]byte, bool) {
	picture, ok := bytes.CutPrefix(p, []byte(pictureBegins))
	if !ok || bytes.HasPrefix(p, []byte(pictureAnew)) {
		return nil, false
	}
	last := bytes.LastIndexByte(picture, 0x1b)
	if last < 0 || !bytes.HasSuffix(picture, []byte("H")) || bytes.IndexByte(picture[last:], '\n') >= 0 {
		return nil, false
	}
	picture, end := picture[:last], picture[last:]
	if bytes.Contains(picture, []byte(eraseBelow)) {
		return nil, false
	}
	t.text = t.text[:0]
	for row := 0; len(picture) > 0; row++ {
		line, rest, _ := bytes.Cut(picture, []byte("\n"))
		picture = rest
		if len(line) > 0 { // else it stays as it is
			t.draw(row, strings.TrimSuffix(strings.TrimSuffix(string(line), "\r"), eraseRight))
		}
	}
	t.text = append(t.text, end...)
	return t.text, true
}

// begin notes a picture that is drawn whole, on a screen of which nothing is known; of what is no picture, nothing.
func (t *thrift) begin(p []byte) {
	t.lines = t.lines[:0]
	picture, ok := strings.CutPrefix(string(p), pictureAnew)
	if !ok || strings.Contains(picture, eraseBelow) {
		return
	}
	if last := strings.LastIndexByte(picture, 0x1b); last >= 0 {
		picture = picture[:last]
	}
	for line := range strings.SplitSeq(picture, "\n") {
		one := readLine(strings.TrimSuffix(strings.TrimSuffix(line, "\r"), eraseRight))
		t.lines = append(t.lines, one)
	}
}

// draw writes what makes a line of the screen raw.
func (t *thrift) draw(row int, raw string) {
	for row >= len(t.lines) {
		t.lines = append(t.lines, cellLine{})
	}
	old, next := &t.lines[row], readLine(raw)
	if !old.known || !old.plain || !next.plain {
		t.goTo(row, 0)
		t.text = append(append(t.text, plainStyle+eraseRight...), raw...) // erased first: behind a full line it would take the last cell
		t.text = append(t.text, plainStyle...)
		*old = next
		return
	}
	for at := 0; at < len(next.cells); {
		if at < len(old.cells) && next.cells[at] == old.cells[at] {
			at++
			continue
		}
		at = t.span(row, at, old.cells, next.cells)
	}
	if len(next.cells) < len(old.cells) {
		t.goTo(row, len(next.cells))
		t.text = append(t.text, eraseRight...)
	}
	*old = next
}

// worth is how many cells that stay as they are cost less than going on behind them.
const worth = 8

// span writes cells from one that changed on, up to where enough of them stay as they are. It returns where that is.
func (t *thrift) span(row, from int, old, next []cell) int {
	end, same := from, 0
	for at := from; at < len(next) && same < worth; at++ {
		if at < len(old) && next[at] == old[at] {
			same++
			continue
		}
		end, same = at+1, 0
	}
	t.goTo(row, from)
	style := ""
	for _, c := range next[from:end] {
		if c.style != style {
			t.text = append(append(t.text, plainStyle...), c.style...)
			style = c.style
		}
		t.text = utf8.AppendRune(t.text, c.r)
	}
	if style != "" {
		t.text = append(t.text, plainStyle...)
	}
	return end
}

func (t *thrift) goTo(row, column int) {
	t.text = append(t.text, "\x1b["...)
	t.text = strconv.AppendInt(t.text, int64(row+1), 10)
	t.text = append(t.text, ';')
	t.text = strconv.AppendInt(t.text, int64(column+1), 10)
	t.text = append(t.text, 'H')
}

// readLine takes a line apart.
func readLine(raw string) cellLine {
	l := cellLine{known: true, plain: true, cells: make([]cell, 0, len(raw))}
	style := ""
	for i := 0; i < len(raw); {
		if raw[i] == 0x1b {
			end := i + 2
			for end < len(raw) && (raw[end] >= '0' && raw[end] <= '9' || raw[end] == ';') {
				end++
			}
			if i+1 >= len(raw) || raw[i+1] != '[' || end >= len(raw) || raw[end] != 'm' {
				l.plain = false
				return l
			}
			if sequence := raw[i : end+1]; sequence == plainStyle || sequence == "\x1b[m" {
				style = ""
			} else {
				style += sequence
			}
			i = end + 1
			continue
		}
		r, size := utf8.DecodeRuneInString(raw[i:])
		if !oneWide(r) {
			l.plain = false
			return l
		}
		l.cells = append(l.cells, cell{r, style})
		i += size
	}
	return l
}

// oneWide says whether all terminals give a character one cell. There are more than those, but which is not worth a table.
func oneWide(r rune) bool {
	return r >= ' ' && r < 0x7f || r == '…' || r == '▼' || r == '▲' || r >= '▁' && r <= '█'
}
