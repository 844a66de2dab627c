package router

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/proc"
	rules "github.com/ed-toolbox/ed/core/router"
)

// fileLinesError holds mistakes that name their file and line themselves.
type fileLinesError struct{ errs []error }

func (e *fileLinesError) Error() string { return errors.Join(e.errs...).Error() }

// loadPolicy reads a policy file, of at most 1 MiB; every mistake in it is told.
func loadPolicy(path string) (*policy, error) {
	data, err := config.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p, errs := parsePolicy(string(data))
	if len(errs) > 0 {
		for i, err := range errs {
			errs[i] = fmt.Errorf("%s:%w", path, err)
		}
		return nil, &fileLinesError{errs}
	}
	return p, nil
}

// parsePolicy reads the lines of a policy. The errors begin with the number of the line.
func parsePolicy(text string) (*policy, []error) {
	p := &policy{uid: uint32(os.Geteuid())}
	var errs []error
	for i, line := range strings.Split(text, "\n") {
		if at := strings.IndexByte(line, '#'); at >= 0 {
			line = line[:at]
		}
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if err := p.add(i+1, fields); err != nil {
			errs = append(errs, fmt.Errorf("%d: %w", i+1, err))
		}
	}
	return p, errs
}

// add reads ACTION WHAT NAMES [to DESTINATIONS] [WHO ...].
func (p *policy) add(line int, fields []string) error {
	r := rule{line: line}
	switch fields[0] {
	case "allow":
		r.allow = true
	case "deny":
	default:
		return fmt.Errorf("%q is neither allow nor deny", fields[0])
	}
	if len(fields) < 3 || fields[1] != "register" && fields[1] != "send" {
		return fmt.Errorf("a rule is \"%s register NAMES [WHO]\" or \"%s send COMMANDS [to SERVICES] [WHO]\"", fields[0], fields[0])
	}
	names := dispatch.CommandGlob
	if fields[1] == "register" {
		names = serviceGlob
	}
	var err error
	if r.names, err = globs(fields[2], names); err != nil {
		return err
	}
	rest := fields[3:]
	if len(rest) > 0 && rest[0] == "to" {
		if fields[1] == "register" {
			return errors.New("\"to\" belongs to send")
		}
		if len(rest) < 2 {
			return errors.New("after \"to\" a service is missing")
		}
		if r.to, err = destinations(rest[1]); err != nil {
			return err
		}
		rest = rest[2:]
	}
	for _, field := range rest {
		if err := r.who.add(field); err != nil {
			return err
		}
	}
	if fields[1] == "register" {
		p.register = append(p.register, r)
	} else {
		p.send = append(p.send, r)
	}
	return nil
}

// add reads NAME=VALUE[,VALUE ...].
func (w *who) add(field string) error {
	name, list, ok := strings.Cut(field, "=")
	if !ok || list == "" {
		return fmt.Errorf("%q is none of user=, group=, service=, peer=, via=", field)
	}
	var err error
	switch name {
	case "user":
		if w.anyUser = list == "*"; !w.anyUser {
			w.users, err = numbers(list, proc.LookUpUser)
		}
	case "group":
		w.groups, err = numbers(list, proc.LookUpGroup)
	case "service":
		w.services, err = globs(list, serviceGlob)
	case "peer":
		w.peers, err = globs(list, serverGlob)
	case "via":
		w.via, err = kinds(list)
	default:
		err = fmt.Errorf("%q is none of user, group, service, peer, via", name)
	}
	return err
}

// globs reads patterns, each by read.
func globs(list string, read func(string) (dispatch.Glob, error)) ([]dispatch.Glob, error) {
	var all []dispatch.Glob
	for text := range strings.SplitSeq(list, ",") {
		if text == "" {
			return nil, fmt.Errorf("%q has an empty name", list)
		}
		g, err := read(text)
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, nil
}

func serviceGlob(text string) (dispatch.Glob, error) { return nameGlob(text, message.VerifyToService) }
func serverGlob(text string) (dispatch.Glob, error)  { return nameGlob(text, message.VerifyToServer) }

// nameGlob makes a glob over names. One that could never match is refused, as dispatch.CommandGlob does: whoever wrote the rule would
// believe that it holds.
func nameGlob(text string, verify func(string) error) (dispatch.Glob, error) {
	if !strings.Contains(text, "[") {
		some := strings.NewReplacer("*", "x", "?", "x").Replace(text)
		if wrong, ok := errors.AsType[*message.NameError](verify(some)); ok {
			return dispatch.Glob{}, fmt.Errorf("%q matches no %s: %s", text, wrong.What, wrong.Reason)
		}
	}
	return dispatch.NewGlob(text)
}

// destinations reads [SERVER:]SERVICE[,...].
func destinations(list string) ([]destination, error) {
	var all []destination
	for text := range strings.SplitSeq(list, ",") {
		server, service, ok := strings.Cut(text, ":")
		if !ok {
			service = text
		}
		g, err := globs(service, serviceGlob)
		if err != nil {
			return nil, err
		}
		d := destination{service: g[0]}
		if ok {
			if g, err = globs(server, serverGlob); err != nil {
				return nil, err
			}
			d.server = &g[0]
		}
		all = append(all, d)
	}
	return all, nil
}

func numbers(list string, lookUp func(string) (int, error)) ([]uint32, error) {
	var all []uint32
	for name := range strings.SplitSeq(list, ",") {
		n, err := lookUp(name)
		if err != nil {
			return nil, err
		}
		all = append(all, uint32(n))
	}
	return all, nil
}

// kinds reads the ways to connect.
func kinds(list string) ([]rules.Kind, error) {
	var all []rules.Kind
	for name := range strings.SplitSeq(list, ",") {
		switch name {
		case "unix":
			all = append(all, rules.LocalUnix)
		case "tcp":
			all = append(all, rules.LocalTCP)
		case "datagram":
			all = append(all, rules.Datagram)
		case "peer":
			all = append(all, rules.Remote, rules.Secure, rules.Out)
		default:
			return nil, fmt.Errorf("%q is none of unix, tcp, datagram, peer", name)
		}
	}
	return all, nil
}
