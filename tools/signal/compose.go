package signal

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ed-toolbox/ed/core/definition"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// sender is the sent-from part of messages.
type sender struct{ server, service string }

// parseSender reads the value of --from, SERVER:SERVICE. Without one it is this machine and the tool's own name.
func parseSender(env *toolkit.Env, text, tool string) (sender, error) {
	if text == "" {
		return sender{env.ServerName(), tool}, nil
	}
	if err := checkSender(text); err != nil { // the flag has seen to it; other callers may not have a flag
		return sender{}, toolkit.Errorf(toolkit.Usage, "option --from: %w", err)
	}
	server, service, _ := strings.Cut(text, ":")
	return sender{server, service}, nil
}

// checkSender says what is wrong with the value of --from.
func checkSender(text string) error {
	server, service, ok := strings.Cut(text, ":")
	if !ok || service == "" {
		return fmt.Errorf("%q is not SERVER:SERVICE", text)
	}
	if server != "" {
		if err := message.VerifyServer(server); err != nil {
			return err
		}
	}
	return message.VerifyService(service)
}

// maxDefinitions is how many commands are remembered: a million messages may have a million commands.
const maxDefinitions = 100

// composer completes messages before they are sent.
type composer struct {
	from     sender
	override bool // from takes the place of what a message says already
	params   bool // check the parameters of default commands

	definitions map[string]*definition.Definition // by command, those that were asked for; nil for a command without
}

// complete fills in the sender and checks m. Its error is of kind Data.
func (c *composer) complete(m *message.Message) error {
	if c.override || m.SentFromServer() == "" && m.SentFromService() == "" {
		m.SetSentFrom(c.from.server, c.from.service)
	}
	if err := m.Check(); err != nil {
		err = toolkit.As(toolkit.Data, err)
		if m.Server() != "" && m.Service() == "" {
			return toolkit.WithHint(err, "write SERVER:SERVICE/COMMAND") // the error says the rest
		}
		return err
	}
	if !c.params {
		return nil
	}
	d, err := c.definition(m.Command())
	if err != nil {
		return toolkit.Errorf(toolkit.Internal, "read built-in definition: %w", err)
	}
	var wrong *definition.CheckError
	switch err := d.Check(m); {
	case errors.As(err, &wrong):
		return toolkit.WithHint(toolkit.As(toolkit.Data, err), "--no-check sends it all the same")
	case err != nil:
		return toolkit.As(toolkit.Internal, err)
	}
	return nil
}

// definition returns that of a default command, nil for others. Reading all of them would take longer than all else that is
// done for one message.
func (c *composer) definition(command string) (*definition.Definition, error) {
	d, known := c.definitions[command]
	if known {
		return d, nil
	}
	d, err := definition.Default(command)
	if err != nil {
		return nil, err
	}
	if c.definitions == nil || len(c.definitions) == maxDefinitions {
		c.definitions = map[string]*definition.Definition{}
	}
	c.definitions[command] = d
	return d, nil
}

// destination is [[SERVER:]SERVICE/]COMMAND.
type destination struct{ server, service, command string }

// parseDestination takes the text apart; the names are checked later, with the message.
func parseDestination(text string) (destination, error) {
	if strings.ContainsAny(text, " \t\n") || strings.HasPrefix(text, "{") || strings.HasPrefix(text, "<") {
		err := toolkit.Errorf(toolkit.Data, "message %q is more than [[SERVER:]SERVICE/]COMMAND", toolkit.Escape(text))
		return destination{}, toolkit.WithHint(err, "parameters are words of their own, NAME=VALUE, and --from names the sender; ed send takes whole lines")
	}
	where, command, slash := strings.Cut(text, "/")
	if !slash {
		i := strings.IndexByte(text, ':') + 1 // after a server alone: the service may be an option's
		where, command = text[:i], text[i:]
	}
	d := destination{command: command, service: where}
	if server, service, ok := strings.Cut(where, ":"); ok {
		d.server, d.service = server, service
		if server == "" {
			return d, toolkit.Errorf(toolkit.Data, "message %q has a colon and no server before it", toolkit.Escape(text))
		}
	}
	if slash && d.service == "" {
		return d, toolkit.Errorf(toolkit.Data, "message %q has a slash and no service before it", toolkit.Escape(text))
	}
	return d, nil
}
