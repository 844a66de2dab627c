package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/man"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// realApp is the tree of commands as users have it.
func realApp(t testing.TB) *cli.App {
	w := toolkittest.New(t)
	return newApp(w.Env, commands(w.Env, catalogue()))
}

// walk calls f for every visible command under cmds with its path.
func walk(path string, cmds []*cli.Command, f func(path string, c *cli.Command)) {
	for _, c := range visible(cmds) {
		p := strings.TrimSpace(path + " " + c.Name)
		f(p, c)
		walk(p, c.Subcommands, f)
	}
}

// TestTreeKeepsTheConventions holds what doc.go of the toolkit asks of every command.
func TestTreeKeepsTheConventions(t *testing.T) {
	reserved := []string{"help", "version", "h", "V"}
	walk("", realApp(t).Commands, func(path string, c *cli.Command) {
		require.NotEmpty(t, c.Usage, path)
		require.NotEmpty(t, c.Description, "%s has no examples", path)
		require.NotRegexp(t, `^[A-Z]|\.$`, c.Usage, path)
		if len(c.Subcommands) > 0 {
			return
		}
		seen := map[string]bool{}
		for _, f := range c.Flags {
			require.Greater(t, len(f.Names()[0]), 1, "%s: the primary name of -%s is short", path, f.Names()[0])
			for _, n := range f.Names() {
				require.NotContains(t, reserved, n, path)
				require.False(t, seen[n], "%s: two flags are called %s", path, n)
				seen[n] = true
			}
			if r, ok := f.(cli.RequiredFlag); ok {
				require.False(t, r.IsRequired(), "%s: --%s is Required; check it in the command", path, f.Names()[0])
			}
		}
		for _, o := range toolkit.Options(c.Flags) {
			require.True(t, o.Hidden || o.Usage != "", "%s: --%s has no usage", path, o.Name)
		}
		for _, shared := range []string{"json", "quiet", "verbose", "timeout", "color"} {
			require.True(t, seen[shared], "%s has no --%s", path, shared)
		}
	})
}

// TestHelpFits: a terminal has 80 columns. What has no blank, as a path that is a default, cannot be broken.
func TestHelpFits(t *testing.T) {
	app := realApp(t)
	texts := map[string]string{"": toolkit.RootHelp("ed", app, 80)}
	walk("", app.Commands, func(path string, c *cli.Command) { texts[path] = toolkit.HelpText("ed "+path, c, 80) })
	for path, text := range texts {
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\n")
			require.True(t, utf8.RuneCountInString(line) <= 80 || !strings.Contains(strings.TrimSpace(line), " "), "ed %s: %s", path, line)
		}
	}
}

// TestConfiguredKeysExist: what Configure lists are options of the command.
func TestConfiguredKeysExist(t *testing.T) {
	w := toolkittest.New(t)
	newApp(w.Env, commands(w.Env, catalogue()))
	for _, name := range w.Tools() {
		require.Empty(t, w.UnknownKeys(name), name)
		c, err := w.Configured(name)
		require.NoError(t, err)
		require.Empty(t, c.Mistakes())
	}
}

// TestConfiguredValuesAreTried: a number or a place that a tool refuses is refused by `ed check config` and marked by `ed config show`.
func TestConfiguredValuesAreTried(t *testing.T) {
	for variable, c := range map[string]struct{ value, want string }{
		"ED_SEND_MAX_LINE":       {"0", `"0" is not a number of at least 1`},
		"ED_SIGNAL_MAX_DATAGRAM": {"65508", `"65508" is not a number from 1 to 65507`},
		"ED_LISTEN_MAX_DATAGRAM": {"x", `"x" is not a number from 1 to 65507`},
		"ED_REPLAY_MAX_LINE":     {"99999999999999999999", `"99999999999999999999" is not a number of at least 1`},
		"ED_WATCH_BYTES":         {"-1", `"-1" is not a number from 0 to 1048576`},
		"ED_WATCH_RATE":          {"-1", `"-1" is not a number of at least 0`},
		"ED_PING_COUNT":          {"-1", `"-1" is not a number of at least 0`},
		"ED_SERVICES_ROUTER":     {"0", "a number alone is no host"},
		"ED_STOP_HOST":           {"udp://:1", "services talk to a router over streams only"},
		"ED_STOP_PLAN":           {"abc", `no signal is called "abc"; a plan is like message:10s,INT:60s,TERM:10s`},
		"ED_SIGNAL_FROM":         {"abc", `"abc" is not SERVER:SERVICE`},
		"ED_SIGNAL_ENCRYPT":      {"perhaps", `"perhaps" is neither true nor false`},
		"ED_SEND_RATE":           {"quick", `"quick" is not a rate`},
		"ED_LISTEN_VERBOSE":      {"12", `"12" is neither true nor false, nor a number from 0 to 9`},
	} {
		t.Run(variable, func(t *testing.T) {
			w := toolkittest.New(t)
			w.Vars[variable] = c.value
			newApp(w.Env, commands(w.Env, catalogue()))
			name, _, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(variable, "ED_")), "_")
			found, err := w.Configured(name)
			require.NoError(t, err)
			wrong := found.Mistakes()
			require.Len(t, wrong, 1)
			require.Contains(t, wrong[0], "environment "+variable+": option ")
			require.Contains(t, wrong[0], c.want)
		})
	}
}

// TestToolsHaveSettings: what the environment can change about a tool is listed, once; what is no tool reads no settings.
func TestToolsHaveSettings(t *testing.T) {
	w := toolkittest.New(t)
	app := newApp(w.Env, commands(w.Env, catalogue()))
	frame := []string{"config", "explain", "completion", "man", "install-links", "version"}
	var want []string
	for _, c := range visible(app.Commands) {
		if !slices.Contains(frame, c.Name) {
			want = append(want, c.Name)
		}
	}
	require.ElementsMatch(t, want, w.Tools())
	walk("", app.Commands, func(path string, c *cli.Command) {
		if len(c.Subcommands) > 0 {
			return
		}
		top, _, _ := strings.Cut(path, " ")
		require.Equal(t, !slices.Contains(frame, top), c.Before != nil, path)
	})
	for _, name := range want {
		c, err := w.Configured(name)
		require.NoError(t, err)
		seen := map[string]bool{}
		for _, s := range c.Settings {
			require.False(t, seen[s.Name], "%s.%s is there twice", name, s.Name)
			seen[s.Name] = true
		}
		require.True(t, seen["timeout"], name)
	}
}

func TestExitCodes(t *testing.T) {
	byKind := map[toolkit.Kind]int{}
	for _, e := range exits()[1:] {
		_, twice := byKind[e.Kind]
		require.False(t, twice, e.Name)
		byKind[e.Kind] = e.Code
	}
	for _, k := range toolkit.Kinds() {
		require.Contains(t, byKind, k)
		require.Equal(t, byKind[k], exitCode(toolkit.Silent(k)))
	}
	require.Equal(t, 0, exitCode(nil))
	require.Equal(t, 130, exitCode(&toolkit.Interrupted{Signal: os.Interrupt}))
	require.Equal(t, 143, exitCode(&toolkit.Exited{Code: 143}))
	codes := []int{0, 1, 64, 65, 66, 68, 69, 70, 73, 74, 75, 76, 77, 78, 99, 124, 3, 4, 130}
	for _, e := range exits() {
		require.Contains(t, codes, e.Code)
	}
}

func TestExplain(t *testing.T) {
	for args, want := range map[string]string{
		"69": "UNAVAILABLE", "unavailable": "UNAVAILABLE", "EX_USAGE": "USAGE", "143": "SIGINT", "137": "ended by signal 9", "0": "it worked",
	} {
		w := toolkittest.New(t)
		require.NoError(t, run(context.Background(), w.Env, []string{"ed", "explain", args}, newApp(w.Env, commands(w.Env, catalogue()))))
		require.Contains(t, w.Out.String(), want)
	}
	w := toolkittest.New(t)
	require.Error(t, run(context.Background(), w.Env, []string{"ed", "explain", "2"}, newApp(w.Env, commands(w.Env, catalogue()))))
}

var optionTerm = regexp.MustCompile(`\*\*(--?[A-Za-z0-9?][A-Za-z0-9-]*)`)

// optionsInPage returns the options that begin a line in the section: the terms of its definition lists.
func optionsInPage(section string) []string {
	var all []string
	for line := range strings.SplitSeq(section, "\n") {
		if !strings.HasPrefix(line, "**-") {
			continue
		}
		for _, m := range optionTerm.FindAllStringSubmatch(line, -1) {
			all = append(all, m[1])
		}
	}
	return all
}

// TestPagesMatchTheTree: every command has a page with all its options, and no page has an option that does not exist.
func TestPagesMatchTheTree(t *testing.T) {
	for _, top := range visible(realApp(t).Commands) {
		t.Run(top.Name, func(t *testing.T) { comparePage(t, top) })
	}
}

func comparePage(t *testing.T, top *cli.Command) {
	name := "ed-" + top.Name + ".1"
	text, err := man.Page(name)
	require.NoError(t, err, "command %s has no page man/%s.md", top.Name, name)
	documented := optionsInPage(man.Sections(text)["OPTIONS"])
	exists := []string{"-h", "--help", "-V", "--version"}
	shared := toolkit.Options(toolkit.Flags())
	walk("", []*cli.Command{top}, func(path string, c *cli.Command) {
		for _, o := range toolkit.Options(c.Flags) {
			exists = append(exists, o.Names...)
			if o.Hidden || slices.ContainsFunc(shared, func(s toolkit.Option) bool { return s.Name == o.Name }) {
				continue
			}
			for _, n := range o.Names {
				require.Contains(t, documented, n, "man/%s.md does not tell of %s of ed %s", name, n, path)
			}
		}
	})
	for _, n := range documented {
		require.Contains(t, exists, n, "man/%s.md tells of an option that does not exist", name)
	}
}

// TestPagesHaveTheirSections: names, order, and exit codes that are in the table.
func TestPagesHaveTheirSections(t *testing.T) {
	heading := regexp.MustCompile(`(?m)^# (.+)$`)
	code := regexp.MustCompile(`\*\*(\d+)\*\*`)
	order := []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "FILES", "ENVIRONMENT", "SEE ALSO"}
	for _, name := range man.Names() {
		text, err := man.Page(name)
		require.NoError(t, err)
		require.NotContains(t, text, "*****", "%s: a bold star is written **\\***", name)
		_, section, _ := strings.Cut(name, ".")
		for s := range strings.SplitSeq(section, ".") { // ed.conf.5
			section = s
		}
		title := strings.TrimSuffix(name, "."+section)
		require.True(t, strings.HasPrefix(text, "% "+title+" "+section+"\n"), name)
		sections := man.Sections(text)
		require.Contains(t, sections["NAME"], "\n"+title+" - ", name)
		if section != "1" {
			continue
		}
		at := -1
		for _, m := range heading.FindAllStringSubmatch(text, -1) {
			if i := slices.Index(order, m[1]); i >= 0 {
				require.Greater(t, i, at, "%s: %s is out of order", name, m[1])
				at = i
			}
		}
		for _, s := range order {
			if s != "FILES" && s != "ENVIRONMENT" {
				require.Contains(t, sections, s, name)
			}
		}
		for line := range strings.Lines(sections["EXIT STATUS"]) {
			if !strings.HasPrefix(line, "**") {
				continue
			}
			for _, m := range code.FindAllStringSubmatch(line, -1) {
				n, err := strconv.Atoi(m[1])
				require.NoError(t, err)
				require.True(t, slices.ContainsFunc(exits(), func(e exit) bool { return e.Code == n }), "%s: exit code %d", name, n)
			}
		}
	}
}

// TestPageOfEdListsAllCodes: ed(1) has the whole table.
func TestPageOfEdListsAllCodes(t *testing.T) {
	text, err := man.Page("ed.1")
	require.NoError(t, err)
	for _, e := range exits() {
		require.Contains(t, man.Sections(text)["EXIT STATUS"], "**"+strconv.Itoa(e.Code)+"**")
	}
}

func TestCompletionKnowsEverything(t *testing.T) {
	app := realApp(t)
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script, err := completionScript(shell, app)
		require.NoError(t, err)
		walk("", app.Commands, func(path string, c *cli.Command) {
			require.True(t, strings.Contains(script, path), "%s: no %s", shell, path)
			for _, o := range toolkit.Options(c.Flags) {
				for _, n := range o.Names {
					if o.Hidden {
						continue
					}
					if shell == "fish" {
						n = fishSpelling(n)
					}
					require.True(t, strings.Contains(script, n), "%s: %s has no %s", shell, path, n)
				}
				for _, v := range o.Choices {
					require.True(t, strings.Contains(script, v), "%s: %s --%s has no %s", shell, path, o.Name, v)
				}
			}
		})
		checkSyntax(t, shell, script)
	}
	_, err := completionScript("csh", app)
	require.Equal(t, toolkit.Usage, toolkit.KindOf(err))
}

func fishSpelling(option string) string {
	if long, ok := strings.CutPrefix(option, "--"); ok {
		return "-l " + long
	}
	return "-s '" + option[1:] + "'"
}

// checkSyntax lets the shell read the script, if it is installed.
func checkSyntax(t *testing.T, shell, script string) {
	path, err := exec.LookPath(shell)
	if err != nil {
		return
	}
	file := filepath.Join(t.TempDir(), "script")
	require.NoError(t, os.WriteFile(file, []byte(script), 0o644))
	out, err := exec.Command(path, "-n", file).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out))
}

// TestCompletionInBash asks a real bash, without the bash-completion package, what it would offer.
func TestCompletionInBash(t *testing.T) {
	script, err := completionScript("bash", realApp(t))
	require.NoError(t, err)
	// The names of what is running are those that the program tells.
	bin := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "ed"), []byte("#!/bin/sh\n[ \"$1\" = names ] && printf '%s_one\\n%s_two\\n' \"$2\" \"$2\"\n"), 0o755))
	tests := []struct{ name, words, want string }{ // the last word is the one under the cursor
		{"targets", bin + "/ed|top|", "targets_one targets_two"},
		{"the second target", bin + "/ed|watch|targets_one|targets_t", "targets_two"},
		{"targets behind an option", bin + "/ed|top|--view|loop|targets_o", "targets_one"},
		{"services to signal", bin + "/ed|signal|services_t", "services_two/"},
		{"commands of a service", bin + "/ed|signal|services_two/RE", "services_two/READY services_two/RESTART"},
		{"commands behind a server", bin + "/ed|signal|--wait|far:svc/ST", "far:svc/STOP"},
		{"commands alone", bin + "/ed-signal|LOG", "LOG_ROTATE"},
		{"services", bin + "/ed|services|", "services_one services_two"},
		{"what to stop, by a link", bin + "/ed-stop|running_o", "running_one"},
		{"no program", "/nowhere/ed|top|", ""},
		{"commands", "ed|expl", "explain"},
		{"subcommands", "ed|config|", "show"},
		{"operands", "ed|completion|", "bash zsh fish"},
		{"tools", "ed|config|show|s", "signal send services stop"},
		{"tools to check", "ed|check|config|de", "demo"},
		{"exit codes", "ed|explain|12", "124"},
		{"pages", "ed|man|sto", "stop"},
		{"pages on files", "ed|man|ed.", "ed.conf"},
		{"operands after an option with a value", "ed|completion|--timeout|5|f", "fish"},
		{"options", "ed|config|show|--or", "--origin"},
		{"options of the program", "ed|--ver", "--version"},
		{"value", "ed|explain|--color|a", "auto always"},
		{"an event", "ed|on|process|--events|e", "end exists"},
		{"value after an equal sign", "ed|explain|--color|=|n", "never"},
		{"value right at the equal sign", "ed|explain|--color|=", "auto always never"},
		{"no value known", "ed|explain|--timeout|", ""},
		{"link", "/usr/bin/ed-config|show|--or", "--origin"},
		{"link by its name alone", "ed-config|show|--or", "--origin"},
		{"nothing after an operand", "ed|explain|69|sh", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			words := strings.Split(test.words, "|")
			call := "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _ed; echo \"${COMPREPLY[*]}\""
			cmd := exec.Command("bash", append([]string{"--norc", "-c", script + call, "bash"}, words...)...)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			require.Equal(t, test.want, strings.TrimSpace(string(out)))
		})
	}
}
