package toolkit

import (
	"errors"
	"strings"

	"github.com/urfave/cli/v2"
)

// Pair is the value of a PairFlag.
type Pair struct{ First, Second string }

// pairMark stands between the two words on their way through cli. No word of a command line can hold it.
const pairMark = "\x00"

// pairValue is the cli value behind PairFlag.
type pairValue struct{ pairs []Pair }

func (v *pairValue) Set(s string) error {
	first, second, ok := strings.Cut(s, pairMark)
	if !ok {
		return errors.New("two values are needed")
	}
	v.pairs = append(v.pairs, Pair{first, second})
	return nil
}

func (v *pairValue) String() string { return "" }

// PairFlag takes two words, "--send ADDR MESSAGE", and may be repeated. It has no aliases. Read it with PairsOf.
func PairFlag(name, usage string) cli.Flag {
	return &cli.GenericFlag{Name: name, Value: &pairValue{}, Usage: usage}
}

// PairsOf returns the values of a PairFlag in their order.
func PairsOf(c *cli.Context, name string) []Pair {
	if v, ok := c.Generic(name).(*pairValue); ok {
		return v.pairs
	}
	return nil
}

// restValue is the cli value behind RestFlag.
type restValue struct{ words []string }

func (v *restValue) Set(s string) error {
	v.words = append(v.words, s)
	return nil
}

func (v *restValue) String() string { return "" }

// RestFlag is for a command that takes another command after "--": the words after it are kept apart from the operands. On the
// command line there is no option of that name. Read it with RestOf.
func RestFlag(name string) cli.Flag {
	return &cli.GenericFlag{Name: name, Value: &restValue{}, Usage: "the words after --", Hidden: true}
}

// RestOf returns the words after "--"; nil if there are none.
func RestOf(c *cli.Context, name string) []string {
	if v, ok := c.Generic(name).(*restValue); ok {
		return v.words
	}
	return nil
}
