package ui

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/control"
)

// hintNames is how many services a hint names at most.
const hintNames = 12

// KnownServices is a hint for a user whose service cannot be looked into: that its socket may not be opened, which service has a similar name, or
// which services there are. With name "" any service was asked for. It is "" where nothing is known.
func KnownServices(name string) string {
	denied := control.Denied()
	for _, s := range denied {
		if name != "" && s.Matches(name) {
			return fmt.Sprintf("it is running, but you may not open %s", toolkit.Escape(s.Addr.String()))
		}
	}
	var known []string
	for _, s := range control.Discover() {
		known = append(known, toolkit.Escape(s.Name))
	}
	known = slices.Compact(known) // they come in order
	switch near := toolkit.Nearest(name, known); {
	case near != "":
		return fmt.Sprintf("did you mean %s?", near)
	case len(known) > hintNames:
		return fmt.Sprintf("there are %s and %d more", strings.Join(known[:hintNames], ", "), len(known)-hintNames)
	case len(known) > 0:
		return "there are " + strings.Join(known, ", ")
	case len(denied) > 0:
		return fmt.Sprintf("you may not open what is there: %s of others", toolkit.Plural(len(denied), "control socket"))
	}
	return ""
}

// Unwatchable gives err, why a process cannot be looked into, its kind, and a hint where there is something to do.
func Unwatchable(err error) error {
	var busy *control.BusyError
	switch {
	case errors.As(err, &busy):
		return toolkit.WithHint(toolkit.As(toolkit.Temporary, err), "ed top, ed watch and others that look into it have to end first")
	case control.IsRefused(err):
		return toolkit.WithHint(toolkit.As(toolkit.Protocol, err), "is it a control socket? they are in %s", strings.Join(control.Folders(), ", "))
	case errors.Is(err, control.ErrSilent):
		return toolkit.As(toolkit.Timeout, err)
	case toolkit.KindOf(err) == toolkit.Other:
		return toolkit.As(toolkit.Unavailable, err)
	}
	return err
}
