package watch

import (
	"fmt"
	"strings"
)

// Op says what happened to a path. Several may be set: what inotify reports in one event, what Coalesce put together, and
// closing after writing, which is Access, too.
type Op uint32

// What can be asked for.
const (
	Create  Op = 1 << iota // made, or moved in from where the watch does not look; a path known before was replaced
	Delete                 // removed, or moved out to where the watch does not look
	Rename                 // moved from Old; what was at Path before is replaced
	Updated                // closed after writing, or found changed by a rescan
	Write                  // written to or truncated
	Attrib                 // mode, owner, times, extended attributes or number of links changed
	Read                   // read, files only
	Access                 // opened or closed, files only
	Exists                 // was there when the watch began
)

// What is reported unasked.
const (
	Lost      Op = 1 << (iota + 16) // the system dropped events; what the watch finds changed follows, up to Synced
	Synced                          // the rescan that Lost announced is over
	Unmounted                       // the file system that held Path is gone
	Failed                          // Err says what cannot be watched; it is tried again
)

const (
	// Changes is what is reported if nothing is asked for.
	Changes = Create | Delete | Rename | Updated
	// AllOps is everything that can be asked for.
	AllOps = Changes | Write | Attrib | Read | Access | Exists

	unasked = Lost | Synced | Unmounted | Failed
)

// opNames are in the order of their bits.
var opNames = []struct {
	op   Op
	name string
}{
	{Create, "create"}, {Delete, "delete"}, {Rename, "rename"}, {Updated, "updated"}, {Write, "write"},
	{Attrib, "attrib"}, {Read, "read"}, {Access, "access"}, {Exists, "exists"},
	{Lost, "lost"}, {Synced, "synced"}, {Unmounted, "unmounted"}, {Failed, "failed"},
}

// String is the names joined by commas: "create,updated".
func (o Op) String() string {
	var b strings.Builder
	for _, n := range opNames {
		if o&n.op == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(n.name)
	}
	return b.String()
}

// ParseOps reads names joined by commas, as String prints them, and "changes" and "all".
func ParseOps(text string) (Op, error) {
	var o Op
next:
	for name := range strings.SplitSeq(text, ",") {
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "changes":
			o |= Changes
			continue
		case "all":
			o |= AllOps
			continue
		}
		for _, n := range opNames {
			if n.name == name && n.op&AllOps != 0 {
				o |= n.op
				continue next
			}
		}
		return 0, fmt.Errorf("parse file event %q: no such event", name)
	}
	return o, nil
}

// FileEvent is one change that a FileWatch reports.
type FileEvent struct {
	Op    Op
	Path  string // in the form of its pattern: relative if that is
	Old   string // of Rename: the path before
	Dir   bool   // it is a directory
	Found bool   // found by looking, not reported by the system: existing, made before its directory was watched, or after Lost
	Err   error  // of Failed
}

// String is "rename old -> path".
func (e FileEvent) String() string {
	text := e.Op.String()
	if e.Old != "" {
		text += " " + e.Old + " ->"
	}
	if e.Path != "" {
		text += " " + e.Path
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}
