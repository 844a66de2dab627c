package tail

import (
	"cmp"
	"slices"
	"time"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
)

const (
	maxCommands = 1000 // names counted one by one; peers choose them
	maxSummary  = 20   // names told one by one
)

// count is what one command came to.
type count struct {
	command  string
	messages uint64
	bytes    uint64
}

// tally is what the summary tells. Messages that a filter hides count, too.
type tally struct {
	in, out, hidden, broken, notSent uint64

	cut      uint64 // packets that were too long, and dropped
	bytes    uint64 // of the messages that came, each as its canonical line
	commands map[string]*count
	others   count // those for which there was no room in commands
}

// arrived counts a message that came.
func (t *tally) arrived(command []byte, size int) {
	t.in++
	t.bytes += uint64(size)
	c := t.commands[string(command)]
	switch {
	case c != nil:
	case len(t.commands) >= maxCommands:
		c = &t.others
	default:
		if t.commands == nil {
			t.commands = map[string]*count{}
		}
		c = &count{command: string(command)}
		t.commands[c.command] = c
	}
	c.messages++
	c.bytes += uint64(size)
}

// ranked lists the commands, the most frequent first.
func (t *tally) ranked() []*count {
	all := make([]*count, 0, len(t.commands))
	for _, c := range t.commands {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *count) int {
		return cmp.Or(cmp.Compare(b.messages, a.messages), cmp.Compare(a.command, b.command))
	})
	return all
}

// say prints the summary on standard error.
func (t *tally) say(out *toolkit.Output, links, starved uint64, took time.Duration) {
	out.Say("%s in (%s)%s%s, %s%s, %s in %s", toolkit.Plural(t.in, "message"), toolkit.Plural(t.bytes, "byte"),
		toolkit.Optional(t.hidden, ", %d hidden"), toolkit.Optional(t.out, ", %d out"),
		toolkit.Plural(t.broken, "broken line"), toolkit.Optional(t.notSent, ", %d not sent"), toolkit.Plural(links, "link"), toolkit.Short(took))
	if starved > 0 {
		out.Say("%s closed at once because no file descriptor was left; ulimit -n raises the limit", toolkit.Plural(starved, "connection"))
	}
	if t.cut > 0 {
		out.Say("%s dropped: longer than %d bytes", toolkit.Plural(t.cut, "packet"), transport.DefaultMaxPacketIn)
	}
	ranked := t.ranked()
	for i, c := range ranked {
		if i == maxSummary {
			rest := t.others
			for _, c := range ranked[i:] {
				rest.messages += c.messages
				rest.bytes += c.bytes
			}
			out.Say("  %-24s %9d  %s", "(all others)", rest.messages, toolkit.Plural(rest.bytes, "byte"))
			return
		}
		out.Say("  %-24s %9d  %s", c.command, c.messages, toolkit.Plural(c.bytes, "byte"))
	}
}
