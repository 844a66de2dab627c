package main

import (
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// The C++ tools take options that every program of their framework has: some print facts about the program and
// end it, some configure its logger. The ed-* forms of the tools that exist in C++ take them too, so that no unit file or script fails
// over one; those of the logger do nothing, for we have none.

// compatFacts lists the options that print something and end the program.
func compatFacts() []cli.Flag {
	var flags []cli.Flag
	for _, names := range []string{
		"long-help ?", "command-help", "option-help", "show-system-help S", "copyright C", "license L", "build-date", "compiler-version", "has-sanitizer", "configuration-filenames",
		"environment-variable-name", "filenames-of-option-definitions", "path-to-option-definitions", "show-option-sources",
		"logger-version", "list-appenders", "list-severities", "logger-configuration-filenames",
	} {
		flags = append(flags, hiddenBool(names))
	}
	return append(flags, &cli.StringFlag{Name: "print-option", Hidden: true})
}

// compatIgnored lists the options that change nothing here.
func compatIgnored() []cli.Flag {
	var flags []cli.Flag
	for _, names := range []string{
		"no-log", "syslog", "console", "debug", "trace", "logger-show-banner", "logger-hide-banner", "logger-hide-if-banner-only",
		"log-environment", "except-stack-collect",
	} {
		flags = append(flags, hiddenBool(names))
	}
	for _, name := range []string{
		"config-dir", "log-file", "log-config", "log-config-path", "log-severity", "force-severity", "log-component", "logger-plugin-paths",
	} {
		flags = append(flags, &cli.StringSliceFlag{Name: name, Hidden: true})
	}
	return flags
}

func hiddenBool(names string) cli.Flag {
	words := strings.Fields(names)
	return &cli.BoolFlag{Name: words[0], Aliases: words[1:], Hidden: true}
}

// addCompatFlags gives cmd the options above that it does not have itself, under the spellings that are free.
func addCompatFlags(cmd *cli.Command) {
	if cmd.Name != "signal" && cmd.Name != "stop" {
		return
	}
	var taken []string
	for _, f := range cmd.Flags {
		taken = append(taken, f.Names()...)
	}
	for _, f := range append(compatFacts(), compatIgnored()...) {
		if slices.Contains(taken, f.Names()[0]) {
			continue
		}
		if b, ok := f.(*cli.BoolFlag); ok {
			b.Aliases = slices.DeleteFunc(b.Aliases, func(a string) bool { return slices.Contains(taken, a) })
		}
		cmd.Flags = append(cmd.Flags, f)
	}
}

// printFacts answers the options of compatFacts. done is false when none was given.
func printFacts(env *toolkit.Env, inv *toolkit.Invocation) (done bool, err error) {
	if !env.Compat || inv.Command == nil {
		return false, nil
	}
	for _, arg := range inv.Args[len(inv.Path):] {
		if arg == "--" {
			break
		}
		name, value, _ := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		for _, f := range compatFacts() {
			if f.Names()[0] == name && slices.ContainsFunc(inv.Command.Flags, isHidden(name)) {
				return true, printFact(env, inv, name, value)
			}
		}
	}
	return false, nil
}

func isHidden(name string) func(cli.Flag) bool {
	return func(f cli.Flag) bool {
		v, ok := f.(cli.VisibleFlag)
		return ok && !v.IsVisible() && f.Names()[0] == name
	}
}

func printFact(env *toolkit.Env, inv *toolkit.Invocation, name, value string) error {
	out, tool := env.Output(toolkit.Common{}), inv.Path[0]
	switch name {
	case "long-help", "command-help", "option-help", "show-system-help":
		return out.Raw([]byte(toolkit.HelpText(env.Program, inv.Command, env.Stdout.Width)))
	case "copyright":
		return out.Line("Copyright (c) the authors of ed")
	case "license":
		return out.Line("Apache License, version 2.0")
	case "compiler-version":
		return out.Line("%s", runtime.Version())
	case "has-sanitizer":
		return out.Line("no")
	case "environment-variable-name":
		return out.Line("ED_%s", strings.ToUpper(tool))
	case "configuration-filenames":
		return out.Line("/etc/eventdispatcher/ed-%s.conf\n/etc/eventdispatcher/eventdispatcher.d/NN-ed-%[1]s.conf", tool)
	case "print-option", "show-option-sources":
		return printOptions(env, out, tool, value)
	case "build-date", "logger-version":
		return printVersion(env, false)
	}
	return nil // there are no appenders, severities or files of definitions to list
}

// printOptions prints one setting's value, or all with their sources.
func printOptions(env *toolkit.Env, out *toolkit.Output, tool, only string) error {
	c, err := env.Configured(tool)
	if err != nil {
		return err
	}
	found := only == ""
	for _, s := range c.Settings {
		switch {
		case only == "":
			err = out.Line("%s=%s [%s]", s.Name, s.Shown(), s.Origin)
		case s.Name == strings.ReplaceAll(only, "_", "-"):
			found = true
			err = out.Line("%s", s.Shown())
		}
		if err != nil {
			return err
		}
	}
	if !found {
		return toolkit.Errorf(toolkit.Usage, "no option %q can be printed", toolkit.Escape(only))
	}
	if wrong := c.Mistakes(); len(wrong) > 0 {
		return toolkit.Errorf(toolkit.Config, "%s", strings.Join(wrong, "\n"))
	}
	return nil
}
