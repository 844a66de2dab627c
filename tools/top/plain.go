package top

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/tools/internal/ui"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// form is what is printed without a screen.
type form uint8

const (
	asText form = iota
	asJSON
	asCSV
)

// glance is how long before the first output everything is looked at once, so that there are rates.
const glance = 250 * time.Millisecond

// plain prints a view some times, without a terminal.
func plain(ctx context.Context, env *toolkit.Env, o options) error {
	p := &poller{targets: o.targets, timeout: o.timeout()}
	defer p.close()
	s := p.poll(ctx, time.Now(), nil)
	if err := nobody(s, o.targets); err != nil {
		return err
	}
	tables := o.tables(s)
	out := newPrinter(env, o, tables)
	out.missing(s)
	for round := 0; ; round++ {
		s = p.poll(ctx, time.Now(), tables)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := has(s, tables, o); err != nil {
			return err
		}
		if err := out.round(s, round > 0); err != nil { // rates need one before
			return err
		}
		if o.count > 0 && round >= o.count {
			return nil
		}
		pause := o.interval
		if round == 0 {
			pause = min(pause, glance)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// nobody is the error where there is nothing to look at.
func nobody(s snapshot, targets []string) error {
	trouble := s.err
	for _, one := range s.processes {
		if one.tables != nil && one.err == nil {
			return nil
		}
		trouble = cmp.Or(trouble, one.err)
	}
	if trouble != nil {
		return ui.Unwatchable(trouble)
	}
	if len(targets) > 0 {
		err := toolkit.Errorf(toolkit.Unavailable, "%s", noneCalled(targets...))
		return toolkit.WithHint(err, "%s", cmp.Or(ui.KnownServices(targets[0]), "no other is running either"))
	}
	err := toolkit.Errorf(toolkit.Unavailable, "no service that you may look into is running")
	return toolkit.WithHint(err, "%s", cmp.Or(ui.KnownServices(""), "a service serves a control socket by one line of code; ed demo and ed router have one"))
}

// noneCalled says which targets nobody is.
func noneCalled(names ...string) string {
	return "no service that you may look into is called " + toolkit.Escape(strings.Join(names, ", "))
}

// missing warns of targets that nobody is, where others are there.
func (p *printer) missing(s snapshot) {
	for _, name := range s.missing {
		p.out.Warn("%s", noneCalled(name))
	}
}

// has is the error for a view, or a table, that none of the processes has.
func has(s snapshot, tables []string, o options) error {
	for _, table := range tables {
		for _, one := range s.processes {
			if one.sheets[table] != nil {
				return nil
			}
		}
	}
	if o.table == "" {
		return toolkit.Errorf(toolkit.Unavailable, "none of the services has something to show for %s", o.view.name)
	}
	var known []string
	for _, one := range s.processes {
		known = append(known, one.tables...)
	}
	return suggest(toolkit.Errorf(toolkit.Unavailable, "none of the services has a table %q", toolkit.Escape(o.table)), o.table, known)
}

// suggest gives err, which is about a word, the nearest of the known ones as a hint, or all of them where none is near.
func suggest(err error, word string, known []string) error {
	slices.Sort(known)
	known = slices.Compact(known)
	if near := toolkit.Nearest(word, known); near != "" {
		return toolkit.WithHint(err, "did you mean %s?", near)
	}
	return toolkit.WithHint(err, "there are %s", strings.Join(known, ", "))
}

// sortable is the error for a column that none of the frames has.
func sortable(column string, frames ...frame) error {
	var known []string
	for _, f := range frames {
		for _, c := range f.columns {
			known = append(known, c.Name)
		}
	}
	if column == "" || len(known) == 0 || slices.Contains(known, column) {
		return nil
	}
	return suggest(toolkit.Errorf(toolkit.Usage, "--sort %s: there is no such column", toolkit.Escape(column)), column, known)
}
