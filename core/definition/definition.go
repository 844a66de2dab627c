package definition

import (
	"fmt"

	"github.com/ed-toolbox/ed/core/message"
)

// Type is what the value of a parameter must read as.
type Type uint8

// The types, by the words of the files. The zero Type is String, which takes any value.
const (
	String   Type = iota // "string", "default": any text
	Integer              // 64 bits, with a sign and a 0x, 0b, 0o or 0d prefix if wanted
	Address              // any address that core/address reads, with or without a port; host names are not looked up
	Timespec             // seconds with up to nine decimals
	Bool                 // as message.Message.Bool reads it
	Duration             // as message.Message.Duration reads it
)

// String returns the word that names the type in a definition file.
func (t Type) String() string {
	switch t {
	case String:
		return "string"
	case Integer:
		return "integer"
	case Address:
		return "address"
	case Timespec:
		return "timespec"
	case Bool:
		return "bool"
	case Duration:
		return "duration"
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

// parseType reads the word of a definition file.
func parseType(word string) (Type, bool) {
	switch word {
	case "string", "default":
		return String, true
	case "integer":
		return Integer, true
	case "address":
		return Address, true
	case "timespec":
		return Timespec, true
	case "bool":
		return Bool, true
	case "duration":
		return Duration, true
	}
	return String, false
}

// Parameter is one section of a definition.
type Parameter struct {
	Name        string
	Description string
	Type        Type
	Required    bool // it must be there
	Empty       bool // it may be empty
	Forbidden   bool // it must not be there
	Line        int  // of the section in its file, from 1
}

// Definition is what is known of one command. It is never changed once it is made, so it may be shared by goroutines.
type Definition struct {
	Command     string
	Description string
	Source      string // path of the file
	Parameters  []Parameter
}

// CheckError says which parameter of a message breaks its definition, and how.
type CheckError struct {
	Command string
	Param   string
	Reason  string // continues "parameter NAME …", as "is missing"
}

func (e *CheckError) Error() string { return e.Command + ": " + e.Message() }

// Message returns the error without the command, as an INVALID reply carries it.
func (e *CheckError) Message() string { return "parameter " + e.Param + " " + e.Reason }

// Check returns the first problem of m, in the order of the definition, as a *CheckError, or nil. It allocates nothing
// for a valid message, unless an address is not written IP:PORT. A nil Definition accepts everything. The command of m is not looked at.
func (d *Definition) Check(m *message.Message) error {
	if d == nil {
		return nil
	}
	for i := range d.Parameters {
		if reason := d.Parameters[i].check(m); reason != "" {
			return &CheckError{Command: d.Command, Param: d.Parameters[i].Name, Reason: reason}
		}
	}
	return nil
}
