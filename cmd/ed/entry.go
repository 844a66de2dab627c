package main

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// entry is a command of which no more is known than its name until it is made: the options and texts of all of them are
// a third of what a short run would cost.
type entry struct {
	name  string
	make  func(*toolkit.Env) *cli.Command
	whole bool // it looks at all the others
}

// commands makes all that are in the list.
func commands(env *toolkit.Env, list []entry) []*cli.Command {
	made := make([]*cli.Command, 0, len(list))
	for _, e := range list {
		made = append(made, e.make(env))
	}
	return made
}

// called makes the commands that a command line is about: the one that it names, where it begins with a name, and else all.
func called(env *toolkit.Env, argv []string, list []entry) []*cli.Command {
	named := func(word string) int { return slices.IndexFunc(list, func(e entry) bool { return e.name == word }) }
	i := named(linked(argv))
	if i < 0 && len(argv) > 1 {
		i = named(argv[1])
	}
	if i < 0 || list[i].whole {
		return commands(env, list)
	}
	env.Rest = func() { commands(env, slices.Delete(slices.Clone(list), i, i+1)) }
	return []*cli.Command{list[i].make(env)}
}

// linked is what the program's name calls for, when it was called through a link named ed-COMMAND; "" when it was not.
func linked(argv []string) string {
	if len(argv) > 0 {
		if command, ok := strings.CutPrefix(filepath.Base(argv[0]), "ed-"); ok {
			return command
		}
	}
	return ""
}

// dispatch reads the program's name: called through a link named ed-COMMAND, that command is meant, in the form that is compatible
// with the C++ program of this name. It returns the arguments with the command put in front.
func dispatch(env *toolkit.Env, app *cli.App, argv []string) []string {
	command := linked(argv)
	env.Program = "ed"
	if len(argv) > 0 {
		env.Program, argv = filepath.Base(argv[0]), argv[1:]
	}
	cmd := app.Command(command)
	if cmd == nil {
		return argv
	}
	env.Compat = true
	addCompatFlags(cmd)
	return append([]string{command}, argv...)
}
