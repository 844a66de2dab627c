package ui

import (
	"io"
	"time"

	"github.com/charmbracelet/x/term"
)

// escapeTime is how long the rest of a key is waited for. A key that sends several bytes begins with that of Escape: over a
// serial line they come one by one, and bubbletea takes what it has read for all there is.
const escapeTime = 60 * time.Millisecond

// patient is the terminal's input, cut between keys and never inside of one. It reads ahead, so that nobody else can read
// from the terminal once Read was called.
type patient struct {
	term.File // without a name, by which bubbletea would wait for it itself
	chunks    chan []byte
	end       error // why chunks is closed
	begun     bool
	rest      []byte
}

func newPatient(f term.File) *patient { return &patient{File: f, chunks: make(chan []byte, 16)} }

// pump reads all the time. It ends with the input.
func (p *patient) pump() {
	defer close(p.chunks)
	for {
		chunk := make([]byte, 256)
		n, err := p.File.Read(chunk)
		if n > 0 {
			p.chunks <- chunk[:n]
		}
		if err != nil {
			p.end = err
			return
		}
	}
}

// Read implements io.Reader.
func (p *patient) Read(into []byte) (int, error) {
	if !p.begun {
		p.begun = true
		go p.pump()
	}
	if len(p.rest) == 0 {
		chunk, ok := <-p.chunks
		if !ok {
			return 0, p.end
		}
		p.rest = chunk
	}
	for unfinished(p.rest) && p.more() {
	}
	n := copy(into, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// more waits a moment for what comes behind, and says whether something did.
func (p *patient) more() bool {
	timer := time.NewTimer(escapeTime)
	defer timer.Stop()
	select {
	case chunk, ok := <-p.chunks:
		p.rest = append(p.rest, chunk...)
		return ok
	case <-timer.C:
		return false
	}
}

// unfinished says whether text ends inside of what a key, the mouse or a paste sends.
func unfinished(text []byte) bool {
	at := len(text) - 1
	for at >= 0 && text[at] != 0x1b {
		at--
	}
	if at < 0 {
		return false
	}
	switch tail := text[at+1:]; {
	case len(tail) == 0:
		return true
	case tail[0] == 'O', len(tail) == 2 && string(tail) == "[[": // the keypad, and F1 to F5 of the Linux console
		return len(tail) < 2 || tail[0] == '['
	case tail[0] == '[':
		for _, c := range tail[1:] {
			if c >= 0x40 && c <= 0x7e && c != '[' {
				return false
			}
		}
		return true
	}
	return false
}

// input is what bubbletea is to read from.
func input(from io.Reader) io.Reader {
	if f, ok := from.(term.File); ok {
		return newPatient(f)
	}
	return from
}
