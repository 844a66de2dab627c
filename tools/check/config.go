package check

import (
	"slices"

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
	if len(o.tools) == 0 {
		o.tools = env.Tools()
	}
	out := env.Output(o.Common)
	var told []string
	for _, tool := range o.tools {
		c, err := env.Configured(tool)
		if err != nil {
			return err
		}
		r := verdict(tool, c)
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
		out.Say("%s: ok, %d of %s set", r.Tool, r.Set, toolkit.Plural(r.Known, "setting"))
	}
	return nil
}

// verdict is what there is to say about one tool.
func verdict(tool string, c *toolkit.Configured) toolReport {
	r := toolReport{V: 1, Tool: tool, Known: len(c.Settings), Errors: c.Mistakes()}
	for _, s := range c.Settings {
		if s.IsSet() {
			r.Set++
		}
	}
	r.OK = len(r.Errors) == 0
	return r
}
