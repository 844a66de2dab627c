package dispatch

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/core/message"
)

// DefaultsOptions are the callbacks of the default commands, all on the loop's goroutine; they must not block. The zero
// value answers ALIVE and HELP, logs the rest and answers UNKNOWN to all other commands.
type DefaultsOptions struct {
	// Stop is called for STOP, and with quitting true for QUITTING. Nil: a warning in the log.
	Stop func(quitting bool)
	// LogRotate is called for LOG_ROTATE: close the log files and open them again. Nil: nothing to do.
	LogRotate func()
	// Ready is called for READY; m is borrowed. Nil: an information in the log.
	Ready func(m *message.Message)
	// Restart is called for RESTART; m is borrowed. Nil: a warning in the log.
	Restart func(m *message.Message)
	// Leak is called for LEAK. Nil: an information in the log.
	Leak func()
	// Help returns commands that only patterns handle, to be listed in the answer to HELP too.
	Help func() []string
	// NoCatchAll leaves out the entry that answers UNKNOWN.
	NoCatchAll bool
	// Tag of all these entries, to remove them.
	Tag Tag
}

// Defaults adds the default commands of every service at priority System, and the catch-all that answers UNKNOWN. Entries
// at lower priorities, as those of On are, win. It returns ErrDuplicate when one of the commands has an entry at priority
// System; then nothing is added.
func (d *Dispatcher) Defaults(o DefaultsOptions) error {
	c := defaults{d: d, o: o}
	tag := o.Tag
	undo := d.NewTag()
	var added []*entry
	for _, entry := range c.entries() {
		entry.priority, entry.tag = System, undo
		if err := d.add(entry); err != nil {
			d.Remove(undo)
			return fmt.Errorf("add default commands: %w", err)
		}
		added = append(added, entry)
	}
	for _, entry := range added {
		entry.tag = tag
	}
	return nil
}

// defaults are the handlers of the default commands.
type defaults struct {
	d *Dispatcher
	o DefaultsOptions
}

func (c *defaults) entries() []*entry {
	all := []*entry{
		{command: "ABSOLUTELY", handler: ignore, unlisted: true},
		{command: "ALIVE", handler: c.alive},
		{command: "COMMANDS", handler: ignore, unlisted: true},
		{command: "HELP", handler: c.help},
		{command: "INVALID", handler: c.complaint},
		{command: "LEAK", handler: c.leak},
		{command: "LOG_ROTATE", handler: c.logRotate},
		{command: "QUITTING", handler: func(from Sender, _ *message.Message) error { return c.stop(from, true) }},
		{command: "READY", handler: c.ready},
		{command: "RESTART", handler: c.restart},
		{command: "SERVICE_UNAVAILABLE", handler: ignore},
		{command: "STOP", handler: func(from Sender, _ *message.Message) error { return c.stop(from, false) }},
		{command: "UNKNOWN", handler: c.complaint},
	}
	for _, e := range all {
		e.name = "default " + e.command
	}
	if !c.o.NoCatchAll {
		all = append(all, &entry{name: "default catch-all", handler: c.unknown, outcome: Unknown, unchecked: true})
	}
	return all
}

func ignore(Sender, *message.Message) error { return nil }

// alive answers ABSOLUTELY with what the question carried, copied as it is, and the time now.
func (c *defaults) alive(from Sender, m *message.Message) error {
	if from == nil {
		return nil
	}
	reply := m.Reply("ABSOLUTELY")
	for _, name := range [...]string{"serial", "timestamp"} {
		if value, found := m.Get(name); found {
			reply.Set(name, value)
		}
	}
	now := c.d.now()
	reply.Set("reply_timestamp", fmt.Sprintf("%d.%09d", now.Unix(), now.Nanosecond()))
	return from.Send(reply)
}

// help answers COMMANDS.
func (c *defaults) help(from Sender, m *message.Message) error {
	if from == nil {
		return nil
	}
	list := c.d.Commands()
	if c.o.Help != nil {
		list = append(list, c.o.Help()...)
		slices.Sort(list)
		list = slices.Compact(list)
	}
	return from.Send(m.Reply("COMMANDS").Set("list", strings.Join(list, ",")))
}

// complaint logs INVALID and UNKNOWN: some message of ours was not understood.
func (c *defaults) complaint(from Sender, m *message.Message) error {
	command, found := m.Get("command")
	if !found {
		command = "(not given)"
	}
	text, _ := m.Get("message")
	c.d.log(from, slog.LevelError, "message was refused by its receiver", "answer", m.Command(), "command", command, "message", text,
		"from_server", m.SentFromServer(), "from_service", m.SentFromService())
	return nil
}

func (c *defaults) leak(from Sender, _ *message.Message) error {
	if c.o.Leak == nil {
		c.d.log(from, slog.LevelInfo, "LEAK received, there is no leak report here")
		return nil
	}
	c.o.Leak()
	return nil
}

func (c *defaults) logRotate(Sender, *message.Message) error {
	if c.o.LogRotate != nil {
		c.o.LogRotate()
	}
	return nil
}

func (c *defaults) ready(from Sender, m *message.Message) error {
	if c.o.Ready == nil {
		c.d.log(from, slog.LevelInfo, "READY received")
		return nil
	}
	c.o.Ready(m)
	return nil
}

func (c *defaults) restart(from Sender, m *message.Message) error {
	if c.o.Restart == nil {
		c.d.log(from, slog.LevelWarn, "RESTART received, nothing handles it")
		return nil
	}
	c.o.Restart(m)
	return nil
}

func (c *defaults) stop(from Sender, quitting bool) error {
	if c.o.Stop == nil {
		c.d.log(from, slog.LevelWarn, "STOP or QUITTING received, nothing handles it", "quitting", quitting)
		return nil
	}
	c.o.Stop(quitting)
	return nil
}

// unknown is the catch-all.
func (c *defaults) unknown(from Sender, m *message.Message) error {
	if from == nil || NeverAnswered(m.CommandBytes()) {
		return nil
	}
	return from.Send(m.Reply("UNKNOWN").Set("command", m.Command()))
}
