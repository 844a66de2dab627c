package router

import (
	"strings"

	"github.com/ed-toolbox/ed/core/message"
)

// longestCommand is how long a command may be to be remembered.
const longestCommand = 128

// command is one that clients announced.
type command struct {
	name    string
	clients []*Client
}

// announced is one command of a client, and where the client is in its list.
type announced struct {
	command *command
	at      int
}

// learnCommands answers COMMANDS: c understands these, too.
func (r *Router) learnCommands(c *Client, m *message.Message) {
	list, _ := m.Lookup("list")
	for name := range strings.SplitSeq(string(list), ",") {
		if name == "" || len(name) > longestCommand || c.understands(name) {
			continue
		}
		if len(c.commands) >= r.o.Limits.Commands {
			r.refuse(c, m, "list: more commands than this router remembers of one client")
			return
		}
		e := r.commands[name]
		if e == nil {
			e = &command{name: strings.Clone(name)}
			r.commands[e.name] = e
		}
		c.commands = append(c.commands, announced{e, len(e.clients)})
		e.clients = append(e.clients, c)
	}
	if c.peer != nil {
		r.peerCommands(c)
	}
}

// understands says whether c announced the command.
func (c *Client) understands(name string) bool {
	e := c.r.commands[name]
	for i := range c.commands {
		if c.commands[i].command == e {
			return true
		}
	}
	return false
}

// forget takes c out of the lists of those that understand a command.
func (r *Router) forget(c *Client) {
	for _, a := range c.commands {
		e := a.command
		last := len(e.clients) - 1
		moved := e.clients[last]
		e.clients[a.at], e.clients[last] = moved, nil
		e.clients = e.clients[:last]
		if last == 0 {
			delete(r.commands, e.name)
			continue
		}
		for i := range moved.commands {
			if moved.commands[i].command == e {
				moved.commands[i].at = a.at
			}
		}
	}
	c.commands = nil
}
