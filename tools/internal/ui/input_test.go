package ui

import (
	"io"
	"os"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/stretchr/testify/require"
)

// A key is never cut in two, however its bytes come; Escape alone is one, after a moment.
func TestPatientInput(t *testing.T) {
	for name, text := range map[string]string{
		"letters": "ab", "arrow": "\x1b[A", "keypad": "\x1bOA", "console": "\x1b[[A", "page": "x\x1b[5~", "mouse": "\x1b[<64;10;7M", "alt": "\x1bx", "shift": "\x1b[1;2B",
	} {
		t.Run(name, func(t *testing.T) {
			in := &patient{chunks: make(chan []byte, len(text)), end: io.EOF, begun: true}
			for i := range len(text) {
				in.chunks <- []byte(text[i : i+1])
			}
			close(in.chunks)
			var got []string
			into := make([]byte, 256)
			for {
				n, err := in.Read(into)
				if err == io.EOF {
					break
				}
				require.NoError(t, err)
				got = append(got, string(into[:n]))
			}
			require.Equal(t, text, strings.Join(got, ""))
			if at := strings.IndexByte(text, 0x1b); at >= 0 && name != "alt" {
				require.Equal(t, text[at:], got[len(got)-1])
			}
		})
	}
}

func TestEscapeAlone(t *testing.T) {
	from, to, err := os.Pipe()
	require.NoError(t, err)
	defer from.Close()
	defer to.Close()
	_, err = to.WriteString("\x1b")
	require.NoError(t, err)
	in := newPatient(from)
	into := make([]byte, 256)
	n, err := in.Read(into)
	require.NoError(t, err)
	require.Equal(t, "\x1b", string(into[:n]))
}

// Escape and a key in one go are two keys.
func TestSplitKeys(t *testing.T) {
	keys := func(k tea.KeyMsg) (all []string) {
		for _, one := range SplitKeys(k) {
			all = append(all, one.String())
		}
		return all
	}
	require.Equal(t, []string{"esc", "7"}, keys(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("7"), Alt: true}))
	require.Equal(t, []string{"esc", "enter"}, keys(tea.KeyMsg{Type: tea.KeyEnter, Alt: true}))
	require.Equal(t, []string{"a", "b"}, keys(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("ab")}))
	require.Len(t, SplitKeys(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("ab"), Paste: true}), 1)
}
