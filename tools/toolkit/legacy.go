package toolkit

import (
	"errors"
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
)

// legacyOptions reads the variable that holds a whole line of options, as the C++ tools know it: ED_SIGNAL and ED_STOP. Only those
// two have one; for other tools the name could mean an option.
func (e *Env) legacyOptions(t *tool) (variable string, given []config.Given, err error) {
	if t.name != "signal" && t.name != "stop" {
		return "", nil, nil
	}
	variable = "ED_" + strings.ToUpper(t.name)
	var words []string
	if text := e.Getenv(variable); strings.TrimSpace(text) != "" {
		words, err = address.SplitWords(text)
	}
	if wrong, ok := errors.AsType[*address.WordsError](err); ok {
		return "", nil, Errorf(Config, "%s: byte %d: %s", variable, wrong.Offset, wrong.Reason) // without the line: it may hold a secret
	}
	line, err := parseArgs(t.cmd.Flags, words)
	switch {
	case err != nil:
		return "", nil, Errorf(Config, "%s: %w", variable, err)
	case len(line.operands) > 0:
		return "", nil, Errorf(Config, "%s: %q is no option", variable, Escape(line.operands[0]))
	case line.help || line.version:
		return "", nil, Errorf(Config, "%s: --help and --version belong on the command line", variable)
	}
	keys := t.allKeys()
	for _, o := range line.options {
		if !slices.Contains(keys, o.name) {
			return "", nil, Errorf(Config, "%s: option --%s belongs on the command line", variable, o.name)
		}
		if o.bare {
			o.value = "true"
		}
		if o.value != "" {
			given = append(given, config.Given{Name: o.name, Value: o.value})
		}
	}
	return variable, given, nil
}
