package toolkit

import (
	"strings"
	"unicode/utf8"

	"github.com/urfave/cli/v2"
)

// option is one option as it was given.
type option struct {
	name  string // primary long name
	value string
	bare  bool // without a value
}

func (o option) arg() string {
	if o.bare {
		return "--" + o.name
	}
	return "--" + o.name + "=" + o.value
}

// parsedArgs is a command line taken apart.
type parsedArgs struct {
	options  []option
	operands []string
	help     bool
	version  bool
}

// flagSet finds flags by name.
type flagSet struct {
	long  map[string]*flagInfo
	short map[rune]*flagInfo
	rest  *flagInfo // takes the words after "--"; nil: they are operands
}

func newFlagSet(flags []cli.Flag) *flagSet {
	s := &flagSet{long: map[string]*flagInfo{}, short: map[rune]*flagInfo{}}
	for _, f := range flags {
		d := describeFlag(f)
		if d.rest {
			s.rest = &d
			continue
		}
		for _, n := range d.long {
			if old := s.long[n]; old == nil || d.value {
				s.long[n] = &d
			}
		}
		for _, r := range d.short {
			if old := s.short[r]; old == nil || d.value {
				s.short[r] = &d
			}
		}
	}
	return s
}

// names lists every long name with its dashes, for suggestions.
func (s *flagSet) names() []string {
	all := []string{"--help", "--version"}
	for n := range s.long {
		all = append(all, "--"+n)
	}
	return all
}

// wantsNext counts the words after arg that are the value of the option that arg is or ends in.
func (s *flagSet) wantsNext(arg string) int {
	if name, ok := strings.CutPrefix(arg, "--"); ok {
		name, _, joined := strings.Cut(name, "=")
		f := s.long[foldName(name)]
		if f == nil {
			return 0
		}
		return f.wants(joined)
	}
	for i, r := range arg[1:] {
		f := s.short[r]
		if f == nil || f.optional {
			return 0
		}
		if f.value {
			return f.wants(1+i+utf8.RuneLen(r) < len(arg))
		}
	}
	return 0
}

// wants is how many words follow; joined says that one is part of the option's own word.
func (f *flagInfo) wants(joined bool) (n int) {
	if f.value && !joined {
		n++
	}
	if f.pair {
		n++
	}
	return n
}

// parseArgs takes args apart by what the flags say of themselves. Help and version are found even in a line that is wrong
// elsewhere; the error is that of the first wrong word.
func parseArgs(flags []cli.Flag, args []string) (parsedArgs, error) {
	p := &argParser{set: newFlagSet(flags), args: args}
	for len(p.args) > 0 {
		arg := p.next()
		switch {
		case arg == "--" && p.set.rest != nil && len(p.args) == 0:
			p.fail(Errorf(Usage, "the command after -- is missing"))
		case arg == "--" && p.set.rest != nil:
			for len(p.args) > 0 {
				p.add(option{name: p.set.rest.primary(), value: p.next()})
			}
		case arg == "--":
			p.out.operands = append(p.out.operands, p.args...)
			p.args = nil
		case strings.HasPrefix(arg, "--"):
			p.longOption(arg)
		case isOption(arg):
			p.cluster(arg)
		default:
			p.out.operands = append(p.out.operands, arg)
		}
	}
	return p.out, p.err
}

type argParser struct {
	set  *flagSet
	args []string
	out  parsedArgs
	err  error
}

func (p *argParser) next() string {
	arg := p.args[0]
	p.args = p.args[1:]
	return arg
}

func (p *argParser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

func (p *argParser) add(o option) { p.out.options = append(p.out.options, o) }

func (p *argParser) longOption(arg string) {
	name, value, joined := strings.Cut(arg[2:], "=")
	f := p.set.long[foldName(name)]
	switch {
	case f == nil && name == "help":
		p.out.help = true
	case f == nil && name == "version":
		p.out.version = true
	case f == nil:
		p.fail(DidYouMean(Errorf(Usage, "unknown option --%s", Escape(name)), "--"+name, p.set.names()))
	case joined:
		p.joined(f, "--"+name, value)
	case f.value:
		p.value(f, "--"+name)
	default:
		p.add(option{name: f.primary(), bare: true})
	}
}

// value takes the next word as the value of f, whatever it looks like.
func (p *argParser) value(f *flagInfo, as string) {
	if len(p.args) == 0 {
		p.fail(Errorf(Usage, "option %s needs a value", as))
		return
	}
	p.joined(f, as, p.next())
}

// joined takes value, and where two words belong together the next one with it.
func (p *argParser) joined(f *flagInfo, as, value string) {
	if f.pair {
		if len(p.args) == 0 {
			p.fail(Errorf(Usage, "option %s needs two values: %s", as, describe(f.flag).Arg))
			return
		}
		value += pairMark + p.next()
	}
	value, err := plain(f.flag, value)
	if err != nil {
		p.fail(Errorf(Usage, "option --%s: %w", f.primary(), err))
	}
	p.add(option{name: f.primary(), value: value})
}

// cluster reads "-abc", "-xvalue" and "-x=value". A word that is a long name is refused: read as a cluster, "-host" would
// mean "-h", help.
func (p *argParser) cluster(arg string) {
	word, _, _ := strings.Cut(arg[1:], "=")
	if utf8.RuneCountInString(word) > 1 && (p.set.long[foldName(word)] != nil || word == "help" || word == "version") {
		p.fail(WithHint(Errorf(Usage, "unknown option -%s", word), "did you mean --%s?", foldName(word)))
		return
	}
	rest := arg[1:]
	for rest != "" {
		r, size := utf8.DecodeRuneInString(rest)
		as := "-" + rest[:size]
		rest = rest[size:]
		f := p.set.short[r]
		value, joined := strings.CutPrefix(rest, "=")
		switch {
		case f == nil && r == 'h':
			p.out.help = true
			continue
		case f == nil && r == 'V':
			p.out.version = true
			continue
		case f == nil:
			p.fail(Errorf(Usage, "unknown option %s", as))
			return
		case joined:
			p.joined(f, as, value)
			return
		case f.value && rest != "":
			p.joined(f, as, rest)
			return
		case f.value:
			p.value(f, as)
			return
		}
		p.add(option{name: f.primary(), bare: true})
	}
}
