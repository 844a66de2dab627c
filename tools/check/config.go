package check

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// configOptions is the command line of `ed check config`.
type configOptions struct {
	toolkit.Common
	tools []string // none: all
}

// toolReport is one tool, as JSON.
type toolReport struct {
	V      int      `json:"v"`
	OK     bool     `json:"ok"`
	Tool   string   `json:"tool"`
	Known  int      `json:"known"` // settings that there are
	Set    int      `json:"set"`   // settings that somebody gave a value
	Errors []string `json:"errors,omitempty"`
}

// checkConfig reads what configures each tool and reports every mistake, once also when it concerns several tools.
func checkConfig(env *toolkit.Env, o configOptions) error {
	known := env.Tools()
	if len(o.tools) == 0 {
		o.tools = known
	}
	out := env.Output(o.Common)
	var told []string
	for _, tool := range o.tools {
		if !slices.Contains(known, tool) {
			_, err := env.ToolSettings(tool)
			return err
		}
		r := checkTool(env, tool)
		if err := report(out, r, told); err != nil {
			return err
		}
		told = append(told, r.Errors...)
	}
	if len(told) > 0 {
		return toolkit.Silent(toolkit.Config)
	}
	return nil
}

func report(out *toolkit.Output, r toolReport, told []string) error {
	if out.JSON {
		return out.JSONLine(r)
	}
	for _, text := range r.Errors {
		if slices.Contains(told, text) {
			continue
		}
		if err := out.Line("%s", out.Received(text)); err != nil {
			return err
		}
	}
	if r.OK {
		out.Say("%s: ok, %d of %s set", r.Tool, r.Set, count(r.Known, "setting"))
	}
	return nil
}

// checkTool finds the mistakes for one tool: first what cannot be read, and if all can, values that its options refuse.
func checkTool(env *toolkit.Env, tool string) toolReport {
	r := toolReport{V: 1, Tool: tool}
	settings, err := env.ToolSettings(tool)
	if err != nil {
		r.Errors = strings.Split(err.Error(), "\n")
		return r
	}
	r.Known = len(settings)
	for _, s := range settings {
		if !s.IsSet() {
			continue
		}
		r.Set++
		if reason := refused(env.ToolFlags(tool), s); reason != "" {
			r.Errors = append(r.Errors, fmt.Sprintf("%s: option %s: %s", s.Origin, s.Name, reason))
		}
	}
	r.Errors = append(r.Errors, strays(env, tool, settings)...)
	r.OK = len(r.Errors) == 0
	return r
}

// strays lists the variables that are called as settings of the tool and are none: nothing reads them.
func strays(env *toolkit.Env, tool string, settings []toolkit.Setting) []string {
	if env.Environ == nil {
		return nil
	}
	var known, texts []string
	for _, s := range settings {
		known = append(known, s.Name)
	}
	prefix := config.Variable(tool, "")
	for _, v := range env.Environ() {
		variable, value, _ := strings.Cut(v, "=")
		rest, ok := strings.CutPrefix(variable, prefix)
		name := strings.ToLower(strings.ReplaceAll(rest, "_", "-"))
		if !ok || value == "" || slices.Contains(known, name) {
			continue
		}
		text := fmt.Sprintf("environment %s: %s has no setting %q", variable, tool, name)
		if near := toolkit.Nearest(name, known); near != "" {
			text += ", did you mean " + config.Variable(tool, near) + "?"
		} else if slices.ContainsFunc(env.ToolFlags(tool), func(f cli.Flag) bool { return f.Names()[0] == name }) {
			text += "; only the command line can give it"
		}
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return texts
}

// refused tries a value on its flag and returns why it is not taken, "" if it is. The flag keeps the value; its command is not
// going to run in this process.
func refused(flags []cli.Flag, s toolkit.Setting) string {
	for _, f := range flags {
		if f.Names()[0] != s.Name || s.Value == "" { // an empty value counts as none
			continue
		}
		shown := fmt.Sprintf("%q", s.Value)
		if s.Secret {
			shown = "the value"
		}
		if _, truth := f.(*cli.BoolFlag); truth {
			if !isTruth(s.Name, s.Value) {
				return shown + " is neither true nor false"
			}
			return ""
		}
		set := flag.NewFlagSet(s.Name, flag.ContinueOnError)
		set.SetOutput(io.Discard)
		if err := f.Apply(set); err != nil {
			return err.Error()
		}
		if err := set.Set(s.Name, s.Value); err != nil {
			return reason(shown, err)
		}
	}
	return ""
}

// isTruth says whether a switch takes the value. "verbose" also takes how often -v would be given.
func isTruth(name, value string) bool {
	if n, err := strconv.Atoi(value); err == nil && name == "verbose" {
		return n >= 0
	}
	_, err := toolkit.ParseBool(value)
	return err == nil
}

// reason keeps what our own flags say, which name the value, and puts the others' words plainly.
func reason(shown string, err error) string {
	text := err.Error()
	if text == "parse error" || text == "value out of range" || strings.HasPrefix(text, "strconv.") {
		return shown + " is not a valid value"
	}
	return text
}
