package toolkit

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/message"
)

// ParseDuration reads a duration as Go writes it ("1m30s", "250ms"), in days ("2d"), or as a bare number of seconds
// ("10", "0.5"), which is what the C++ tools take. Negative ones are an error.
func ParseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		return scaleDuration(s, days, 24*time.Hour)
	}
	if last := len(s) - 1; last >= 0 && (s[last] == '.' || s[last] >= '0' && s[last] <= '9') {
		return scaleDuration(s, s, time.Second)
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a duration (like 10, 1.5s, 2m)", s)
	}
	if d < 0 {
		return 0, fmt.Errorf("duration %q is negative", s)
	}
	return d, nil
}

func scaleDuration(whole, number string, unit time.Duration) (time.Duration, error) {
	n, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil || n != n || strings.ContainsAny(number, "xXpP_"):
		return 0, fmt.Errorf("%q is not a duration (like 10, 1.5s, 2m)", whole)
	case n < 0:
		return 0, fmt.Errorf("duration %q is negative", whole)
	case n*float64(unit) > float64(1<<62):
		return 0, fmt.Errorf("duration %q is too long", whole)
	}
	return time.Duration(n * float64(unit)), nil
}

// durationValue is the cli value behind DurationFlag. String and Set are inverse, which cli relies on for aliases.
type durationValue struct{ d time.Duration }

func (v *durationValue) Set(s string) (err error) {
	v.d, err = ParseDuration(s)
	return err
}

func (v *durationValue) String() string {
	if v == nil || v.d == 0 {
		return "0"
	}
	return v.d.String()
}

// DurationFlag takes a duration; a bare number counts seconds. Read it with DurationOf.
func DurationFlag(name string, aliases []string, def time.Duration, usage string) cli.Flag {
	return &cli.GenericFlag{Name: name, Aliases: aliases, Value: &durationValue{def}, Usage: usage}
}

// DurationOf returns the value of a DurationFlag, 0 if there is none of that name.
func DurationOf(c *cli.Context, name string) time.Duration {
	if v, ok := c.Generic(name).(*durationValue); ok {
		return v.d
	}
	return 0
}

// choiceValue is the cli value behind ChoiceFlag.
type choiceValue struct {
	value   string
	choices []string
}

func (v *choiceValue) Set(s string) error {
	if !slices.Contains(v.choices, s) {
		return fmt.Errorf("%q is none of %s", s, strings.Join(v.choices, ", "))
	}
	v.value = s
	return nil
}

func (v *choiceValue) String() string { return v.value }

// ChoiceFlag takes one of a few words. Help, completion and the check of the value follow from the list.
func ChoiceFlag(name string, aliases []string, def string, choices []string, usage string) cli.Flag {
	return &cli.GenericFlag{Name: name, Aliases: aliases, Value: &choiceValue{def, choices}, Usage: usage}
}

// StringOf returns the value of a string flag, a ChoiceFlag or a TextFlag, "" if there is none of that name.
func StringOf(c *cli.Context, name string) string {
	switch v := c.Generic(name).(type) {
	case *choiceValue:
		return v.value
	case *textValue:
		return v.text
	}
	return c.String(name)
}

// countValue is the cli value behind OptionalCountFlag: IsBoolFlag lets it stand alone.
type countValue struct{ n int }

func (v *countValue) Set(s string) error {
	if s == "true" {
		v.n = 1
		return nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return errors.New(strconv.Quote(s) + " is not a number of messages")
	}
	v.n = n
	return nil
}

func (v *countValue) String() string {
	if v == nil {
		return "0"
	}
	return strconv.Itoa(v.n)
}

func (v *countValue) IsBoolFlag() bool { return true }

// OptionalCountFlag takes a count that may be left out, as in --wait or --wait=3. The value never is a word of its own.
// Without the flag it is 0, without a value 1.
func OptionalCountFlag(name string, aliases []string, usage string) cli.Flag {
	return &cli.GenericFlag{Name: name, Aliases: aliases, Value: &countValue{}, Usage: usage}
}

// CountOf returns the value of an OptionalCountFlag.
func CountOf(c *cli.Context, name string) int {
	if v, ok := c.Generic(name).(*countValue); ok {
		return v.n
	}
	return 0
}

// ParseBool reads the words of the C++ tools: true, yes, on, 1 and false, no, off, 0, in any case.
func ParseBool(s string) (bool, error) {
	b, err := message.ParseBool(s)
	if err != nil {
		return false, fmt.Errorf("%q is neither true nor false", s)
	}
	return b, nil
}

// plain writes the value of a flag of cli's own kinds as people mean it: 010 is ten and not, as Go has it, eight, and truth
// has the words of ParseBool.
func plain(f cli.Flag, value string) (string, error) {
	switch f.(type) {
	case *cli.IntFlag:
		n, err := strconv.Atoi(value)
		switch {
		case errors.Is(err, strconv.ErrRange):
			return value, fmt.Errorf("%q is out of range", value)
		case err != nil:
			return value, fmt.Errorf("%q is not a number", value)
		}
		return strconv.Itoa(n), nil
	case *cli.BoolFlag:
		on, err := ParseBool(value)
		return strconv.FormatBool(on), err
	}
	return value, nil
}

// listFlag is a list whose aliases cli does not know, as Normalise leaves none: to give them its values, cli writes these as JSON
// and reads them back, after which bytes that are not UTF-8 are others.
type listFlag struct{ *cli.StringSliceFlag }

func (f *listFlag) Apply(set *flag.FlagSet) error {
	named := *f.StringSliceFlag
	named.Aliases = nil
	return named.Apply(set)
}

func isList(f cli.Flag) bool {
	switch f.(type) {
	case *listFlag, *cli.StringSliceFlag:
		return true
	}
	return false
}
