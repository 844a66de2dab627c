package main

import (
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// version is the version of the source tree.
const version = "0.1.0"

// build is what `ed version` tells.
type build struct {
	V        int    `json:"v"`
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the version control system
	Modified bool   `json:"modified,omitempty"` // the tree differed from the revision
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func versionCommand(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:        "version",
		Usage:       "print the version of this program",
		Description: "ed version\ned version --json",
		Flags:       toolkit.Flags(),
		Action: func(c *cli.Context) error {
			if _, err := toolkit.Operands(c, 0, 0, ""); err != nil {
				return err
			}
			return printVersion(env, env.Common(c).JSON)
		},
	}
}

func printVersion(env *toolkit.Env, json bool) error {
	b := build{V: 1, Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Revision = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	out := env.Output(toolkit.Common{})
	if json {
		return out.JSONLine(b)
	}
	return out.Line("ed %s (%s, %s)", b.Version, b.Go, b.Platform)
}
