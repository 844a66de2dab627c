package main

import (
	"fmt"
	"slices"
	"strings"

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
	Set    bool   `json:"set"`             // false: the value is the default
	Error  string `json:"error,omitempty"` // what is wrong with the value
}

// shownProblem is the form in JSON of what is wrong and no setting.
type shownProblem struct {
	V     int    `json:"v"`
	Tool  string `json:"tool"`
	Error string `json:"error"` // with its place
}

func configCommand(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:        "config",
		Usage:       "show what the tools are set to, and by whom",
		Description: "ed config show --origin signal",
		Subcommands: []*cli.Command{{
			Name:        "show",
			Usage:       "print every setting that the environment and files can change",
			ArgsUsage:   "[TOOL ...]",
			Description: "ed config show signal\ned config show --origin --json\ned config show | grep wrong:",
			Flags: toolkit.Flags(
				&cli.BoolFlag{Name: "origin", Aliases: []string{"o"}, Usage: "say where each value comes from"},
			),
			Action: func(c *cli.Context) error {
				return showConfig(env, env.Common(c), c.Bool("origin"), c.Args().Slice())
			},
		}},
	}
}

// showConfig prints the settings of the named tools, or of all. Secrets are shown as stars. What is wrong is marked where it stands, or
// told at the end where it is no setting, once also when it concerns several tools; the exit code says it too.
func showConfig(env *toolkit.Env, common toolkit.Common, origin bool, tools []string) error {
	if len(tools) == 0 {
		tools = env.Tools()
	}
	out := env.Output(common)
	wrong := 0
	var problems []string
	for _, tool := range tools {
		c, err := env.Configured(tool)
		if err != nil {
			return err
		}
		for _, s := range c.Settings {
			if s.Wrong != "" {
				wrong++
			}
			if err := showSetting(out, tool, s, origin); err != nil {
				return err
			}
		}
		for _, text := range c.Problems {
			if common.JSON {
				err = out.JSONLine(shownProblem{1, tool, text})
			}
			if err != nil {
				return err
			}
			if !slices.Contains(problems, text) {
				problems = append(problems, text)
			}
		}
	}
	return verdict(common, problems, wrong)
}

// verdict is the error for what was wrong, nil if nothing was.
func verdict(common toolkit.Common, problems []string, wrong int) error {
	if wrong == 0 && len(problems) == 0 {
		return nil
	}
	if common.JSON {
		return toolkit.Silent(toolkit.Config)
	}
	if wrong == 1 {
		problems = append(problems, "1 value is wrong, see its line")
	} else if wrong > 1 {
		problems = append(problems, fmt.Sprintf("%d values are wrong, see their lines", wrong))
	}
	return toolkit.Errorf(toolkit.Config, "%s", strings.Join(problems, "\n"))
}

func showSetting(out *toolkit.Output, tool string, s toolkit.Setting, origin bool) error {
	if out.Common.JSON {
		return out.JSONLine(shownSetting{1, tool, s.Name, s.Shown(), s.Origin.String(), s.IsSet(), s.Wrong})
	}
	line := fmt.Sprintf("%s.%s=%s", tool, s.Name, out.Received(s.Shown()))
	if origin || s.Wrong != "" {
		line += "\t" + out.Received(s.Origin.String())
	}
	if s.Wrong != "" {
		line += "\twrong: " + out.Received(s.Wrong)
	}
	return out.Line("%s", line)
}
