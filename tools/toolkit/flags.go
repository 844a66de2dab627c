package toolkit

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// DefaultTimeout bounds every wait of a one-shot command.
const DefaultTimeout = 10 * time.Second

// Flags returns a command's own flags followed by those that every command has, with one meaning everywhere:
// --json, -q, -v, --timeout, --color. An own flag of the same name takes the place of the shared one (a command whose
// --timeout has another default); the list is made afresh each time because cli keeps values in it.
func Flags(own ...cli.Flag) []cli.Flag {
	var names []string
	for _, f := range own {
		names = append(names, f.Names()[0])
	}
	all := own
	for _, f := range sharedFlags() {
		if !slices.Contains(names, f.Names()[0]) {
			all = append(all, f)
		}
	}
	return all
}

func sharedFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "json", Usage: "print JSON, one object a line"},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "print errors and data only"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "say more; twice for more still"},
		DurationFlag("timeout", nil, DefaultTimeout, "give up after `DUR`; a bare number is seconds, 0 is never"),
		ChoiceFlag("color", nil, string(ColorAuto), []string{"auto", "always", "never"}, "paint the output: `WHEN`"),
	}
}

// Common holds the values of the shared flags.
type Common struct {
	JSON    bool
	Quiet   bool
	Verbose int           // how often -v was given
	Timeout time.Duration // 0: no limit
	Color   ColorMode
}

// flagInfo is what the normaliser, help, completion and the manual's test know of a flag.
type flagInfo struct {
	flag     cli.Flag
	long     []string // without dashes, '_' as '-'
	short    []rune
	value    bool // a value must follow
	optional bool // a value may follow, with "=" only
	pair     bool // the value is two words
	rest     bool // it takes the words after "--", and is no option that could be written
}

// primary is the name under which cli knows the flag.
func (f *flagInfo) primary() string { return f.flag.Names()[0] }

func describeFlag(f cli.Flag) flagInfo {
	d := flagInfo{flag: f}
	for _, n := range f.Names() {
		if utf8.RuneCountInString(n) == 1 {
			r, _ := utf8.DecodeRuneInString(n)
			d.short = append(d.short, r)
		} else {
			d.long = append(d.long, foldName(n))
		}
	}
	if doc, ok := f.(cli.DocGenerationFlag); ok {
		d.value = doc.TakesValue()
	}
	if g, ok := f.(*cli.GenericFlag); ok {
		if b, ok := g.Value.(interface{ IsBoolFlag() bool }); ok && b.IsBoolFlag() {
			d.value, d.optional = false, true
		}
		_, d.pair = g.Value.(*pairValue)
		_, d.rest = g.Value.(*restValue)
	}
	return d
}

// foldName makes '_' and '-' equal in the names of options, as in the C++ tools.
func foldName(n string) string { return strings.ReplaceAll(n, "_", "-") }
