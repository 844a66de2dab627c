package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/man"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

func manCommand(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:        "man",
		Usage:       "print a manual page, also where none are installed",
		ArgsUsage:   "[PAGE]",
		Description: "ed man signal\ned man message\ned man                      list the pages",
		Flags:       toolkit.Flags(),
		Action: func(c *cli.Context) error {
			args, err := toolkit.Operands(c, 0, 1, "")
			if err != nil {
				return err
			}
			out := env.Output(env.Common(c))
			if len(args) == 0 {
				return out.Line("%s", strings.Join(man.Names(), "\n"))
			}
			text, err := findPage(args[0])
			if err != nil {
				return err
			}
			return out.Raw([]byte(plainPage(text)))
		},
	}
}

// findPage takes "signal", "ed-signal" and "ed-signal.1" alike.
func findPage(name string) (string, error) {
	for _, full := range man.Names() {
		bare := full[:strings.LastIndexByte(full, '.')]
		if name == full || name == bare || "ed-"+name == bare {
			return man.Page(full)
		}
	}
	err := toolkit.Errorf(toolkit.NoInput, "there is no page %q", toolkit.Escape(name))
	return "", toolkit.WithHint(err, "ed man lists them")
}

// pageWidth is that of --help where the terminal is not known, so that a page is the same wherever it is printed.
const pageWidth = 80

// plainPage takes the marks of Markdown out, as what they mark is legible without, and breaks the lines.
func plainPage(text string) string {
	var p plainText
	for line := range strings.Lines(text) {
		p.line(strings.TrimRight(line, "\n"))
	}
	p.end()
	return strings.TrimLeft(p.b.String(), "\n")
}

type plainText struct {
	b     strings.Builder
	words []string // of the paragraph that is open
	first string   // what its first line begins with; the others are indented as far
}

func (p *plainText) line(line string) {
	mark, rest, _ := strings.Cut(line, " ")
	switch {
	case mark == "%":
		return
	case mark == "#":
		p.asIs(rest)
		return
	case mark == "##":
		p.asIs("  " + rest)
		return
	case line == "", strings.HasPrefix(line, "    "): // the latter is an example
		p.asIs(line)
		return
	case mark == ":":
		p.begin("      ")
	case mark == "-", len(mark) == 2 && mark[0] >= '0' && mark[0] <= '9' && mark[1] == '.':
		p.begin("  " + mark + " ")
	default:
		if len(p.words) == 0 {
			p.begin("  ")
		}
		rest = line
	}
	p.words = append(p.words, strings.Fields(plainLine(rest))...)
}

func (p *plainText) asIs(line string) {
	p.end()
	p.b.WriteString(line + "\n")
}

func (p *plainText) begin(first string) {
	p.end()
	p.first = first
}

// end writes the paragraph that is open, if one is.
func (p *plainText) end() {
	if len(p.words) == 0 {
		return
	}
	indent := len(p.first)
	p.b.WriteString(p.first + toolkit.Wrap(strings.Join(p.words, " "), pageWidth-indent, indent) + "\n")
	p.words = nil
}

// plainLine removes the stars and underscores that mark words, not those that are meant.
func plainLine(l string) string {
	var b strings.Builder
	man.Spans(l, func(text string, _ man.Style) { b.WriteString(text) })
	return b.String()
}
