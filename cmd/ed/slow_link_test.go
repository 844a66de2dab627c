package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
	"github.com/ed-toolbox/ed/transport/control"
)

// line is what is between a program and its terminal: ssh to the other side of the world, or a serial line.
type line struct {
	delay time.Duration // each way
	baud  int           // 0: no limit; ten bits are a byte
	piece int           // bytes that come out at a time
}

// parcel is what was written at one end, and when it comes out at the other.
type parcel struct {
	text []byte
	due  time.Time
}

// carry reads from, and gives to what it read when the line has carried it. It ends with from.
func (l line) carry(from *os.File, to func([]byte)) {
	under := make(chan parcel, 1<<10)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for p := range under {
			<-time.After(time.Until(p.due))
			to(p.text)
		}
	}()
	for {
		p := make([]byte, cmp.Or(l.piece, 4096))
		n, err := from.Read(p)
		if err != nil {
			break
		}
		if l.baud > 0 {
			<-time.After(time.Duration(n) * 10 * time.Second / time.Duration(l.baud))
		}
		under <- parcel{p[:n], time.Now().Add(l.delay)}
	}
	close(under)
	<-over
}

// slowly runs the program at the end of a line. What is typed goes through it, too.
func slowly(t *testing.T, l line, cols, rows int, args ...string) (s *onScreen, typed func(keys string)) {
	there, keys, err := os.Pipe()
	require.NoError(t, err)
	s = startThrough(t, l.carry, cols, rows, nil, args...)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		// Keys come byte by byte where none of them is several bytes: these the program awaits for a moment only, which may pass on a
		// busy machine.
		back := line{l.delay, l.baud, max(l.piece, 1)}
		back.carry(there, func(p []byte) { _, _ = s.terminal.Write(p) }) // a program that has ended takes no keys
	}()
	t.Cleanup(func() {
		_ = keys.Close()
		<-gone
		_ = there.Close()
	})
	return s, func(text string) {
		_, err := keys.WriteString(text)
		require.NoError(t, err)
	}
}

// asked are sequences by which a program asks the terminal something: over a slow line, the answers come as if somebody had
// typed them.
var asked = []string{"\x1b]10;?", "\x1b]11;?", "\x1b[6n", "\x1b[c", "\x1b[0c", "\x1b[>c", "\x1b[>0q", "$p", "\x1b[?u", "\x1bP+q"}

// Both screens on a line of 300 ms there and back: what is typed ahead is done, in its order; the terminal is asked nothing; a
// refresh is few bytes, however many rows change; the end does not wait.
func TestSlowLink(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	alpha := toolkittest.Serve(t, "alpha")
	for n := range 30 {
		toolkittest.Serve(t, fmt.Sprintf("service%d", n))
	}
	link := line{delay: 150 * time.Millisecond}
	type program struct {
		args  []string
		ready string
		keys  string
		sees  []string
		most  int // bytes in a second: three times what a quiet machine writes; a whole screen would be 20,000

		screen *onScreen
		types  func(string)
		before int
	}
	all := []*program{
		{args: []string{"top"}, ready: "alpha.", keys: "t/service\rr", sees: []string{"filter service", "30 rows (1 filtered)"}, most: 9000},
		{args: []string{"top"}, ready: "alpha.", keys: "1?x26/alpha\r>>", sees: []string{"filter alpha", "6 Loop", "1 row"}, most: 2400},
		{args: []string{"top"}, ready: "alpha.", keys: "127", sees: []string{"none of these services is a router"}, most: 400},
		{args: []string{"watch"}, ready: "attached", keys: "/alpha !attached\rp", sees: []string{"filter alpha !attached", "HELD"}, most: 4500},
	}
	for _, p := range all { // all at the same time: each is slow
		p.screen, p.types = slowly(t, link, 200, 50, p.args...)
	}
	for _, p := range all {
		p.screen.sees(p.ready)
		p.types(p.keys)
	}
	for _, p := range all {
		for _, text := range p.sees {
			p.screen.sees(text)
		}
	}
	quiet := func() bool {
		begin, few := time.Now(), true
		for _, p := range all {
			p.before = len(p.screen.raw())
		}
		for range 15 {
			alpha.Receive("TICK n=1;text=something")
			<-time.After(100 * time.Millisecond)
		}
		for _, p := range all {
			bytes := float64(len(p.screen.raw())-p.before) / time.Since(begin).Seconds()
			t.Logf("%s %q: %.0f bytes a second", p.args, p.keys, bytes)
			few = few && bytes < float64(p.most)
		}
		return few
	}
	for try := 1; !quiet(); try++ { // on a busy machine what was written before may come now
		require.Less(t, try, 10)
	}
	for _, p := range all {
		for _, ask := range asked {
			require.NotContains(t, p.screen.raw(), ask)
		}
	}
	for _, p := range all {
		begin := time.Now()
		p.types("q")
		p.screen.ends()
		require.Less(t, time.Since(begin), link.delay+20*time.Second)
	}
}

// A serial line of 9,600 baud: the screen comes, follows keys, and keeps up with what changes each second.
func TestSerialLine(t *testing.T) {
	t.Setenv(control.DirVariable, t.TempDir())
	toolkittest.Serve(t, "alpha")
	for n := range 5 {
		toolkittest.Serve(t, fmt.Sprintf("service%d", n))
	}
	s, types := slowly(t, line{baud: 9600, piece: 32}, 80, 24, "top")
	s.sees("alpha.")
	types("6")
	s.sees("turns")
	types("1")
	s.sees("cpu")
	types("/service\r")
	s.sees("filter service")
	types("\x1b[B\x1b[<64;3;4Ms") // an arrow and the wheel are neither Escape nor letters
	types("\x1bOBp")
	s.sees("HELD  filter service")
	begin := time.Now()
	types("q")
	s.ends()
	require.Less(t, time.Since(begin), 20*time.Second)
	require.False(t, strings.Contains(s.raw(), "\x1b]11;?"))
}
