// Package arch_test holds the rules of the house and proves that the tree keeps them: who may import whom, no state
// between packages, sizes and form. The rules themselves are in policy_test.go, to be read.
package arch_test

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestTreeKeepsTheRules(t *testing.T) {
	found, err := parseRules(policy, restricted).check(os.DirFS("../.."))
	require.NoError(t, err)
	require.Empty(t, found, "\n"+strings.Join(found, "\n"))
}

// TestCheckerSees plants each violation in a small tree of its own.
func TestCheckerSees(t *testing.T) {
	tests := []struct{ name, path, text, want string }{
		{"upward import", "core/message/a.go", "package message\n\nimport _ \"github.com/ed-toolbox/ed/transport\"\n", "a.go:3: core/message may not import transport"},
		{"sideways import", "tools/signal/a.go", "package signal\n\nimport _ \"github.com/ed-toolbox/ed/tools/stop\"\n", "may not import tools/stop"},
		{"package without a line", "core/new/a.go", "package new\n", "package core/new has no line"},
		{"syscall in a tool", "tools/stop/a.go", "package stop\n\nimport _ \"syscall\"\n", "may not import syscall"},
		{"x/sys in a tool", "tools/stop/a.go", "package stop\n\nimport _ \"golang.org/x/sys/unix\"\n", "may not import golang.org/x/sys/unix"},
		{"net in a tool", "tools/tail/a.go", "package tail\n\nimport _ \"net\"\n", "may not import net"},
		{"cli in core", "core/proc/a.go", "package proc\n\nimport _ \"github.com/urfave/cli/v2\"\n", "may not import github.com/urfave/cli/v2"},
		{"testify outside of tests", "core/proc/a.go", "package proc\n\nimport _ \"github.com/stretchr/testify/require\"\n", "may not import github.com/stretchr/testify/require"},
		{"bubbletea in signal", "tools/signal/a.go", "package signal\n\nimport _ \"github.com/charmbracelet/bubbletea\"\n", "may not import github.com/charmbracelet/bubbletea"},
		{"init", "core/proc/a.go", "package proc\n\nfunc init() {}\n", "a.go:3: an init function"},
		{"exported variable", "core/proc/a.go", "package proc\n\nvar Debug = false\n", "exported variable Debug"},
		{"variable without a value", "core/proc/a.go", "package proc\n\nvar count int\n", "package-level state count"},
		{"lock", "core/proc/a.go", "package proc\n\nimport \"sync\"\n\nvar mu = sync.Mutex{}\n", "package-level state mu"},
		{"written table", "core/proc/a.go", "package proc\n\nvar names = map[int]string{}\n\nfunc f() { names[1] = \"x\" }\n", "a.go:5: package-level variable names is written to"},
		{"counter", "core/proc/a.go", "package proc\n\nvar n = 1\n\nfunc f() { n++ }\n", "variable n is written to"},
		{"exit", "tools/stop/a.go", "package stop\n\nimport \"os\"\n\nfunc f() { os.Exit(1) }\n", "os.Exit outside of a program"},
		{"buffer as a number", "core/proc/a.go", "package proc\n\nimport \"golang.org/x/sys/unix\"\n\nfunc f() { unix.Sendto(1, nil, 0, nil) }\n", "a.go:5: unix.Sendto lets go"},
		{"sleep in a test", "core/proc/a_test.go", "package proc\n\nimport \"time\"\n\nfunc f() { time.Sleep(1) }\n", "time.Sleep"},
		{"skipped test", "core/proc/a_test.go", "package proc\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { t.Skip() }\n", "skipped"},
		{"long file", "core/proc/a.go", "package proc\n" + strings.Repeat("// x\n", maxSource), "601 lines, the limit is 600"},
		{"long example", "examples/x/main.go", "package main\n" + strings.Repeat("// x\n", maxExample), "60 lines, the limit is 59"},
		{"not gofmt", "core/proc/a.go", "package proc\nvar  _ = 1\n", "gofmt"},
		{"left to do", "core/proc/a.go", "package proc\n\n// TO" + "DO: x\n", "left to do"},
		{"broken file", "core/proc/a.go", "package proc\n\nfunc\n", "does not parse"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found, err := parseRules(policy, restricted).check(fstest.MapFS{test.path: {Data: []byte(test.text)}})
			require.NoError(t, err)
			require.NotEmpty(t, found)
			require.Contains(t, strings.Join(found, "\n"), test.want)
		})
	}
}

// TestCheckerLetsPass holds what must not be reported.
func TestCheckerLetsPass(t *testing.T) {
	tree := fstest.MapFS{
		"core/message/a.go": {Data: []byte(`package message

import (
	"errors"
	"net/netip"

	"github.com/ed-toolbox/ed/core/address"
)

var ErrEmpty = errors.New("empty")

var table = [2]bool{true}

var _ = address.Parse

func f(table []bool, a netip.Addr) {
	table[0] = true
	ErrEmpty := 1
	ErrEmpty++
}
`)},
		"core/message/a_test.go":     {Data: []byte("package message\n\nimport _ \"github.com/stretchr/testify/require\"\n")},
		"transport/open/a.go":        {Data: []byte("package open\n\nimport (\n\t_ \"net\"\n\n\t_ \"github.com/ed-toolbox/ed/transport/tcp\"\n)\n")},
		"tools/router/a.go":          {Data: []byte("package router\n\nimport _ \"net/http\"\n")},
		"cmd/ed/main.go":             {Data: []byte("package main\n\nimport \"os\"\n\nfunc main() { os.Exit(1) }\n")},
		"core/message/testdata/x.go": {Data: []byte("no go at all")},
	}
	found, err := parseRules(policy, restricted).check(tree)
	require.NoError(t, err)
	require.Empty(t, found)
}
