package definition

import "strings"

// The reader of core/config does not serve here: definition files have continued lines as the C++ programs read them, a
// section without keys means something, and whoever checks a directory wants all faults of a file, each with its line.

// blanks are the bytes trimmed around names and values.
const blanks = " \t\r\v\f"

// line is one logical line of an ini file: a section, a key with its value, or a fault.
type line struct {
	number  int // of its first physical line, from 1
	section bool
	name    string
	value   string
	fault   string
}

// scan splits an ini file in its logical lines. Comments and empty lines are left out.
func scan(data []byte) []line {
	var lines []line
	number := 0
	rest := string(data)
	for rest != "" {
		var text string
		text, rest = cut(rest)
		number++
		l := line{number: number}
		if isComment(text) {
			continue
		}
		for strings.HasSuffix(text, `\`) {
			var more string
			more, rest = cut(rest)
			number++
			text = strings.Trim(text[:len(text)-1]+" "+more, blanks)
		}
		if text == "" {
			continue
		}
		l.read(text)
		lines = append(lines, l)
	}
	return lines
}

// cut takes the first physical line off s, without blanks around it.
func cut(s string) (text, rest string) {
	text, rest, _ = strings.Cut(s, "\n")
	return strings.Trim(text, blanks), rest
}

func isComment(text string) bool {
	return strings.HasPrefix(text, "#") || strings.HasPrefix(text, ";")
}

// read fills l from a line without blanks around it.
func (l *line) read(text string) {
	if inner, found := strings.CutPrefix(text, "["); found {
		name, after, closed := strings.Cut(inner, "]")
		switch {
		case !closed:
			l.fault = "a section needs a closing bracket"
		case after != "" && !isComment(strings.Trim(after, blanks)):
			l.fault = "text after the closing bracket of a section"
		}
		l.section, l.name = true, strings.Trim(name, blanks)
		return
	}
	name, value, found := strings.Cut(text, "=")
	l.name, l.value = strings.Trim(name, blanks), strings.Trim(value, blanks)
	switch {
	case !found:
		l.fault = "neither a [section] nor a key = value"
	case l.name == "":
		l.fault = "a key without a name"
	}
}
