package dispatch

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/ed-toolbox/ed/core/message"
)

// ErrDuplicate is returned by Add for a second entry with the same exact command and priority, and for a second catch-all
// of one priority.
var ErrDuplicate = errors.New("registered already")

// Priority orders entries: the lowest number is tried first.
type Priority int8

// The priorities; any value from First to Last may be used.
const (
	First  Priority = -7
	Normal Priority = 0
	System Priority = 3 // the default commands
	Last   Priority = 8
)

// Tag marks entries that are removed together. The zero Tag marks nothing.
type Tag uint64

// Match is one entry. Exactly one of Command, Glob, Regexp, Func and CatchAll says what it matches.
type Match struct {
	// Command is the exact name.
	Command string
	// Glob matches the whole command: * any bytes, ? one byte, [A-Z] one of these, [^A-Z] one of the others.
	Glob string
	// Regexp matches the whole command, as if it stood between \A and \z.
	Regexp *regexp.Regexp
	// Func may look at all of the message but not change it. It runs on the loop's goroutine and must not block.
	Func func(m *message.Message) bool
	// CatchAll entries run when no other entry did; of several only the first, unless it says Continue.
	CatchAll bool

	Handler  Handler // required
	Priority Priority
	Tag      Tag
	// Continue entries run, then the walk goes on. A message that only such entries saw counts as handled.
	Continue bool
	// Name is shown in the trace and in errors. Empty: the command or pattern.
	Name string
}

// entry is a registered Match.
type entry struct {
	handler   Handler
	name      string
	command   string // exact entries
	glob      *glob
	regexp    *regexp.Regexp
	function  func(m *message.Message) bool
	priority  Priority
	serial    uint64
	tag       Tag
	outcome   Outcome // when the handler returns nil
	goOn      bool
	removed   bool // a walk that still holds the entry must pass it by
	unchecked bool // runs for messages that break their definition, too
	unlisted  bool // left out of Commands
}

// before says whether e is tried before other.
func (e *entry) before(other *entry) bool {
	if e.priority != other.priority {
		return e.priority < other.priority
	}
	return e.serial < other.serial
}

// compare is before for sorting.
func (e *entry) compare(other *entry) int {
	return cmp.Or(cmp.Compare(e.priority, other.priority), cmp.Compare(e.serial, other.serial))
}

// matches is asked of pattern entries only.
func (e *entry) matches(m *message.Message) bool {
	switch {
	case e.glob != nil:
		return e.glob.match(m.CommandBytes())
	case e.regexp != nil:
		return e.regexp.Match(m.CommandBytes())
	default:
		return e.function(m)
	}
}

// On registers h for an exact command at Normal priority.
func (d *Dispatcher) On(command string, h Handler) error {
	return d.Add(Match{Command: command, Handler: h})
}

// Add registers an entry. It may be called from inside a handler; the entry then takes part from the next message on. It
// returns ErrDuplicate, or an error that says what is wrong with match.
func (d *Dispatcher) Add(match Match) error {
	e, err := newEntry(match)
	if err != nil {
		return fmt.Errorf("add handler: %w", err)
	}
	return d.add(e)
}

func (d *Dispatcher) add(e *entry) error {
	list := d.patterns
	switch {
	case e.command != "":
		list = d.exact.get([]byte(e.command))
	case !e.isPattern():
		list = d.others.entries
	}
	if !e.isPattern() && slices.ContainsFunc(list, func(o *entry) bool { return o.priority == e.priority }) {
		return fmt.Errorf("add handler for %s at priority %d: %w", e.name, e.priority, ErrDuplicate)
	}
	d.serial++
	e.serial = d.serial
	at, _ := slices.BinarySearchFunc(list, e, (*entry).compare)
	longer := slices.Insert(slices.Clone(list), at, e)
	switch {
	case e.command != "":
		d.exact.set(e.command, longer)
	case e.isPattern():
		d.patterns = longer
		d.settle()
	default:
		d.others.put(longer)
	}
	return nil
}

func (e *entry) isPattern() bool { return e.glob != nil || e.regexp != nil || e.function != nil }

// newEntry checks match and prepares it for walking.
func newEntry(match Match) (*entry, error) {
	e := &entry{
		handler: match.Handler, name: match.Name, function: match.Func, command: match.Command,
		priority: match.Priority, tag: match.Tag, goOn: match.Continue, outcome: Handled,
	}
	kinds := 0
	kind := func(given bool, name string) {
		if given {
			kinds++
			e.name = cmp.Or(e.name, name)
		}
	}
	kind(match.Command != "", match.Command)
	kind(match.Glob != "", match.Glob)
	kind(match.Regexp != nil, "regular expression")
	kind(match.Func != nil, "function")
	kind(match.CatchAll, "catch-all")
	switch {
	case kinds == 0:
		return nil, errors.New("nothing to match: give a command, glob, regular expression, function or catch-all")
	case kinds > 1:
		return nil, fmt.Errorf("%s: give one of command, glob, regular expression, function and catch-all", e.name)
	case match.Handler == nil:
		return nil, fmt.Errorf("%s: no handler", e.name)
	case match.Priority < First || match.Priority > Last:
		return nil, fmt.Errorf("%s: priority %d is not between %d and %d", e.name, match.Priority, First, Last)
	}
	return e, e.compile(match)
}

func (e *entry) compile(match Match) error {
	var err error
	switch {
	case match.Command != "":
		return message.VerifyCommand(match.Command)
	case match.Glob != "":
		e.glob, err = newGlob(match.Glob)
		return err
	case match.Regexp != nil:
		e.regexp, err = regexp.Compile(`\A(?:` + match.Regexp.String() + `)\z`)
		if match.Name == "" {
			e.name = "/" + match.Regexp.String() + "/"
		}
		return err
	}
	return nil
}

// NewTag returns a Tag that this Dispatcher has not given out before.
func (d *Dispatcher) NewTag() Tag {
	d.tag++
	return d.tag
}

// Remove takes all entries with the tag out and returns how many there were. It may be called from inside a handler:
// entries that are removed do not run any more, also not for the message in hand. Remove(0) does nothing.
func (d *Dispatcher) Remove(tag Tag) int {
	if tag == 0 {
		return 0
	}
	removed := 0
	without := func(list []*entry) []*entry {
		if !slices.ContainsFunc(list, func(e *entry) bool { return e.tag == tag }) {
			return list
		}
		var rest []*entry
		for _, e := range list {
			if e.tag != tag {
				rest = append(rest, e)
				continue
			}
			e.removed = true
			removed++
		}
		return rest
	}
	for _, command := range d.exact.commands() {
		list := d.exact.get([]byte(command))
		if rest := without(list); len(rest) != len(list) {
			d.exact.set(command, rest)
		}
	}
	d.patterns = without(d.patterns)
	d.others.put(without(d.others.entries))
	d.settle()
	return removed
}

// Commands returns the exact commands that have an entry, sorted, each once. The default entries for ABSOLUTELY and
// COMMANDS, which do nothing, are left out: HELP never listed them.
func (d *Dispatcher) Commands() []string {
	return slices.DeleteFunc(d.exact.commands(), func(command string) bool {
		return !slices.ContainsFunc(d.exact.get([]byte(command)), func(e *entry) bool { return !e.unlisted })
	})
}
