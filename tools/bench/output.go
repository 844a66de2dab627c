package bench

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// output is one value of --output.
type output struct {
	form string
	path string // "": standard output
}

// parseOutputs reads FORM or FORM=FILE, where a FILE of "-" is standard output; only one may go there.
func parseOutputs(texts []string, json bool) ([]output, error) {
	if json {
		texts = append(slices.Clone(texts), "json")
	}
	forms := []string{"text", "json", "csv", "hlog", "gobench", "html"}
	var all []output
	plain := 0
	for _, text := range texts {
		form, path, named := strings.Cut(text, "=")
		if !slices.Contains(forms, form) || named && path == "" {
			return nil, toolkit.Errorf(toolkit.Usage, "option --output: %q is none of %s, each with =FILE or without", toolkit.Escape(text), strings.Join(forms, ", "))
		}
		if path == "-" {
			path = ""
		}
		if path == "" {
			plain++
		}
		if path != "" && slices.ContainsFunc(all, func(o output) bool { return o.path != "" && filepath.Clean(o.path) == filepath.Clean(path) }) {
			return nil, toolkit.Errorf(toolkit.Usage, "option --output: two reports cannot go to %s", toolkit.Escape(path))
		}
		all = append(all, output{form, path})
	}
	if plain > 1 {
		return nil, toolkit.Errorf(toolkit.Usage, "only one report can go to standard output; -o FORM=FILE is for the others")
	}
	if plain == 0 {
		all = append(all, output{form: "text"})
	}
	return all, nil
}

// checkOutputs makes sure that the files can be written, before there is something to lose. What is in them stays.
func checkOutputs(all []output) error {
	for _, to := range all {
		if to.path == "" {
			continue
		}
		i, missing := os.Stat(to.path)
		if missing == nil && !i.Mode().IsRegular() && !i.IsDir() {
			continue // a pipe or a device: opening it is an event to who reads there
		}
		f, err := os.OpenFile(to.path, os.O_WRONLY|os.O_CREATE, 0o666)
		if err != nil {
			return toolkit.As(toolkit.CantCreate, fmt.Errorf("write the report: %w", err))
		}
		_ = f.Close()                                                                  // nothing was written
		if name, err := filepath.EvalSymlinks(to.path); missing != nil && err == nil { // a link may have led to what was not there
			_ = os.Remove(name) // it comes with the report
		}
	}
	return nil
}

// write writes a report in one form.
func write(w io.Writer, r *report.Report, form string) error {
	switch form {
	case "json":
		return r.JSON(w)
	case "csv":
		return r.CSV(w)
	case "hlog":
		return r.Log(w)
	case "gobench":
		return r.Bench(w)
	case "html":
		return r.HTML(w)
	}
	return r.Text(w)
}

// runLoad measures, reports, and says by its error how it went.
func runLoad(ctx context.Context, env *toolkit.Env, o options) error {
	if err := o.prepare(ctx, env); err != nil {
		return err
	}
	out := env.Output(o.Common)
	defer out.Done()
	defer collectSeldom()()
	s := &series{env: env, expect: o.expect, live: &live{out: out, total: o.plan.duration}}
	if env.Stderr.TTY && env.Getenv("TERM") != "dumb" { // which cannot draw a line anew
		s.live.terminal = env.Stderr
	}
	s.one = func(ctx context.Context, p *plan, l *live) (*report.Report, error) {
		r, err := execute(ctx, env, p, l)
		if err == nil && o.baseline != nil {
			r.Baseline = report.Compare(r, o.baseline.Like(r), o.old)
		}
		return r, err
	}
	r, err := s.run(ctx, &o.plan)
	if err != nil {
		return err
	}
	if len(r.Steps) > 0 && o.baseline != nil {
		r.Baseline = report.Compare(r, o.baseline, o.old)
	}
	saving := ctx
	if ctx.Err() != nil { // the run was interrupted, and its reports are still wanted
		saving = context.WithoutCancel(ctx)
	}
	var unsaved error // the others are saved all the same
	for _, to := range o.outputs {
		unsaved = cmp.Or(unsaved, o.save(saving, out, r, to))
	}
	return cmp.Or(unsaved, o.end(ctx, r))
}

// save writes one of the reports.
func (o *options) save(ctx context.Context, out *toolkit.Output, r *report.Report, to output) error {
	var b bytes.Buffer
	if err := write(&b, r, to.form); err != nil {
		return toolkit.Errorf(toolkit.Internal, "write the report: %w", err)
	}
	if to.path == "" {
		return out.Raw(b.Bytes())
	}
	patient, cancel := context.WithTimeoutCause(ctx, pipePatience, fmt.Errorf("nobody reads %s", to.path))
	defer cancel()
	err := toolkit.WriteFile(patient, to.path, b.Bytes(), 0o666)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return toolkit.As(toolkit.CantCreate, fmt.Errorf("write the report: %w", err))
}

// end is how the command ends after its report.
func (o *options) end(ctx context.Context, r *report.Report) error {
	why := strings.Join(r.Reasons, "; ")
	switch {
	case r.Interrupted:
		return context.Cause(ctx)
	case r.Verdict == report.Invalid:
		return toolkit.Errorf(toolkit.Temporary, "the run is invalid: %s", why)
	case r.Verdict == report.Failed:
		return toolkit.Errorf(toolkit.Threshold, "%s", why)
	}
	return nil
}
