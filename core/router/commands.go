package router

import (
	"hash/maphash"
	"iter"
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/core/message"
)

// longestCommand is how long a command may be to be remembered.
const longestCommand = 128

// command is one that clients announced.
type command struct {
	name string
	sets []*commandSet
}

// commandSet is the commands that clients announced. Those that announced the same share one: the services of a host are many
// of a few programs.
type commandSet struct {
	key     uint64 // in Router.sets
	list    []announced
	clients []*Client
}

// receivers are the services of this node that announced the command, but not c, each once. Connections that end meanwhile are
// orphans: the lists stay as they are until the rules are at rest.
func (e *command) receivers(c *Client) iter.Seq[*Client] {
	return func(yield func(*Client) bool) {
		for _, set := range e.sets {
			for _, to := range set.clients {
				if to != c && to.state == local && !yield(to) {
					return
				}
			}
		}
	}
}

// announced is one command of a set, and where the set is in its list.
type announced struct {
	command *command
	at      int
}

// learnCommands answers COMMANDS: c understands these, too.
func (r *Router) learnCommands(c *Client, m *message.Message) {
	list, _ := m.Lookup("list")
	known := c.announced()
	before := len(known)
	for name := range strings.SplitSeq(string(list), ",") {
		if name == "" || len(name) > longestCommand {
			continue
		}
		at, found := slices.BinarySearch(known, name)
		if found {
			continue
		}
		if len(known) >= r.o.Limits.Commands {
			r.refuse(c, m, "list: more commands than this router remembers of one client")
			break
		}
		known = slices.Insert(known, at, name)
	}
	if len(known) > before {
		r.enlist(c, known)
	}
	if c.peer != nil {
		r.peerCommands(c)
	}
}

// announced returns the commands of c, sorted.
func (c *Client) announced() []string {
	if c.commands == nil {
		return nil
	}
	names := make([]string, len(c.commands.list))
	for i, a := range c.commands.list {
		names[i] = a.command.name
	}
	return names
}

// understands says whether c announced the command.
func (c *Client) understands(name string) bool {
	if c.commands == nil {
		return false
	}
	_, found := c.commands.find(name)
	return found
}

// enlist makes c one of those that understand the commands, which are sorted, and no others.
func (r *Router) enlist(c *Client, names []string) {
	set := r.setOf(names)
	r.forget(c)
	c.commands, c.listed = set, int32(len(set.clients))
	set.clients = append(set.clients, c)
}

// setOf finds the set of those commands, or makes it.
func (r *Router) setOf(names []string) *commandSet {
	var h maphash.Hash
	h.SetSeed(r.hash)
	for _, name := range names {
		h.WriteString(name)
		h.WriteByte(',')
	}
	key := h.Sum64()
	for ; r.sets[key] != nil; key++ {
		if set := r.sets[key]; set.is(names) {
			return set
		}
	}
	set := &commandSet{key: key, list: make([]announced, len(names))}
	for i, name := range names {
		e := r.commands[name]
		if e == nil {
			e = &command{name: strings.Clone(name)}
			r.commands[e.name] = e
		}
		set.list[i] = announced{e, len(e.sets)}
		e.sets = append(e.sets, set)
	}
	r.sets[key] = set
	return set
}

// is says whether these are the commands of the set.
func (s *commandSet) is(names []string) bool {
	return slices.EqualFunc(s.list, names, func(a announced, name string) bool { return a.command.name == name })
}

// forget takes c out of the lists of those that understand a command.
func (r *Router) forget(c *Client) {
	set := c.commands
	if set == nil {
		return
	}
	c.commands = nil
	last := len(set.clients) - 1
	moved := set.clients[last]
	set.clients[c.listed], set.clients[last] = moved, nil
	moved.listed = c.listed
	set.clients = set.clients[:last]
	if last == 0 {
		r.dropSet(set)
	}
}

// dropSet forgets a set that no client has, and the commands that are in no other.
func (r *Router) dropSet(set *commandSet) {
	delete(r.sets, set.key)
	for _, a := range set.list {
		e := a.command
		last := len(e.sets) - 1
		moved := e.sets[last]
		e.sets[a.at], e.sets[last] = moved, nil
		e.sets = e.sets[:last]
		if last == 0 {
			delete(r.commands, e.name)
			continue
		}
		if at, found := moved.find(e.name); found {
			moved.list[at].at = a.at
		}
	}
}

// find returns where a command is in the set.
func (s *commandSet) find(name string) (at int, found bool) {
	return slices.BinarySearchFunc(s.list, name, func(a announced, name string) int { return strings.Compare(a.command.name, name) })
}
