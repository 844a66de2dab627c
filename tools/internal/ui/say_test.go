package ui_test

import (
	"strings"
	"testing"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/tools/internal/ui"
)

// TestSay: at any size, what is said is whole, or its reason is.
func TestSay(t *testing.T) {
	for name, text := range map[string]string{
		"long path": "save to /a/folder/with/a/long/name/that/goes/on/and/on/trace.jsonl: the file exists",
		"short":     "the file exists",
		"wide":      "save to /日本語/日本語/日本語/日本語/日本語: the file exists",
	} {
		t.Run(name, func(t *testing.T) {
			for width := 15; width < 120; width++ {
				for height := 1; height < 30; height++ {
					lines := ui.Say(text, lipgloss.NewStyle(), width, height)
					require.LessOrEqual(t, len(lines), max(1, height/2))
					for _, line := range lines {
						require.LessOrEqual(t, ansi.StringWidth(line), width)
					}
					said := squeezed(strings.Join(lines, ""))
					if said != squeezed(text) {
						require.True(t, strings.HasSuffix(said, "thefileexists"), "%dx%d: %q", width, height, lines)
					}
				}
			}
		})
	}
	require.Equal(t, []string{"save to x: the", "file exists"}, ui.Say("save to x: the file exists", lipgloss.NewStyle(), 16, 4))
	require.Equal(t, []string{"save to ...the file exists"}, ui.Say("save to /long/path: the file exists", lipgloss.NewStyle(), 26, 3))
	for width := range 15 {
		for _, line := range ui.Say("save to x: the file exists", lipgloss.NewStyle(), width, 1) {
			require.LessOrEqual(t, ansi.StringWidth(line), max(1, width))
		}
	}
}

// squeezed is text without what breaking lines takes away.
func squeezed(text string) string { return strings.ReplaceAll(text, " ", "") }
