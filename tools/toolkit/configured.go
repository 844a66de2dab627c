package toolkit

import (
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/config"
)

// Configured is what the environment and the files make of a tool.
type Configured struct {
	Settings []Setting // everything that they can set, as it stands below the command line
	Problems []string  // what is no setting: files that cannot be read, keys and variables that nobody knows; each with its place
}

// Mistakes lists all that is wrong, each with its place.
func (c *Configured) Mistakes() []string {
	all := slices.Clone(c.Problems)
	for _, s := range c.Settings {
		if s.Wrong != "" {
			all = append(all, fmt.Sprintf("%s: option %s: %s", s.Origin, s.Name, s.Wrong))
		}
	}
	return all
}

// Configured finds out what configures a tool and tries every value that somebody gave on its option. The error says that there is
// no such tool.
func (e *Env) Configured(name string) (*Configured, error) {
	e.allTools()
	parts := e.parts(name)
	if len(parts) == 0 {
		return nil, DidYouMean(Errorf(Usage, "no tool %q has settings", Escape(name)), name, e.Tools())
	}
	loaded, err := e.load(parts[0])
	c := &Configured{}
	if err != nil {
		c.Problems = strings.Split(err.Error(), "\n")
	}
	for _, t := range parts {
		for _, key := range t.allKeys() {
			if !slices.ContainsFunc(c.Settings, func(s Setting) bool { return s.Name == key }) {
				c.Settings = append(c.Settings, examine(t.flag(key), loaded.Get(key)))
			}
		}
	}
	c.Problems = append(c.Problems, e.strays(name, c.Settings)...)
	return c, nil
}

// examine completes a setting by its option's default or verdict. The option keeps the value; its command is not going to run in this
// process.
func examine(f cli.Flag, s config.Setting) Setting {
	full := Setting{Name: s.Name, Value: s.Value, Origin: s.Origin, Secret: s.Secret}
	if s.Value == "" {
		full.Value = defaultValue(f) // an empty value counts as none
		return full
	}
	if !s.IsSet() {
		return full
	}
	set := flag.NewFlagSet(s.Name, flag.ContinueOnError)
	err := f.Apply(set)
	if err == nil {
		err = applyOne(cli.NewContext(nil, set, nil), f, s)
	}
	switch {
	case err != nil && s.Secret:
		full.Wrong = "the value is not valid" // the reason may quote it
	case err != nil:
		full.Wrong = err.Error()
	}
	return full
}

// strays lists the variables that are called as settings of the tool and are none: nothing reads them.
func (e *Env) strays(name string, settings []Setting) []string {
	if e.Environ == nil {
		return nil
	}
	var known, texts []string
	for _, s := range settings {
		known = append(known, s.Name)
	}
	prefix := config.Variable(name, "")
	for _, v := range e.Environ() {
		variable, value, _ := strings.Cut(v, "=")
		rest, ok := strings.CutPrefix(variable, prefix)
		key := strings.ToLower(strings.ReplaceAll(rest, "_", "-"))
		if !ok || value == "" || slices.Contains(known, key) {
			continue
		}
		text := fmt.Sprintf("environment %s: %s has no setting %q", variable, name, key)
		if near := Nearest(key, known); near != "" {
			text += ", did you mean " + config.Variable(name, near) + "?"
		} else if slices.ContainsFunc(e.parts(name), func(t *tool) bool { return t.flag(key) != nil }) {
			text += "; only the command line can give it"
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return texts
}
