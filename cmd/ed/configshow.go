package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// shownSetting is the form of a setting in JSON.
type shownSetting struct {
	V      int    `json:"v"`
	Tool   string `json:"tool"`
	Name   string `json:"name"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
	Set    bool   `json:"set"` // false: the value is the default
}

func configCommand(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:        "config",
		Usage:       "show what the tools are set to, and by whom",
		Description: "ed config show --origin signal",
		Subcommands: []*cli.Command{{
			Name:        "show",
			Usage:       "print every setting that the environment and the files can change",
			ArgsUsage:   "[TOOL ...]",
			Description: "ed config show signal\ned config show --origin --json",
			Flags: toolkit.Flags(
				&cli.BoolFlag{Name: "origin", Aliases: []string{"o"}, Usage: "say where each value comes from"},
			),
			Action: func(c *cli.Context) error {
				return showConfig(env, env.Common(c), c.Bool("origin"), c.Args().Slice())
			},
		}},
	}
}

// showConfig prints the settings of the named tools, or of all. Secrets are shown as stars.
func showConfig(env *toolkit.Env, common toolkit.Common, origin bool, tools []string) error {
	if len(tools) == 0 {
		tools = env.Tools()
	}
	out := env.Output(common)
	for _, tool := range tools {
		settings, err := env.ToolSettings(tool)
		if err != nil {
			return err
		}
		for _, s := range settings {
			if err := showSetting(out, tool, s, origin); err != nil {
				return err
			}
		}
	}
	return nil
}

func showSetting(out *toolkit.Output, tool string, s toolkit.Setting, origin bool) error {
	switch {
	case out.Common.JSON:
		return out.JSONLine(shownSetting{1, tool, s.Name, s.Shown(), s.Origin.String(), s.IsSet()})
	case origin:
		return out.Line("%s.%s=%s\t%s", tool, s.Name, out.Received(s.Shown()), s.Origin)
	}
	return out.Line("%s.%s=%s", tool, s.Name, out.Received(s.Shown()))
}
