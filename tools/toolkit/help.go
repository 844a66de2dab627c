package toolkit

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// HelpText returns the help of a command: what it is, how it is called, examples, then the options. The command's
// Description holds the examples, one a line; Usage is the one line that says what it is; UsageText, or else ArgsUsage, says what
// follows the command's name. path is the command as it was called ("ed signal", "ed-signal").
func HelpText(path string, c *cli.Command, width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s - %s\n\n", path, c.Usage)
	writeSynopsis(&b, path, c)
	writeExamples(&b, c.Description)
	writeCommands(&b, c.Subcommands)
	writeOptions(&b, c.Flags, width)
	return b.String()
}

// RootHelp returns the help of the program.
func RootHelp(program string, app *cli.App, width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s - %s\n\n  %s COMMAND [OPTIONS] [OPERANDS]\n", program, app.Usage, program)
	writeExamples(&b, app.Description)
	writeCommands(&b, app.Commands)
	fmt.Fprintf(&b, "\n'%s COMMAND --help' says more about each; every page also is a manual page, as ed-signal(1).\n", program)
	return wrapBlock(b.String(), width)
}

func writeSynopsis(b *strings.Builder, path string, c *cli.Command) {
	text := c.UsageText
	if text == "" {
		text = strings.TrimSpace("[OPTIONS] " + c.ArgsUsage)
		if len(c.Subcommands) > 0 {
			text = "COMMAND [OPTIONS] [OPERANDS]"
		}
	}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		fmt.Fprintf(b, "  %s %s\n", path, strings.TrimSpace(line))
	}
}

func writeExamples(b *strings.Builder, text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	b.WriteString("\nExamples:\n")
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(b, "  %s\n", strings.TrimSpace(line))
	}
}

func writeCommands(b *strings.Builder, cmds []*cli.Command) {
	if len(cmds) == 0 {
		return
	}
	b.WriteString("\nCommands:\n")
	widest := 0
	for _, c := range cmds {
		if !c.Hidden {
			widest = max(widest, len(c.Name))
		}
	}
	for _, c := range cmds {
		if !c.Hidden {
			fmt.Fprintf(b, "  %-*s  %s\n", widest, c.Name, c.Usage)
		}
	}
}

// writeOptions lists the command's own options one by one, and in a line each at the end those of GroupFlags, of PeerFlags, and those
// that every command has. Of the columns in which descriptions may begin it takes the one that makes the fewest lines.
func writeOptions(b *strings.Builder, flags []cli.Flag, width int) {
	var own []Option
	var shared, tls, group []string
	for _, o := range Options(flags) {
		switch {
		case o.Hidden:
		case isTLS(o.Name):
			tls = append(tls, o.brief())
		case isGroup(o.Name):
			group = append(group, o.brief())
		case o.isShared():
			shared = append(shared, o.brief())
		default:
			own = append(own, o)
		}
	}
	shared = append(shared, "-h", "-V")
	best := ""
	for column := 26; column <= 34; column += 2 {
		text := optionLines(own, column, width)
		if best == "" || strings.Count(text, "\n") < strings.Count(best, "\n") {
			best = text
		}
	}
	if len(group) > 0 {
		best += "  " + Wrap("over udp to groups: "+strings.Join(group, ", "), width-2, 2) + "\n"
	}
	if len(tls) > 0 {
		best += "  " + Wrap("over tls: "+strings.Join(tls, ", "), width-2, 2) + "\n"
	}
	fmt.Fprintf(b, "\nOptions:\n%s  %s\n", best, Wrap("everywhere: "+strings.Join(shared, "  "), width-2, 2))
}

func optionLines(options []Option, column, width int) string {
	var b strings.Builder
	for _, o := range options {
		left := "  " + o.left()
		if pad := column - utf8.RuneCountInString(left); pad < 2 {
			fmt.Fprintf(&b, "%s\n%*s", left, column, "")
		} else {
			fmt.Fprintf(&b, "%s%*s", left, pad, "")
		}
		b.WriteString(Wrap(o.Usage+o.defaultNote(), width-column, column) + "\n")
	}
	return b.String()
}

// Wrap breaks s at spaces into lines of at most width columns, which are 20 at least; all but the first are indented.
func Wrap(s string, width, indent int) string {
	width = max(width, 20)
	var b strings.Builder
	column := 0
	for i, word := range strings.Split(s, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > width:
			fmt.Fprintf(&b, "\n%*s", indent, "")
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

func wrapBlock(s string, width int) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "'") {
			lines[i] = Wrap(l, width, 0)
		}
	}
	return strings.Join(lines, "\n")
}
