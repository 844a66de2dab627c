package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/man"
)

// Marks of words never reach the reader, however they meet.
func TestMarks(t *testing.T) {
	for line, want := range map[string]string{
		"*NAME***.***PID*":                      `\fINAME\fP\fB.\fP\fIPID\fP`,
		"**param.***NAME***=***VALUE* or **x**": `\fBparam.\fP\fINAME\fP\fB=\fP\fIVALUE\fP or \fBx\fP`,
		"*N*/s, **find**[**:***R*]":             `\fIN\fP/s, \fBfind\fP[\fB:\fP\fIR\fP]`,
		"**cd://**_HOST_**:**_PORT_":            `\fBcd://\fP\fIHOST\fP\fB:\fP\fIPORT\fP`,
		`**\*\*\*** stands for client_rate`:     `\fB***\fP stands for client_rate`,
	} {
		text := string(roff("% x 1\n\n# NAME\n\n" + line + "\n"))
		text = strings.NewReplacer(`\-`, "-", `\&`, "").Replace(text)
		require.Contains(t, text, want+"\n", line)
	}
}

// All pages have as many stars and underscores as are meant.
func TestPages(t *testing.T) {
	for _, name := range man.Names() {
		page, err := man.Page(name)
		require.NoError(t, err)
		meant := 0
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "% ") {
				meant += strings.Count(line, "*") + strings.Count(line, "_")
				continue
			}
			require.Zero(t, strings.Count(line, "**")%2, "%s: a mark begins on one line and ends on another: %s", name, line)
			man.Spans(line, func(text string, _ man.Style) { meant += strings.Count(text, "*") + strings.Count(text, "_") })
		}
		text := string(roff(page))
		require.Equal(t, meant, strings.Count(text, "*")+strings.Count(text, "_"), name)
	}
}
