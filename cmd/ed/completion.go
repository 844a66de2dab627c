package main

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/definition"
	answers "github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/man"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

func completionCommand(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:        "completion",
		Usage:       "print a script that lets a shell complete commands and options",
		ArgsUsage:   "bash|zsh|fish",
		Description: "source <(ed completion bash)\ned completion fish > ~/.config/fish/completions/ed.fish",
		Flags:       toolkit.Flags(),
		Action: func(c *cli.Context) error {
			args, err := toolkit.Operands(c, 1, 1, "the shell (bash, zsh, fish)")
			if err != nil {
				return err
			}
			script, err := completionScript(args[0], c.App)
			if err != nil {
				return err
			}
			return env.Output(env.Common(c)).Raw([]byte(script))
		},
	}
}

// completionScript writes the script from the tree of commands, so that it cannot differ from what the program takes. None needs
// anything but its shell, and for the names of what is running the program itself.
func completionScript(shell string, app *cli.App) (string, error) {
	nodes := completionNodes(app)
	names := append([]string{"ed"}, linkNames(app.Commands)...)
	switch shell {
	case "bash":
		return bashScript(nodes, names), nil
	case "zsh":
		return zshScript(nodes, names), nil
	case "fish":
		return fishScript(nodes, names), nil
	}
	return "", toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "no script for shell %q", toolkit.Escape(shell)), "there are bash, zsh and fish")
}

// completionNode is one command in the tree; the root's path is "".
type completionNode struct {
	path     string // "config show"
	commands []completionWord
	options  []toolkit.Option
	operands []string // words that the command takes as operands, where they are known
	messages []string // commands that the operand may end in, behind a service or alone
	names    string   // of what is running, which it takes: for ed names; with "/" behind it, something more follows each
}

// completionWord is a candidate with its description.
type completionWord struct{ word, text string }

func completionNodes(app *cli.App) []completionNode {
	root := completionNode{}
	nodes := []completionNode{}
	for _, c := range visible(app.Commands) {
		root.commands = append(root.commands, completionWord{c.Name, c.Usage})
		nodes = appendNodes(nodes, c.Name, c)
	}
	for i := range nodes {
		nodes[i].operands = append(nodes[i].operands, knownOperands(app, nodes[i].path)...)
	}
	return append([]completionNode{root}, nodes...)
}

// knownOperands lists the operands of the commands that are about the program itself.
func knownOperands(app *cli.App, path string) (words []string) {
	switch path {
	case "config show", "check config":
		for _, c := range visible(app.Commands) {
			if isTool(c) {
				words = append(words, c.Name)
			}
		}
	case "explain":
		for _, e := range exits() {
			words = append(words, strconv.Itoa(e.Code))
		}
	case "man":
		for _, page := range man.Names() {
			words = append(words, strings.TrimPrefix(strings.TrimRight(page, ".0123456789"), "ed-"))
		}
	}
	return words
}

// isTool says whether a command, or one under it, has settings: toolkit.Prepare has those looked up before it runs.
func isTool(c *cli.Command) bool {
	return c.Before != nil || slices.ContainsFunc(c.Subcommands, isTool)
}

func appendNodes(nodes []completionNode, path string, c *cli.Command) []completionNode {
	n := completionNode{path: path, operands: operandWords(c.ArgsUsage), names: operandNames(c.ArgsUsage)}
	if strings.HasSuffix(n.names, "/") {
		n.messages = defaultCommands()
	}
	for _, o := range toolkit.Options(c.Flags) {
		if !o.Hidden {
			n.options = append(n.options, o)
		}
	}
	for _, s := range visible(c.Subcommands) {
		n.commands = append(n.commands, completionWord{s.Name, s.Usage})
	}
	nodes = append(nodes, n)
	for _, s := range visible(c.Subcommands) {
		nodes = appendNodes(nodes, path+" "+s.Name, s)
	}
	return nodes
}

// defaultCommands lists the commands that every service knows, but for those that are answers.
func defaultCommands() (commands []string) {
	files, _ := fs.Glob(definition.Builtin(), "*.conf") // of an embedded file system, by a good pattern: there is no error
	for _, file := range files {
		if command := strings.TrimSuffix(path.Base(file), ".conf"); !answers.NeverAnswered([]byte(command)) {
			commands = append(commands, command)
		}
	}
	return commands
}

func visible(commands []*cli.Command) []*cli.Command {
	return slices.DeleteFunc(slices.Clone(commands), func(c *cli.Command) bool { return c.Hidden })
}

// operandWords reads "bash|zsh|fish": lower-case words with bars between them are all that the command takes.
func operandWords(usage string) []string {
	if !strings.Contains(usage, "|") || strings.ToLower(usage) != usage {
		return nil
	}
	return strings.Split(strings.Trim(usage, "[]"), "|")
}

// builtinOptions are those that the program itself takes with every command.
func builtinOptions() []toolkit.Option {
	return []toolkit.Option{
		{Name: "help", Names: []string{"-h", "--help"}, Usage: "show how it is used"},
		{Name: "version", Names: []string{"-V", "--version"}, Usage: "print the version"},
	}
}

// operandNames says which names ed names has for the operands of a command.
func operandNames(usage string) string {
	switch {
	case strings.Contains(usage, "TARGET"):
		return "targets"
	case strings.HasPrefix(usage, "[[SERVER:]SERVICE/]COMMAND"):
		return "services/"
	case strings.HasPrefix(usage, "NAME|UNIT"):
		return "running"
	case strings.Contains(usage, "SERVICE"):
		return "services"
	}
	return ""
}

func (n completionNode) allOptions() []toolkit.Option {
	return append(slices.Clone(n.options), builtinOptions()...)
}

// commandNames lists the commands under this one, space separated.
func (n completionNode) commandNames() string {
	words := make([]string, 0, len(n.commands))
	for _, c := range n.commands {
		words = append(words, c.word)
	}
	return strings.Join(words, " ")
}

// optionNames lists every spelling, space separated, of the options that keep says yes to.
func optionNames(options []toolkit.Option, keep func(toolkit.Option) bool) string {
	var names []string
	for _, o := range options {
		if keep(o) {
			names = append(names, o.Names...)
		}
	}
	return strings.Join(names, " ")
}

func takesNext(o toolkit.Option) bool { return o.Arg != "" && !o.Optional }

// valueRule says how the value of an option is completed: by words, "FILE", "DIR", or not at all ("").
func valueRule(o toolkit.Option) string {
	switch {
	case len(o.Choices)+len(o.Words) > 0:
		return strings.Join(slices.Concat(o.Choices, o.Words), " ") // it has one of the two
	case strings.Contains(o.Arg, "FILE"):
		return "FILE"
	case o.Arg == "DIR":
		return "DIR"
	}
	return ""
}

// shellQuote makes s one word for a POSIX shell, zsh and fish alike.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// writeCase writes "PATTERN) echo WORDS ;;" of a POSIX shell's case, unless there are no words.
func writeCase(b *strings.Builder, pattern, words string) {
	if words != "" {
		fmt.Fprintf(b, "    %s) echo %s ;;\n", shellQuote(pattern), shellQuote(words))
	}
}

// caseLines writes a case for each node.
func caseLines(b *strings.Builder, nodes []completionNode, words func(completionNode) string) {
	for _, n := range nodes {
		writeCase(b, n.path, words(n))
	}
}
