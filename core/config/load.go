package config

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode"
)

const system = "/etc/eventdispatcher"

// source is a file to read.
type source struct {
	path   string
	shared bool // it belongs to all tools
	must   bool // it is an error that it does not exist
	home   bool // it is in the home of the user, or of whom the user was before su(1)
}

// loader gathers values from the weakest source to the strongest, each replacing what was there.
type loader struct {
	options  Options
	keys     map[string]Key
	names    []string
	others   func() (tools, keys []string)
	settings map[string]Setting
	files    []string
	errs     []error
}

func newLoader(o Options) *loader {
	l := &loader{options: o, keys: make(map[string]Key, len(o.Keys)), settings: make(map[string]Setting, len(o.Keys))}
	l.others = func() (tools, keys []string) { return nil, nil }
	if o.Others != nil {
		l.others = sync.OnceValues(o.Others)
	}
	for _, k := range o.Keys {
		id := canonical(k.Name)
		s := Setting{Name: k.Name, Value: k.Default, Secret: k.Secret, Help: k.Help}
		if k.Multi && k.Default != "" {
			s.Values = []string{k.Default}
		}
		l.keys[id], l.settings[id] = k, s
		l.names = append(l.names, k.Name)
	}
	return l
}

// sources lists the files, weakest first.
func (l *loader) sources() []source {
	var list []source
	if l.options.Files != nil {
		for _, path := range l.options.Files {
			list = append(list, source{path: path, must: true})
		}
		return list
	}
	if l.options.Tool != "" {
		name := "ed-" + l.options.Tool + ".conf"
		dir := filepath.Join(l.options.Root, system)
		list = append(list, source{path: filepath.Join(dir, name)})
		for _, path := range l.overrides(filepath.Join(dir, "eventdispatcher.d"), name) {
			list = append(list, source{path: path})
		}
	}
	if home := configHome(l.options.Getenv); home != "" {
		list = append(list, source{path: filepath.Join(home, "ed", "ed.conf"), shared: true, home: true})
		if l.options.Tool != "" {
			list = append(list, source{path: filepath.Join(home, "ed", "ed-"+l.options.Tool+".conf"), home: true})
		}
	}
	return list
}

// overrides finds the files NN-name of a folder, sorted by NN. The pattern holds nothing that Glob could refuse.
func (l *loader) overrides(dir, name string) []string {
	paths, _ := filepath.Glob(filepath.Join(dir, "[0-9][0-9]-"+name))
	slices.Sort(paths)
	return paths
}

// configHome is the XDG base directory; a relative one is to be ignored by that specification.
func configHome(getenv func(string) string) string {
	if dir := getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".config")
	}
	return ""
}

func (l *loader) readFile(s source) {
	entries, errs := readFile(s.path)
	for _, err := range errs {
		missing := errors.Is(err, fs.ErrNotExist) || s.home && errors.Is(err, fs.ErrPermission)
		if missing && !s.must {
			return
		}
		l.errs = append(l.errs, err)
	}
	if entries == nil { // it could not be read
		return
	}
	l.files = append(l.files, s.path)
	seen := make(map[string]bool)
	tools, _ := l.others()
	for _, e := range entries {
		if e.section != "" && slices.Contains(tools, e.section) && e.section != l.options.Tool {
			continue
		}
		origin := Origin{Kind: FromFile, Name: s.path, Line: e.line}
		name := e.fullName()
		if e.section == l.options.Tool {
			name = e.name
		}
		if s.shared && e.section == "" && !l.known(name) && l.knownElsewhere(name) {
			continue
		}
		l.set(name, e.value, origin, seen)
	}
}

func (l *loader) known(name string) bool {
	_, ok := l.keys[canonical(name)]
	return ok
}

func (l *loader) knownElsewhere(name string) bool {
	_, keys := l.others()
	return slices.ContainsFunc(keys, func(other string) bool { return canonical(other) == canonical(name) })
}

// environment reads ED_<OPT> and, stronger, ED_<TOOL>_<OPT>.
func (l *loader) environment() {
	tools := []string{""}
	if l.options.Tool != "" {
		tools = append(tools, l.options.Tool)
	}
	for _, tool := range tools {
		for _, name := range l.names {
			variable := Variable(tool, name)
			// ED_SIGNAL holds options; an option called "signal" must not read it as its value.
			if variable == l.options.LegacyVariable || l.keys[canonical(name)].CommandLineOnly {
				continue
			}
			if value := l.options.Getenv(variable); value != "" {
				l.set(name, value, Origin{Kind: FromEnvironment, Name: variable}, map[string]bool{})
			}
		}
	}
}

// Variable is the name of the environment variable of a setting: ED_<TOOL>_<OPT>, or ED_<OPT> if tool is "".
func Variable(tool, name string) string {
	if tool != "" {
		tool = upper(tool) + "_"
	}
	return "ED_" + tool + upper(name)
}

func upper(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '.' {
			return '_'
		}
		return unicode.ToUpper(r)
	}, strings.ReplaceAll(name, "::", "__"))
}

func (l *loader) given(list []Given, origin Origin) {
	seen := make(map[string]bool)
	for _, g := range list {
		if origin.Kind == FromCommandLine {
			origin.Name = "--" + g.Name
		}
		l.set(g.Name, g.Value, origin, seen)
	}
}

// set records a value. seen holds the keys that the same source already gave, whose values a Multi key collects.
func (l *loader) set(name, value string, origin Origin, seen map[string]bool) {
	id := canonical(name)
	key, ok := l.keys[id]
	switch {
	case !ok:
		l.errs = append(l.errs, &KeyError{Origin: origin, Name: name, Reason: "there is no key", Suggest: suggest(name, l.names)})
		return
	case key.CommandLineOnly && origin.Kind != FromCommandLine && origin.Kind != FromLegacy:
		l.errs = append(l.errs, &KeyError{Origin: origin, Name: name, Reason: "only the command line can give"})
		return
	}
	s := l.settings[id]
	s.Value, s.Origin = value, origin
	if key.Multi {
		if !seen[id] {
			s.Values = nil
		}
		s.Values = append(s.Values, value)
	}
	seen[id] = true
	l.settings[id] = s
}
