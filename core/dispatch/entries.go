package dispatch

import (
	"slices"
	"strings"
)

// EntryInfo describes an entry to people.
type EntryInfo struct {
	Name     string
	Kind     string // "exact", "glob", "regexp", "function", "catch-all"
	Pattern  string // what it matches; "" for a function or a catch-all
	Priority Priority
	Continue bool
}

// Entries lists the entries in the order in which they are tried: exact ones and patterns, then the catch-alls.
func (d *Dispatcher) Entries() []EntryInfo {
	var all []*entry
	for _, r := range d.exact.records {
		all = append(all, r.entries...)
	}
	all = append(all, d.patterns...)
	slices.SortFunc(all, (*entry).compare)
	all = append(all, d.others.entries...)
	list := make([]EntryInfo, 0, len(all))
	for _, e := range all {
		list = append(list, e.info())
	}
	return list
}

func (e *entry) info() EntryInfo {
	i := EntryInfo{Name: e.name, Priority: e.priority, Continue: e.goOn}
	switch {
	case e.command != "":
		i.Kind, i.Pattern = "exact", e.command
	case e.glob != nil:
		i.Kind, i.Pattern = "glob", e.glob.pattern
	case e.regexp != nil:
		// newEntry has put it between these
		i.Kind, i.Pattern = "regexp", strings.TrimSuffix(strings.TrimPrefix(e.regexp.String(), `\A(?:`), `)\z`)
	case e.function != nil:
		i.Kind = "function"
	default:
		i.Kind = "catch-all"
	}
	return i
}
