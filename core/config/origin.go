package config

import "strconv"

// Kind says which of the sources gave a value; a greater one has precedence.
type Kind uint8

// The sources, weakest first.
const (
	FromDefault     Kind = iota
	FromFile             // Origin.Name is the path, Origin.Line the line
	FromLegacy           // Origin.Name is the variable that holds an option string
	FromEnvironment      // Origin.Name is the variable
	FromCommandLine      // Origin.Name is the option with its dashes
)

// Origin says where a value came from. It is comparable.
type Origin struct {
	Kind Kind
	Name string
	Line int // from 1; 0 where there are no lines
}

// String returns "default", "PATH:LINE", "environment ED_HOST", "command line --host".
func (o Origin) String() string {
	switch o.Kind {
	case FromFile:
		if o.Line > 0 {
			return o.Name + ":" + strconv.Itoa(o.Line)
		}
		return o.Name
	case FromLegacy, FromEnvironment:
		return "environment " + o.Name
	case FromCommandLine:
		return "command line " + o.Name
	default:
		return "default"
	}
}
