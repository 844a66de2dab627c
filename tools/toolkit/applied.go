package toolkit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ed-toolbox/ed/core/config"
	"github.com/urfave/cli/v2"
)

// applySettings gives every configurable option that the command line left open (or empty) its value from the layers below, so that
// the command reads all its options from the one context. Prepare runs it before each command.
func (e *Env) applySettings(c *cli.Context) error {
	t := e.toolOf(c.Command)
	loaded, err := e.load(t)
	if err != nil {
		return err
	}
	e.applied = map[string]config.Setting{}
	onLine := c.LocalFlagNames()
	for _, key := range t.allKeys() {
		s, given := loaded.Get(key), slices.Contains(onLine, key)
		switch {
		case given && flagText(c, t.flag(key)) != "":
		case s.IsSet() && s.Value != "":
			if err := applyOne(c, t.flag(key), s); err != nil {
				return Errorf(Config, "%s: option %s: %w", s.Origin, s.Name, err)
			}
			e.applied[key] = s
		case given:
			_ = c.Set(key, defaultValue(t.flag(key))) // the flag has had this value before
		}
	}
	e.tls, err = readTLS(c)
	return err
}

func applyOne(c *cli.Context, f cli.Flag, s config.Setting) error {
	switch f := f.(type) {
	case *cli.BoolFlag:
		return applyBool(c, f, s.Value)
	case *listFlag, *cli.StringSliceFlag:
		for _, v := range s.Values {
			if err := c.Set(s.Name, v); err != nil {
				return err
			}
		}
		return nil
	}
	value, err := plain(f, s.Value)
	if err != nil {
		return err
	}
	return c.Set(s.Name, value)
}

// applyBool sets a flag; "verbose" also takes the number of times that -v would be given. cli counts a flag's aliases
// from the count beforehand, and adds them again only for what stood on the command line.
func applyBool(c *cli.Context, f *cli.BoolFlag, value string) error {
	times := 1
	if n, err := strconv.Atoi(value); err == nil && n > 1 && n < 10 && f.Name == "verbose" {
		times, value = n, "true"
	}
	on, err := ParseBool(value)
	if err != nil && f.Name == "verbose" {
		return fmt.Errorf("%w, nor a number from 0 to 9", err)
	}
	if err != nil || !on {
		return err
	}
	for range times + len(f.Aliases) {
		if err := c.Set(f.Name, "true"); err != nil {
			return err
		}
	}
	return nil
}

// defaultValue is what a flag is worth when nobody sets it, in full where help leaves it out.
func defaultValue(f cli.Flag) string {
	switch f := f.(type) {
	case *cli.BoolFlag:
		return strconv.FormatBool(f.Value)
	case *cli.GenericFlag:
		return f.Value.String()
	}
	if d, ok := f.(cli.DocGenerationFlag); ok {
		return strings.Trim(d.GetDefaultText(), `"`)
	}
	return ""
}

// Setting returns the value of an option of the running command and where it came from.
func (e *Env) Setting(c *cli.Context, name string) Setting {
	s := Setting{Name: name}
	t := e.toolOf(c.Command)
	if t == nil {
		return s
	}
	f := t.flag(name)
	if f == nil {
		return s
	}
	s.Value = flagText(c, f)
	if a, ok := e.applied[name]; ok {
		s.Origin = a.Origin
	} else if s.Value != "" && c.IsSet(name) {
		s.Origin = config.Origin{Kind: config.FromCommandLine, Name: "--" + name}
	}
	return s
}

// flagText is the flag's present value as text.
func flagText(c *cli.Context, f cli.Flag) string {
	name := f.Names()[0]
	switch f := f.(type) {
	case *cli.GenericFlag:
		return f.Value.String()
	case *cli.BoolFlag:
		if name == "verbose" {
			return strconv.Itoa(verbosity(c))
		}
		return strconv.FormatBool(c.Bool(name))
	case *listFlag, *cli.StringSliceFlag:
		return strings.Join(c.StringSlice(name), " ")
	}
	return fmt.Sprint(c.Value(name))
}

// verbosity is how often -v was given; --verbose=false is not once more.
func verbosity(c *cli.Context) int {
	if !c.Bool("verbose") {
		return 0
	}
	return max(0, c.Count("verbose"))
}

// Common reads the shared flags of the running command.
func (e *Env) Common(c *cli.Context) Common {
	return Common{
		JSON:    c.Bool("json"),
		Quiet:   c.Bool("quiet"),
		Verbose: verbosity(c),
		Timeout: DurationOf(c, "timeout"),
		Color:   ColorMode(StringOf(c, "color")),
	}
}
