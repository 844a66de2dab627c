package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/man"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// call is one use of ed on a command line: the command with its options, by their primary names.
type call struct {
	command string
	options []string
}

// calls finds the uses of ed in a line of a shell, of a script, or of a page.
func calls(app *cli.App, line string) (found []call, err error) {
	words, err := address.SplitWords(line)
	if err != nil {
		return nil, err
	}
	for i := range words {
		if word := words[i]; strings.Contains(word, "ed ") { // what a shell is to run
			more, err := calls(app, word)
			found = append(found, more...)
			if err != nil {
				return found, err
			}
		}
		word := strings.TrimLeft(words[i], "<(")
		command, link := strings.CutPrefix(filepath.Base(word), "ed-")
		if word != "ed" && !(link && app.Command(command) != nil) {
			continue
		}
		args := slices.Clone(words[i+1:])
		if end := slices.IndexFunc(args, func(w string) bool { return regexp.MustCompile(`^([|&;<>]|2>)`).MatchString(w) }); end >= 0 {
			args = append(args[:end], strings.TrimRight(args[end], "|&;<>2"))
			args = slices.DeleteFunc(args, func(w string) bool { return w == "" })
		}
		if link {
			args = append([]string{command}, args...)
		}
		for i, arg := range args { // a number may be wanted where a variable stands
			args[i] = regexp.MustCompile(`\$[\w({].*`).ReplaceAllString(arg, "1")
		}
		inv, err := toolkit.Normalise(app, args)
		if err != nil {
			return found, err
		}
		c := call{command: strings.Join(inv.Path, " ")}
		for _, a := range inv.Args {
			if name, _, _ := strings.Cut(a, "="); strings.HasPrefix(name, "--") && name != "--" {
				c.options = append(c.options, name)
			}
		}
		found = append(found, c)
	}
	return found, nil
}

// examplesOf lists the example lines of the pages and of --help.
func examplesOf(t *testing.T, app *cli.App) (lines []string) {
	for _, name := range man.Names() {
		text, err := man.Page(name)
		require.NoError(t, err)
		if !strings.HasSuffix(name, ".1") {
			continue
		}
		for line := range strings.Lines(man.Sections(text)["EXAMPLES"]) {
			if line, ok := strings.CutPrefix(line, "    "); ok {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
	}
	walk("", app.Commands, func(_ string, c *cli.Command) {
		for line := range strings.Lines(c.Description) {
			line, _, _ := strings.Cut(strings.TrimSpace(line), "   ")
			lines = append(lines, line)
		}
	})
	return lines
}

// TestExamplesAreTried: what pages and --help show is understood, and a script, or the tour of README.md, runs the same command with
// the same options.
func TestExamplesAreTried(t *testing.T) {
	app := realApp(t)
	scripts, err := filepath.Glob("../../tests/script/testdata/*.txtar")
	require.NoError(t, err)
	var tried []call
	for _, file := range append(scripts, "../../README.md") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
			found, _ := calls(app, strings.TrimSpace(line)) // many lines are something else, or are meant to be wrong
			tried = append(tried, found...)
		}
	}
	for _, line := range examplesOf(t, app) {
		found, err := calls(app, line)
		assert.NoError(t, err, line)
		for _, c := range found {
			ok := slices.ContainsFunc(tried, func(other call) bool {
				return other.command == c.command && !slices.ContainsFunc(c.options, func(o string) bool { return !slices.Contains(other.options, o) })
			})
			assert.True(t, ok, "no script runs ed %s with %s, as in: %s", c.command, strings.Join(c.options, " "), line)
		}
	}
}
