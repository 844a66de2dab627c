package stop

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// byRouter looks for a service of that name whose process the router knows: a program need not be called as the service that it is. It
// says whether it was found, or in the hint what else is known.
func (v *resolver) byRouter(ctx context.Context, name string) (found bool, hint string, err error) {
	if serviceName(name) == "" {
		return false, "", nil
	}
	limited, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	r, err := v.r.env.DialRouter(limited, v.router, toolkit.RouterOptions{DialOptions: toolkit.DialOptions{ConnectTimeout: answerLimit}})
	if err != nil {
		return false, "", context.Cause(ctx) // there need be none
	}
	defer r.Close()
	pid, up, near := processOf(limited, r, name)
	switch {
	case ctx.Err() != nil:
		return false, "", context.Cause(ctx)
	case pid == 0 && up:
		return false, "; a service is called so: ed signal " + name + "/STOP asks it to stop", nil
	case pid == 0 && near != "":
		return false, "; did you mean the service " + near + "?", nil
	case pid == 0:
		return false, "", nil
	}
	h, err := v.system.Open(pid)
	if again, _, _ := processOf(limited, r, name); err == nil && again != pid {
		_ = h.Close()
		return false, "", toolkit.Errorf(toolkit.Temporary, "the process of service %s changed while it was looked at", name)
	}
	return true, "", v.add(&target{operand: name, service: name}, h, err)
}

// nameServices asks the router which services the processes are that were given by their numbers, for the message step.
func (v *resolver) nameServices(ctx context.Context) error {
	nameless := func(t *target) bool { return t.service == "" }
	if !slices.ContainsFunc(v.found.targets, nameless) || !has(v.plan, 0) || v.waitOnly {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	r, err := v.r.env.DialRouter(limited, v.router, toolkit.RouterOptions{DialOptions: toolkit.DialOptions{ConnectTimeout: answerLimit}})
	if err != nil {
		return context.Cause(ctx) // there need be none
	}
	defer r.Close()
	list, err := r.Services(limited)
	if err != nil {
		return context.Cause(ctx)
	}
	for _, t := range v.found.targets {
		if nameless(t) {
			t.service = serviceOf(list, t.process(), time.Now())
		}
	}
	return nil
}

// serviceOf is the one service that the process has registered, "" where there is none or more than one. It must have done so since it
// began: before, the number was another's.
func serviceOf(list []toolkit.ServiceInfo, p proc.Process, now time.Time) (name string) {
	for _, s := range list {
		if s.Status != "up" || toolkit.IsPassing(s.Name) || !registeredBy(s, p, now) {
			continue
		}
		if name != "" {
			return ""
		}
		name = serviceName(s.Name)
	}
	return name
}

// registeredBy says whether it was this process that registered the service, and not one that had its number before.
func registeredBy(s toolkit.ServiceInfo, p proc.Process, now time.Time) bool {
	then := s.Since.Add(time.Second) // it is told in whole seconds
	return s.PID == p.PID && !s.Since.IsZero() && !then.Before(now.Add(-p.Age()))
}

// processOf asks which process has registered the service on the router's own node; 0 where that is not told. Where no service has the
// name, near is one that is called nearly so, if there is one.
func processOf(ctx context.Context, r *toolkit.Routed, name string) (pid int, up bool, near string) {
	list, err := r.Services(ctx)
	if errors.Is(err, toolkit.ErrNoList) {
		list, err = r.ServiceStatus(ctx, name)
	}
	if err != nil {
		return 0, false, ""
	}
	var names []string
	for _, s := range list {
		switch {
		case s.Status != "up":
		case s.Name == name:
			return s.PID, true, ""
		case !toolkit.IsPassing(s.Name):
			names = append(names, s.Name)
		}
	}
	return 0, false, toolkit.Nearest(name, names)
}
