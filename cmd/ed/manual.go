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

// plainPage takes the marks of Markdown out; what they mark is legible without.
func plainPage(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		title, isTitle := strings.CutPrefix(line, "# ")
		item, isItem := strings.CutPrefix(line, ": ")
		switch {
		case strings.HasPrefix(line, "% "):
			continue
		case line == "":
		case isTitle:
			b.WriteString(title)
		case strings.HasPrefix(line, "    "): // an example, as it is
			b.WriteString(line)
		case isItem, strings.HasPrefix(line, "  "):
			b.WriteString("      " + plainLine(strings.TrimSpace(item)))
		default:
			b.WriteString("  " + plainLine(line))
		}
		b.WriteByte('\n')
	}
	return strings.TrimLeft(b.String(), "\n")
}

// plainLine removes the stars and underscores that mark words, not those that are meant.
func plainLine(l string) string {
	var b strings.Builder
	man.Spans(l, func(text string, _ man.Style) { b.WriteString(text) })
	return b.String()
}
