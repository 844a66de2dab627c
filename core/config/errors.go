package config

import (
	"strconv"
	"strings"
)

// FileError is a file that cannot be read, or a line of it that is no ini file. It unwraps to the cause, so that
// errors.Is(err, fs.ErrNotExist) works.
type FileError struct {
	File string
	Line int // 0: the file as a whole
	Err  error
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return "read " + e.File + ": " + e.Err.Error()
	}
	return e.File + ":" + strconv.Itoa(e.Line) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// KeyError is a key that no one knows, or that is known but not allowed where it stands.
type KeyError struct {
	Origin  Origin
	Name    string // as it was written
	Reason  string
	Suggest string // a known key that looks like it, "" if there is none
}

func (e *KeyError) Error() string {
	s := e.Origin.String() + ": " + e.Reason + " " + strconv.Quote(e.Name)
	if e.Suggest != "" {
		s += ", did you mean " + strconv.Quote(e.Suggest) + "?"
	}
	return s
}

// ReferenceProblem says what was wrong with a FILE@VARIABLE.
type ReferenceProblem uint8

// The problems of a reference.
const (
	BadReference ReferenceProblem = iota // it has no file, no variable or no @
	NoFile                               // the file cannot be read; Unwrap gives the cause
	BadFile                              // the file is no ini file; Unwrap gives the cause
	NoVariable                           // the file has no such variable; Names lists those it has
)

// ReferenceError is a FILE@VARIABLE that leads nowhere.
type ReferenceError struct {
	Reference string
	Problem   ReferenceProblem
	File      string
	Variable  string
	Names     []string // the variables of the file, sorted
	Suggest   string
	Err       error
}

// maxNames is how many variables of a file an error message lists.
const maxNames = 12

func (e *ReferenceError) Error() string {
	switch e.Problem {
	case NoFile, BadFile:
		return "look up " + strconv.Quote(e.Reference) + ": " + e.Err.Error()
	case NoVariable:
		return "look up " + strconv.Quote(e.Reference) + ": " + e.File + " has no " + strconv.Quote(e.Variable) + ", " + e.has()
	default:
		return "look up " + strconv.Quote(e.Reference) + ": a reference is written FILE@VARIABLE or FILE@SECTION::VARIABLE"
	}
}

func (e *ReferenceError) has() string {
	switch {
	case len(e.Names) == 0:
		return "nor any other variable"
	case e.Suggest != "":
		return "did you mean " + strconv.Quote(e.Suggest) + "? it has " + listed(e.Names)
	default:
		return "it has " + listed(e.Names)
	}
}

func listed(names []string) string {
	if len(names) <= maxNames {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:maxNames], ", ") + " and " + strconv.Itoa(len(names)-maxNames) + " more"
}

// Unwrap returns the cause where there is one.
func (e *ReferenceError) Unwrap() error { return e.Err }
