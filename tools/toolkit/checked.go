package toolkit

import (
	"fmt"
	"math"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/dispatch"
)

// MaxDatagram is the most bytes that fit into one UDP datagram.
const MaxDatagram = 65507

// numberValue is the cli value behind NumberFlag.
type numberValue struct{ n, least, most int }

func (v *numberValue) Set(s string) error {
	n, err := strconv.Atoi(s)
	switch {
	case err == nil && n >= v.least && n <= v.most:
		v.n = n
		return nil
	case v.most == math.MaxInt:
		return fmt.Errorf("%q is not a number of at least %d", s, v.least)
	}
	return fmt.Errorf("%q is not a number from %d to %d", s, v.least, v.most)
}

func (v *numberValue) String() string {
	if v == nil {
		return "0"
	}
	return strconv.Itoa(v.n)
}

// NumberFlag takes a number from least to most; math.MaxInt is no upper limit. The default may lie outside: 0 often means "not
// given". A value that a file or the environment gives is held to the same range, so that `ed check config` sees it. NumberOf reads it.
func NumberFlag(name string, aliases []string, def, least, most int, usage string) cli.Flag {
	return &cli.GenericFlag{Name: name, Aliases: aliases, Value: &numberValue{def, least, most}, Usage: usage}
}

// NumberOf returns the value of a NumberFlag, 0 if there is none of that name.
func NumberOf(c *cli.Context, name string) int {
	if v, ok := c.Generic(name).(*numberValue); ok {
		return v.n
	}
	return 0
}

// textValue is the cli value behind TextFlag.
type textValue struct {
	text  string
	check func(string) error
	words []string // that completion suggests
}

func (v *textValue) Set(s string) error {
	if s != "" {
		if err := v.check(s); err != nil {
			return err
		}
	}
	v.text = s
	return nil
}

func (v *textValue) String() string {
	if v == nil {
		return ""
	}
	return v.text
}

// TextFlag takes a text that check finds no fault with, or an empty one, which counts as none. As with NumberFlag that holds wherever the
// value comes from. check's error names the value and says what is allowed. StringOf reads it.
func TextFlag(name string, aliases []string, def string, check func(string) error, usage string) cli.Flag {
	return &cli.GenericFlag{Name: name, Aliases: aliases, Value: &textValue{text: def, check: check}, Usage: usage}
}

// CommandGlobOf reads a string flag that is a glob over commands, nil if there is none or it is empty. What matches no command is an error
// of kind Usage.
func CommandGlobOf(c *cli.Context, name string) (*dispatch.Glob, error) {
	text := c.String(name)
	if text == "" {
		return nil, nil
	}
	glob, err := dispatch.CommandGlob(text)
	if err != nil {
		return nil, Errorf(Usage, "option --%s: %w", name, err)
	}
	return &glob, nil
}

// WordsFlag takes any text, and has completion suggest words: those that are known before anybody was asked. StringOf reads it.
func WordsFlag(name string, aliases []string, def string, words []string, usage string) cli.Flag {
	v := &textValue{text: def, check: func(string) error { return nil }, words: words}
	return &cli.GenericFlag{Name: name, Aliases: aliases, Value: v, Usage: usage}
}
