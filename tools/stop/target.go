package stop

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// target is one process to stop. Its handle was opened before anything was decided about it.
type target struct {
	operand string
	service string // by which a router knows it; "" where that is unknown
	unit    *proc.Unit
	handle  *proc.Handle
}

func (t *target) process() proc.Process { return t.handle.Process() }

// absent is an operand that no process belongs to.
type absent struct {
	operand string
	kind    toolkit.Kind // NotRunning or NoSuch
	reason  string
}

// resolution is what became of all operands.
type resolution struct {
	targets []*target
	absent  []absent
}

func (r *resolution) close() {
	for _, t := range r.targets {
		_ = t.handle.Close()
	}
}

// resolver turns operands into targets.
type resolver struct {
	options
	found *resolution
	r     *reporter
}

// resolveAll resolves every operand and refuses the whole command if one of them is wrong: half a command is worse than
// none. The resolution is to be closed in any case.
func resolveAll(ctx context.Context, o options, r *reporter) (*resolution, error) {
	v := &resolver{options: o, found: &resolution{}, r: r}
	var errs []error
	for _, operand := range o.operands {
		if err := v.resolve(ctx, operand); err != nil {
			if ctx.Err() != nil {
				return v.found, context.Cause(ctx)
			}
			errs = append(errs, err)
		}
	}
	if err := refuse(v.found.targets, o); err != nil {
		errs = append(errs, err)
	}
	switch len(errs) {
	case 0:
		return v.found, v.nameServices(ctx)
	case 1:
		return v.found, errs[0]
	default:
		return v.found, toolkit.As(toolkit.KindOf(errs[0]), errors.Join(errs...))
	}
}

// resolve decides by its form what an operand is: a number, a path, or else a name.
func (v *resolver) resolve(ctx context.Context, operand string) error {
	if err := toolkit.OneNumber(operand); err != nil { // to say that it does not run would be believed
		return err
	}
	switch {
	case strings.Trim(operand, "0123456789") == "":
		pid, err := proc.ParsePID(operand)
		if err != nil {
			return toolkit.As(toolkit.Usage, err)
		}
		return v.open(&target{operand: operand}, pid)
	case strings.Contains(operand, "/"), strings.HasSuffix(operand, ".pid"):
		return v.pidFile(operand)
	default:
		return v.name(ctx, operand)
	}
}

// open opens the process of a number and adds the target, or notes that it is absent.
func (v *resolver) open(t *target, pid int) error {
	h, err := v.system.Open(pid)
	return v.add(t, h, err)
}

func (v *resolver) add(t *target, h *proc.Handle, err error) error {
	switch {
	case errors.Is(err, proc.ErrGone):
		v.miss(t.operand, toolkit.NotRunning, "no such process runs")
		return nil
	case errors.Is(err, proc.ErrPermission):
		return toolkit.As(toolkit.Permission, err)
	case err != nil:
		return err
	}
	t.handle = h
	if v.to != "" {
		t.service = v.to
	}
	same := func(other *target) bool { return other.process().Same(h.Process()) }
	if i := slices.IndexFunc(v.found.targets, same); i >= 0 { // named twice: stopped once
		if first := v.found.targets[i]; first.service == "" {
			first.service = t.service
		}
		return h.Close()
	}
	v.found.targets = append(v.found.targets, t)
	return nil
}

func (v *resolver) miss(operand string, kind toolkit.Kind, reason string) {
	v.found.absent = append(v.found.absent, absent{operand, kind, reason})
}

// pidFile reads the number, opens the process, and reads the file again: had the daemon been started anew in between, it would say
// something else.
func (v *resolver) pidFile(path string) error {
	pid, err := proc.ReadPIDFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.miss(path, toolkit.NoSuch, "there is no such pid file")
		return nil
	case errors.Is(err, fs.ErrPermission):
		return toolkit.As(toolkit.Permission, err)
	case err != nil:
		return toolkit.As(toolkit.Data, err)
	}
	if err := v.open(&target{operand: path}, pid); err != nil {
		return err
	}
	if again, err := proc.ReadPIDFile(path); err == nil && again != pid {
		return toolkit.Errorf(toolkit.Temporary, "%s changed from %d to %d while it was read", path, pid, again)
	}
	return nil
}

// name looks for a unit of systemd and then, unless told otherwise, for processes.
func (v *resolver) name(ctx context.Context, name string) error {
	unit, unitErr := v.system.Unit(ctx, name)
	var unknown *proc.UnitError
	byName, kind, reason := v.byName, toolkit.NoSuch, "no unit and no process has this name"
	silent := false
	switch {
	case unitErr == nil && unit.MainPID != 0:
		return v.openUnit(ctx, name, unit)
	case unitErr == nil:
		kind, reason = toolkit.NotRunning, "the unit "+cmp.Or(unit.Name, name)+" is "+unit.ActiveState+" and has no main process"
	case errors.Is(unitErr, proc.ErrNoSystemd):
		byName, reason = true, "no process has this name (and there is no systemd to ask)"
	case errors.As(unitErr, &unknown):
	case ctx.Err() != nil:
		return context.Cause(ctx)
	default:
		silent = true
	}
	if byName {
		list, err := v.system.FindByName(name)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			if silent {
				v.r.out.Warn("%s", toolkit.Escape(unitErr.Error()))
			}
			return v.openNamed(name, list)
		}
	}
	if v.byName {
		found, hint, err := v.byRouter(ctx, name)
		if found || err != nil {
			return err
		}
		reason += hint
	}
	if err := elsewhere(name); kind == toolkit.NoSuch && err != nil {
		return err
	}
	if silent { // there may be such a unit, and it may run
		return toolkit.As(toolkit.Temporary, unitErr)
	}
	v.miss(name, kind, reason)
	return nil
}

// elsewhere refuses the name of a service with its server: to say that it does not run would be believed.
func elsewhere(name string) error {
	server, service, both := strings.Cut(name, ":")
	if !both || message.VerifyServer(server) != nil || serviceName(service) == "" {
		return nil
	}
	err := toolkit.Errorf(toolkit.Usage, "%s: nothing on this host has that name, and only what runs here can be stopped so", name)
	return toolkit.WithHint(err, "ed signal %s/STOP asks it by way of the router", name)
}

// openUnit opens the main process and asks systemd again: if that still says the same, the handle is of that process and of no
// later one with its number.
func (v *resolver) openUnit(ctx context.Context, name string, unit proc.Unit) error {
	t := &target{operand: name, unit: &unit, service: serviceName(strings.TrimSuffix(name, ".service"))}
	h, err := v.system.Open(unit.MainPID)
	if err == nil {
		again, askErr := v.system.Unit(ctx, name)
		if askErr != nil || again.MainPID != unit.MainPID {
			_ = h.Close()
			return toolkit.Errorf(toolkit.Temporary, "the main process of %s changed while it was looked at", unit.Name)
		}
	}
	return v.add(t, h, err)
}

// openNamed opens the processes that have the name; more than one only with --all. Those that we cannot do without
// are no candidates then.
func (v *resolver) openNamed(name string, list []proc.Process) error {
	if len(list) > 1 && !v.all {
		return ambiguous(name, list)
	}
	if len(list) > 1 {
		mine := v.system.SelfAndAncestors()
		list = slices.DeleteFunc(list, func(p proc.Process) bool {
			if !slices.Contains(mine, p.PID) {
				return false
			}
			v.r.out.Warn("%s is left alone: this command descends from it", toolkit.Escape(p.String()))
			return true
		})
	}
	for _, p := range list {
		h, err := v.system.OpenSame(p)
		if err := v.add(&target{operand: name, service: serviceName(name)}, h, err); err != nil {
			return err
		}
	}
	return nil
}

// serviceName is the name if a service can have it, else "".
func serviceName(name string) string {
	m := message.New("STOP")
	m.SetService(name)
	if strings.ContainsAny(name, "*?.") || m.Check() != nil {
		return ""
	}
	return name
}
