package main

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// explained is the form of an exit code in JSON.
type explained struct {
	V       int    `json:"v"`
	Code    int    `json:"code"`
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
	Advice  string `json:"advice,omitempty"`
}

func explainCommand(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:        "explain",
		Usage:       "say what an exit code means",
		ArgsUsage:   "[CODE ...]",
		Description: "ed explain 69\ned explain               list them all",
		Flags:       toolkit.Flags(),
		Action:      func(c *cli.Context) error { return explain(env, env.Common(c), c.Args().Slice()) },
	}
}

func explain(env *toolkit.Env, common toolkit.Common, codes []string) error {
	var wanted []exit
	for _, text := range codes {
		e, err := findExit(text)
		if err != nil {
			return err
		}
		wanted = append(wanted, e)
	}
	if len(codes) == 0 {
		wanted = exits()
	}
	out := env.Output(common)
	for _, e := range wanted {
		var err error
		switch {
		case common.JSON:
			err = out.JSONLine(explained{1, e.Code, e.Name, e.Meaning, e.Advice})
		case e.Advice != "" && len(codes) > 0:
			err = out.Line("%3d  %-11s  %s\n%18s%s", e.Code, e.Name, e.Meaning, "", e.Advice)
		default:
			err = out.Line("%3d  %-11s  %s", e.Code, e.Name, e.Meaning)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// findExit takes a number or a name. Codes over 128 are deaths by signal.
func findExit(text string) (exit, error) {
	code, err := strconv.Atoi(text)
	for _, e := range exits() {
		if err == nil && (e.Code == code || e.Code == 130 && (code == 129 || code == 143)) ||
			err != nil && strings.EqualFold(strings.TrimPrefix(strings.ToUpper(text), "EX_"), e.Name) {
			return e, nil
		}
	}
	if err == nil && code > 128 && code < 128+65 {
		return exit{Code: code, Name: "SIGNAL", Meaning: "ended by signal " + strconv.Itoa(code-128)}, nil
	}
	return exit{}, toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "no command ends with %q", text), "ed explain lists the codes")
}
