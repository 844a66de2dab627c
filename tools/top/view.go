package top

import (
	"slices"

	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/tools/internal/ui"
)

// view is one of the screens: tables that belong together, of which one is shown at a time.
type view struct {
	name   string
	title  string
	tables []string // nil: all that no other view has
}

// messagesView is the one that shows the trace.
const messagesView = "messages"

// views in the order of their keys, 1 to 7.
func views() []view {
	return []view{
		{"services", "Services", []string{"process"}},
		{"connections", "Connections", []string{"connections", "sources", "queues"}},
		{"timers", "Timers", []string{"timers"}},
		{messagesView, "Messages", []string{}},
		{"commands", "Commands", []string{"commands", "dispatcher", "watches"}},
		{"loop", "Loop", []string{"loop", "slow"}},
		{"router", "Router", nil},
	}
}

// tablesOf are the tables that a view can show of what there is.
func tablesOf(v view, s snapshot) []string {
	if v.tables != nil {
		return v.tables
	}
	var others []string
	for _, one := range s.processes {
		for _, name := range one.tables {
			if !standard(name) && !slices.Contains(others, name) {
				others = append(others, name)
			}
		}
	}
	first := routerTables() // the others as they come
	slices.SortStableFunc(others, func(a, b string) int { return rank(first, a) - rank(first, b) })
	return others
}

// routerTables are what a router has, in their order.
func routerTables() []string { return []string{"router", "nodes", "routes", "clients", "cache"} }

// knownTables are those that are known without asking a service.
func knownTables() []string {
	var all []string
	for _, v := range views() {
		all = append(all, v.tables...)
	}
	return append(all, routerTables()...)
}

// knownColumns are the columns that are known without asking a service, each as it is and with the largest first.
func knownColumns() []string {
	var all []string
	for _, columns := range preferred {
		for _, name := range columns {
			all = append(all, name, "-"+name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// rank is where a name stands in a list; the end for one that does not.
func rank(list []string, name string) int {
	if i := slices.Index(list, name); i >= 0 {
		return i
	}
	return len(list)
}

// standard says whether every process has this table.
func standard(table string) bool {
	return slices.ContainsFunc(views(), func(v view) bool { return slices.Contains(v.tables, table) })
}

// preferred are the columns that come first, where a table has many; the others follow as they are.
var preferred = map[string][]string{
	"process":     {"process", "state", "cpu", "rss", "uptime", "links", "fds", "goroutines", "threads", "user", "version"},
	"connections": {"process", "link", "peer", "in", "out", "bytes_in", "bytes_out", "queued", "age", "idle"},
	"commands":    {"process", "command", "in", "failed", "took_p50", "took_p99", "latency_p50", "latency_p99", "out", "invalid", "unknown", "dropped"},
	"loop":        {"process", "turns", "events", "busy", "waiting", "slowest", "slowest_name", "timers", "posts"},
}

// firstOrder is how a table is sorted until somebody says otherwise.
func firstOrder(table string) order {
	switch table {
	case "process":
		return order{column: "cpu", reverse: true, rates: true}
	case "commands":
		return order{column: "in", reverse: true, rates: true}
	case "slow":
		return order{column: "longest", reverse: true, rates: true}
	case "timers":
		return order{column: "due", rates: true}
	}
	return order{rates: true}
}

// arrangement says which columns of a frame stand where.
func arrangement(table string, f *frame) []int {
	columns := f.columns
	at := func(name string) int {
		return slices.IndexFunc(columns, func(c inspect.Column) bool { return c.Name == name })
	}
	var all []int
	for _, name := range preferred[table] {
		if i := at(name); i >= 0 && (name != stateColumn.Name || f.trouble) {
			all = append(all, i)
		}
	}
	for i, c := range columns {
		said := table == processTable && (c.Name == "name" || c.Name == "pid" || // the first column has both
			c.Name == stateColumn.Name && !f.trouble)
		if !said && !slices.Contains(all, i) {
			all = append(all, i)
		}
	}
	return all
}

// headings are the columns for the screen; with rates, a unit of time belongs to what counters show.
func headings(columns []inspect.Column, places []int) []ui.Column {
	out := make([]ui.Column, len(places))
	for i, at := range places {
		c := columns[at]
		number := c.Kind != inspect.Label || c.Unit == inspect.Seconds || c.Unit == inspect.Bytes
		out[i] = ui.Column{Title: c.Name, Right: number, End: c.Name == "peer" || c.Name == "local" || c.Name == "address"}
	}
	return out
}
