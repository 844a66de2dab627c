package ui_test

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// broken is a view with a bug: it panics where its field says.
type broken struct{ inCommand bool }

func (b broken) Init() tea.Cmd {
	if b.inCommand {
		return func() tea.Msg { panic("wrong") }
	}
	return func() tea.Msg { return "go on" }
}

func (b broken) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if msg == "go on" {
		panic("wrong")
	}
	return b, nil
}

func (b broken) View() string { return "" }

// TestPanicOfAView: a bug is told as one, and gives the terminal back.
func TestPanicOfAView(t *testing.T) {
	for _, inCommand := range []bool{false, true} {
		w := toolkittest.New(t)
		err := ui.NewScreen(w.Env).Run(t.Context(), broken{inCommand})
		require.Equal(t, toolkit.Internal, toolkit.KindOf(err), "%v", err)
		out := w.Out.String()
		require.Greater(t, strings.LastIndex(out, "\x1b[?1049l"), strings.LastIndex(out, "\x1b[?1049h"), "%q", out)
	}
}
