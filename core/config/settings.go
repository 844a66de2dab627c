package config

import (
	"errors"
	"maps"
	"os"
	"slices"
)

// Key is one setting that a tool knows.
type Key struct {
	Name            string // as the option is called, without dashes before it
	Default         string
	Help            string
	Multi           bool // may be given more than once
	Secret          bool // its value is not to be shown
	CommandLineOnly bool // neither files nor the environment may give it
}

// Given is a value that the caller found for a key.
type Given struct{ Name, Value string }

// Options says what Load looks for and where.
type Options struct {
	Tool string // "signal" reads ed-signal.conf and ED_SIGNAL_…; "" reads ed.conf and ED_… only
	Keys []Key  // what the tool knows

	// Others names the other tools, whose sections are passed over in any file, and the keys that they know, passed over in
	// ed.conf. It is asked once, and only when there is a file. Nil: there are none.
	Others func() (tools, keys []string)

	Flags          []Given // options of the command line, in their order
	Legacy         []Given // the options in LegacyVariable, in their order
	LegacyVariable string  // "ED_SIGNAL"

	Files  []string            // read these instead of the standard files, the last one has precedence; they must exist
	Root   string              // prefix of /etc, for tests; "" is none
	Getenv func(string) string // nil is os.Getenv
}

// Setting is the value of one key.
type Setting struct {
	Name   string   // as in its Key
	Value  string   // the last one given
	Values []string // of a Multi key: all that the strongest source gave; nil where nothing was given and there is no default
	Origin Origin   // of Value
	Secret bool
	Help   string
}

// IsSet says that some source other than the default gave the value.
func (s Setting) IsSet() bool { return s.Origin.Kind != FromDefault }

// Settings are all values of one tool. They do not change.
type Settings struct {
	byName map[string]Setting
	files  []string
}

// Load gathers the settings from all sources. With an error, which may be several joined, it returns what the sources that could be
// read say otherwise: to be shown, not to be worked with.
func Load(o Options) (*Settings, error) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	l := newLoader(o)
	for _, source := range l.sources() {
		l.readFile(source)
	}
	l.given(o.Legacy, Origin{Kind: FromLegacy, Name: o.LegacyVariable})
	l.environment()
	l.given(o.Flags, Origin{Kind: FromCommandLine})
	return &Settings{byName: l.settings, files: l.files}, errors.Join(l.errs...)
}

// Get returns the setting of a key, the zero Setting if the tool has no such key.
func (s *Settings) Get(name string) Setting { return s.byName[canonical(name)] }

// All returns every setting, sorted by name.
func (s *Settings) All() []Setting {
	all := make([]Setting, 0, len(s.byName))
	for _, name := range slices.Sorted(maps.Keys(s.byName)) {
		all = append(all, s.byName[name])
	}
	return all
}

// Files returns the paths that were read, weakest first.
func (s *Settings) Files() []string { return slices.Clone(s.files) }
