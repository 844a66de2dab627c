package ask

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// servicesOptions are what the command line of `ed services` comes to.
type servicesOptions struct {
	toolkit.Common
	router toolkit.RouterPlace
	names  []string
	all    bool
	watch  bool
}

// Services is `ed services`.
func Services(env *toolkit.Env) *cli.Command {
	return env.Configure("services", &cli.Command{
		Name:      "services",
		Usage:     "list the services that a router knows",
		ArgsUsage: "[SERVICE ...]",
		Description: `ed services
			ed services cluckd snaprfs           only these; exit 69 if one is not up
			ed services --watch                  and then what comes and goes
			ed services --json | jq -r .service`,
		Flags: toolkit.PeerFlags(
			toolkit.RouterFlag(),
			&cli.BoolFlag{Name: "watch", Aliases: []string{"w"}, Usage: "then print each change until interrupted"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Usage: "also list tools that registered for a moment"},
		),
		Action: func(c *cli.Context) error {
			o := servicesOptions{Common: env.Common(c), names: c.Args().Slice(), all: c.Bool("all"), watch: c.Bool("watch")}
			for _, name := range o.names {
				if err := message.VerifyService(name); err != nil {
					return toolkit.As(toolkit.Usage, err)
				}
			}
			var err error
			if o.router, err = env.Router(c); err != nil {
				return err
			}
			return services(c.Context, env, o)
		},
	}, "router")
}

func services(ctx context.Context, env *toolkit.Env, o servicesOptions) error {
	ro := toolkit.RouterOptions{DialOptions: o.DialOptions(), Status: o.watch}
	if o.watch {
		ro.Name = "ed_services" // who is not registered is told nothing
	}
	r, err := env.DialRouter(ctx, o.router.Address, ro)
	if err != nil {
		return err
	}
	out := env.Output(o.Common)
	verdict, err := show(ctx, r, out, o)
	if err == nil && o.watch {
		err = watch(ctx, env, r, out, o)
	}
	if closing := r.Close(); err == nil && closing != nil {
		err = closing
	}
	if err == nil {
		err = verdict
	}
	return err
}

// show prints the table. The verdict is about services that are not up although they were named.
func show(ctx context.Context, r *toolkit.Routed, out *toolkit.Output, o servicesOptions) (verdict, err error) {
	var list []toolkit.ServiceInfo
	if len(o.names) > 0 {
		if list, err = r.ServiceStatus(ctx, o.names...); err == nil {
			verdict = notUp(ctx, r, list)
		}
	} else if list, err = r.Services(ctx); err == nil && !o.all {
		list = slices.DeleteFunc(list, func(s toolkit.ServiceInfo) bool { return toolkit.IsPassing(s.Name) })
	}
	switch {
	case errors.Is(err, toolkit.ErrNoList) && o.watch:
		out.Say("the router at %s does not list its services; what comes and goes is shown", r.Address)
		return nil, nil
	case errors.Is(err, toolkit.ErrNoList):
		err = toolkit.Errorf(toolkit.Unavailable, "the router at %s does not list its services, as the C++ communicatord", r.Address)
		return nil, toolkit.WithHint(err, "ed services NAME … asks for services by name, and --watch shows what comes and goes")
	case err != nil:
		return nil, err
	case len(list) == 0:
		out.Say("the router at %s has no services", r.Address)
	}
	return verdict, printServices(out, list)
}

// notUp is the error for services that were asked for by name.
func notUp(ctx context.Context, r *toolkit.Routed, list []toolkit.ServiceInfo) error {
	var errs []error
	for _, s := range list {
		switch s.Status {
		case "up":
		case "unknown":
			errs = append(errs, r.NoService(ctx, "", s.Name))
		default:
			errs = append(errs, toolkit.Errorf(toolkit.Unavailable, "service %q is %s", s.Name, toolkit.Escape(s.Status)))
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return toolkit.As(toolkit.Unavailable, joinLines(errs))
}

// joinLines joins errors, with the first hint.
func joinLines(errs []error) error {
	err := errors.Join(errs...)
	for _, e := range errs {
		if hint := toolkit.HintOf(e); hint != "" {
			return toolkit.WithHint(err, "%s", hint)
		}
	}
	return err
}

// serviceRecord is a service in JSON.
type serviceRecord struct {
	V       int    `json:"v"`
	Time    string `json:"time,omitempty"`
	Event   string `json:"event,omitempty"` // "status" for a change
	Service string `json:"service"`
	Server  string `json:"server,omitempty"`
	Status  string `json:"status"`
	Since   string `json:"since,omitempty"`
	PID     int    `json:"pid,omitempty"`
}

func recordOf(s toolkit.ServiceInfo) serviceRecord {
	r := serviceRecord{V: 1, Service: s.Name, Server: s.Server, Status: s.Status, PID: s.PID}
	if !s.Since.IsZero() {
		r.Since = s.Since.UTC().Format(time.RFC3339)
	}
	return r
}

// printServices prints a table, or a line of JSON for each.
func printServices(out *toolkit.Output, list []toolkit.ServiceInfo) error {
	if out.JSON {
		for _, s := range list {
			if err := out.JSONLine(recordOf(s)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(list) == 0 {
		return nil
	}
	rows := [][4]string{{"SERVICE", "SERVER", "STATUS", "SINCE"}}
	for _, s := range list {
		since := "-"
		if !s.Since.IsZero() {
			since = s.Since.Format(time.DateTime)
		}
		rows = append(rows, [4]string{s.Name, cmp.Or(s.Server, "-"), s.Status, since})
	}
	var widths [4]int
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(out.Received(cell)))
		}
	}
	var b strings.Builder
	for n, row := range rows {
		line := ""
		for i, cell := range row {
			line += fmt.Sprintf("%-*s  ", widths[i], out.Received(cell))
		}
		line = strings.TrimRight(line, " ")
		if n == 0 {
			line = out.Paint.Bold(line)
		}
		b.WriteString(line + "\n")
	}
	return out.Raw([]byte(b.String()))
}

// watch prints what the router announces, until it or the command ends.
func watch(ctx context.Context, env *toolkit.Env, r *toolkit.Routed, out *toolkit.Output, o servicesOptions) error {
	for {
		m, err := r.Recv(ctx)
		switch {
		case err != nil && ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return fmt.Errorf("watch the router at %s: %w", r.Address, ended(err))
		case m.Command() != "STATUS":
			continue
		}
		s, err := toolkit.InfoOf(m)
		switch {
		case err != nil, s.Name == r.Name, !o.all && toolkit.IsPassing(s.Name), len(o.names) > 0 && !slices.Contains(o.names, s.Name):
			continue
		}
		if out.JSON {
			record := recordOf(s)
			record.Event, record.Time = "status", env.Now().Format(time.RFC3339Nano)
			err = out.JSONLine(record)
		} else {
			err = out.Line("%s  %s  %s", env.Now().Format(time.TimeOnly), out.Received(nameOf(s.Server, s.Name)), out.Received(s.Status))
		}
		if err != nil {
			return err
		}
	}
}

// nameOf writes a service as in a message.
func nameOf(server, service string) string {
	if server == "" {
		return service
	}
	return server + ":" + service
}
