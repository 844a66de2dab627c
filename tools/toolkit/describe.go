package toolkit

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Option describes one option of a command for those who print or check it: help, completion, the manual's test.
type Option struct {
	Name     string   // primary long name, without dashes
	Names    []string // every spelling with its dashes, short ones first
	Arg      string   // name of the value, as in ADDR; "" when it takes none
	Optional bool     // the value may be left out
	Usage    string   // with the backquotes taken away
	Default  string   // "" when there is none worth showing
	Choices  []string // the words it takes, where it takes only those
	Words    []string // words that it takes beside others
	Hidden   bool
}

// Options describes flags in their order.
func Options(flags []cli.Flag) []Option {
	var all []Option
	for _, f := range flags {
		all = append(all, describe(f))
	}
	return all
}

func describe(f cli.Flag) Option {
	info := describeFlag(f)
	o := Option{Name: info.primary(), Optional: info.optional}
	for _, r := range info.short {
		o.Names = append(o.Names, "-"+string(r))
	}
	for _, n := range info.long {
		o.Names = append(o.Names, "--"+n)
	}
	if v, ok := f.(cli.VisibleFlag); ok {
		o.Hidden = !v.IsVisible()
	}
	doc, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return o
	}
	o.Usage, o.Arg = unquoteUsage(doc.GetUsage())
	if !info.value && !info.optional {
		o.Arg = ""
		return o
	}
	if o.Arg == "" {
		o.Arg = "VALUE"
	}
	o.Default = defaultText(f, doc)
	if g, ok := f.(*cli.GenericFlag); ok {
		switch v := g.Value.(type) {
		case *choiceValue:
			o.Choices = v.choices
		case *textValue:
			o.Words = v.words
		}
	}
	return o
}

// defaultText leaves out what says nothing: "", 0 and an empty list.
func defaultText(f cli.Flag, doc cli.DocGenerationFlag) string {
	text := ""
	switch f := f.(type) {
	case *cli.StringFlag:
		text = f.Value
	case *cli.GenericFlag, *cli.IntFlag:
		text = doc.GetDefaultText()
	}
	if text == "0" || text == "0s" {
		return ""
	}
	return text
}

// unquoteUsage takes the value's name out of "where to send: `ADDR`", as the flag package does.
func unquoteUsage(s string) (usage, arg string) {
	before, rest, ok := strings.Cut(s, "`")
	if !ok {
		return s, ""
	}
	arg, after, ok := strings.Cut(rest, "`")
	if !ok {
		return s, ""
	}
	return before + arg + after, arg
}

// left is the left column of help: "-H, --host ADDR".
func (o Option) left() string {
	s := strings.Join(o.Names, ", ")
	if len(o.Names) > 0 && strings.HasPrefix(o.Names[0], "--") {
		s = "    " + s
	}
	switch {
	case o.Optional:
		s += "[=" + o.Arg + "]"
	case o.Arg != "":
		s += " " + o.Arg
	}
	return s
}

// brief is the shortest way to write the option.
func (o Option) brief() string {
	s := o.Names[0]
	if o.Arg != "" {
		s += " " + o.Arg
	}
	return s
}

func (o Option) defaultNote() string {
	note := ""
	if len(o.Choices) > 0 {
		note = ": " + strings.Join(o.Choices, ", ")
	}
	if o.Default != "" {
		note += " (" + o.Default + ")"
	}
	return note
}

// isShared reports whether o is one of the flags that every command has, and no command's own in its place.
func (o Option) isShared() bool {
	return slices.ContainsFunc(Options(sharedFlags()), func(s Option) bool { return s.Name == o.Name && s.Usage == o.Usage })
}
