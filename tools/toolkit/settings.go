package toolkit

import (
	"errors"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/config"
)

// Setting is the value of an option and where it came from.
type Setting struct {
	Name   string // primary long name of the option
	Value  string
	Origin config.Origin
	Secret bool   // not to be shown
	Wrong  string // why the option does not take the value, and what it takes; "" if it does. Known of those of Configured only
}

// IsSet says that somebody gave the value: it is not the default.
func (s Setting) IsSet() bool { return s.Origin.Kind != config.FromDefault }

// Shown is the value as it may be shown: a secret is stars.
func (s Setting) Shown() string {
	if s.Secret && s.Value != "" {
		return "********"
	}
	return s.Value
}

// tool is a command together with those of its options that the environment and configuration files may set.
type tool struct {
	name string
	cmd  *cli.Command
	keys []string

	flags []namedFlag // see options
}

// namedFlag is a flag under its primary name, which cli works out anew, by a regular expression, whenever it is asked.
type namedFlag struct {
	name string
	flag cli.Flag
}

// options lists the flags of the command, which by now has all of them.
func (t *tool) options() []namedFlag {
	if len(t.flags) != len(t.cmd.Flags) {
		t.flags = t.flags[:0]
		for _, f := range t.cmd.Flags {
			t.flags = append(t.flags, namedFlag{f.Names()[0], f})
		}
	}
	return t.flags
}

// sharedKeys may be set for every tool. json is not among them: a variable that turns the output of every script around is a trap.
func sharedKeys() []string {
	return append([]string{"quiet", "verbose", "timeout", "color"}, tlsKeys()...)
}

// Configure says which options of cmd, by their primary names, may also come from the environment (ED_NAME_OPTION, ED_OPTION) and from
// the files ed.conf(5) lists, beside the shared ones. name is the tool's name in those, "signal". It returns cmd.
// What acts (a message, its parameters) belongs on the command line and is not listed. Several commands under one name, as those of
// `ed check`, are one tool.
func (e *Env) Configure(name string, cmd *cli.Command, keys ...string) *cli.Command {
	e.tools = append(e.tools, &tool{name: name, cmd: cmd, keys: keys})
	return cmd
}

// toolOf returns the tool that cmd is, nil if it was not configured.
func (e *Env) toolOf(cmd *cli.Command) *tool {
	for _, t := range e.tools {
		if t.cmd == cmd {
			return t
		}
	}
	return nil
}

// parts lists the commands of a tool; those of one tool are made together.
func (e *Env) parts(name string) []*tool {
	var all []*tool
	for _, t := range e.tools {
		if t.name == name {
			all = append(all, t)
		}
	}
	return all
}

// allKeys lists the configurable options that the command really has, in the order of its flags.
func (t *tool) allKeys() []string {
	wanted := append(sharedKeys(), t.keys...)
	var keys []string
	for _, f := range t.options() {
		if slices.Contains(wanted, f.name) {
			keys = append(keys, f.name)
		}
	}
	return keys
}

func (t *tool) flag(name string) cli.Flag {
	for _, f := range t.options() {
		if f.name == name {
			return f.flag
		}
	}
	return nil
}

// load asks core/config for everything below the command line. With an error of kind Config there is what could be read.
func (e *Env) load(t *tool) (*config.Settings, error) {
	variable, legacy, wrong := e.legacyOptions(t)
	s, err := config.Load(config.Options{
		Tool: t.name, Keys: e.keysWithParts(t),
		Legacy: legacy, LegacyVariable: variable,
		Root: e.Root, Getenv: e.settingsFrom(), Others: e.others,
	})
	return s, As(Config, errors.Join(wrong, err))
}

// others tells core/config of all tools.
func (e *Env) others() (tools, keys []string) {
	for _, t := range e.allTools() {
		tools = append(tools, t.name)
		keys = append(keys, t.allKeys()...)
	}
	return tools, keys
}

// allTools has the commands made that were left out of a run of one of them.
func (e *Env) allTools() []*tool {
	if rest := e.Rest; rest != nil {
		e.Rest = nil
		rest()
	}
	return e.tools
}

// settingsFrom is the environment as far as it can hold settings. A command that `ed listen --on` runs has the message in
// variables, and there ED_SERVICE is whom the message went to, not the option --service.
func (e *Env) settingsFrom() func(string) string {
	if e.Getenv("ED_MESSAGE") == "" {
		return e.Getenv
	}
	return func(name string) string {
		if DescribesMessage(name) {
			return ""
		}
		return e.Getenv(name)
	}
}

// DescribesMessage says whether a variable is one of those in which a command that `ed listen --on` runs has the message.
func DescribesMessage(variable string) bool {
	switch variable {
	case "ED_COMMAND", "ED_SERVER", "ED_SERVICE", "ED_FROM_SERVER", "ED_FROM_SERVICE", "ED_MESSAGE", "ED_PEER", "ED_JSON":
		return true
	}
	return strings.HasPrefix(variable, "ED_PARAM_")
}

// keysWithParts describes the options of the command and, since the files are those of the whole tool, what only its other commands
// have.
func (e *Env) keysWithParts(t *tool) []config.Key {
	keys := t.configKeys()
	for _, part := range e.parts(t.name) {
		for _, k := range part.configKeys() {
			if !slices.ContainsFunc(keys, func(has config.Key) bool { return has.Name == k.Name }) {
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// configKeys describes every option of the command to core/config; those that were not listed may not come from a file.
func (t *tool) configKeys() []config.Key {
	allowed := t.allKeys()
	var keys []config.Key
	for _, f := range t.cmd.Flags {
		o := describe(f)
		multi := isList(f)
		keys = append(keys, config.Key{
			Name: o.Name, Default: o.Default, Help: o.Usage, Multi: multi,
			Secret:          strings.HasPrefix(o.Name, "secret") && !strings.HasSuffix(o.Name, "-file"),
			CommandLineOnly: !slices.Contains(allowed, o.Name),
		})
	}
	return keys
}

// Tools lists the names of the configured tools that users see.
func (e *Env) Tools() []string {
	var names []string
	for _, t := range e.allTools() {
		if !t.cmd.Hidden && !slices.Contains(names, t.name) {
			names = append(names, t.name)
		}
	}
	return names
}

// UnknownKeys lists what Configure was told of a tool and no flag is called; for the test of all commands.
func (e *Env) UnknownKeys(name string) []string {
	var unknown []string
	for _, t := range e.allTools() {
		for _, key := range t.keys {
			if t.name == name && t.flag(key) == nil {
				unknown = append(unknown, key)
			}
		}
	}
	return unknown
}
