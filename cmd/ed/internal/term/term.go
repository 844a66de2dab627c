// Package term keeps libraries for full-screen programs from talking to the terminal while they are loaded.
//
// The init function of bubbletea asks the terminal for its background colour. On a terminal that does not answer that takes
// five seconds, and in every command of the program, as they are one binary. It does not ask a terminal named "dumb":
// so that is what it is called until main has begun, also where it has no name.
//
// This works because of the order in which Go initialises packages (language specification, "Program initialization"): of those
// whose imports are done, the first by path. This one needs nothing but os, and libraries that ask need others behind it,
// such as github.com/muesli/termenv. A test that runs every command on a mute terminal would tell.
package term

import "os"

// name is what the environment called the terminal. It is written once, before main.
var name, named = os.LookupEnv("TERM")

func init() {
	_ = os.Setenv("TERM", "dumb") // it fails only for names that no variable can have
}

// Restore gives the terminal its name back. It is the first thing that main does.
func Restore() {
	if named {
		_ = os.Setenv("TERM", name)
	} else {
		_ = os.Unsetenv("TERM")
	}
}
