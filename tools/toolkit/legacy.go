package toolkit

import (
	"errors"
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/core/config"
)

// legacyOptions reads the variable that holds a whole line of options, as the C++ tools know it: ED_SIGNAL and ED_STOP. Only those
// two have one; for other tools the name could mean an option.
func (e *Env) legacyOptions(t *tool) (variable string, given []config.Given, err error) {
	if t.name != "signal" && t.name != "stop" {
		return "", nil, nil
	}
	variable = "ED_" + strings.ToUpper(t.name)
	words, err := SplitWords(e.Getenv(variable))
	if err != nil {
		return "", nil, Errorf(Config, "%s: %w", variable, err)
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

// SplitWords splits a line into words at white space; single quotes, double quotes and backslashes keep it together, as a
// shell does. Nothing is expanded.
func SplitWords(s string) ([]string, error) {
	var words []string
	var word []byte
	inWord, quote := false, byte(0)
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote == '\'' && c != '\'':
			word = append(word, c)
		case c == '\\':
			if i+1 == len(s) {
				return nil, errors.New("it ends in a backslash")
			}
			i++
			if quote == '"' && s[i] != '"' && s[i] != '\\' {
				word = append(word, '\\')
			}
			word, inWord = append(word, s[i]), true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word = append(word, c)
		case c == '\'' || c == '"':
			quote, inWord = c, true
		case c == ' ' || c == '\t' || c == '\n':
			if inWord {
				words, word, inWord = append(words, string(word)), nil, false
			}
		default:
			word, inWord = append(word, c), true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if inWord {
		words = append(words, string(word))
	}
	return words, nil
}
