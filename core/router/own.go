package router

import (
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/ed-toolbox/ed/core/definition"
	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
)

// definitions say which parameters the router's own commands take.
//
//go:embed messages/*.conf
var definitions embed.FS

// Definitions returns the definitions of the router's own commands, for tools that check messages before they send them.
func Definitions() fs.FS {
	sub, err := fs.Sub(definitions, "messages")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}

// ownCommands is what a router answers to HELP.
const ownCommands = "ACCEPT,ALIVE,CLOCK_STATUS,CLUSTER_STATUS,COMMANDS,CONNECT,DISCONNECT,FORGET,GOSSIP,HELP,INVALID,LEAK," +
	"LISTEN_LOADAVG,LIST_SERVICES,LOADAVG,LOG_ROTATE,PUBLIC_IP,QUITTING,READY,RECEIVED,REFUSE,REGISTER,REGISTER_FOR_LOADAVG," +
	"RESTART,SERVICE_STATUS,SERVICE_UNAVAILABLE,SETTLE,SHUTDOWN,STOP,TRANSMISSION_REPORT,UNKNOWN,UNREGISTER,UNREGISTER_FROM_LOADAVG"

// handlers fills the dispatcher for messages to the router itself.
func (r *Router) handlers() error {
	set, err := definition.Open(definition.Options{Extra: Definitions()})
	if err != nil {
		return err
	}
	r.own = dispatch.New(dispatch.Options{
		Definitions: set, Logger: slog.New(gated{&r.log}), Now: r.clockNow,
		OnError: func(m *message.Message, handler string, err error) {
			r.log.debug("answer was not taken", "message", shown(m), "handler", handler, "error", err)
		},
	})
	for command, handle := range map[string]func(*Client, *message.Message){
		"ACCEPT":                  r.accept,
		"CLOCK_STATUS":            r.clockStatus,
		"CLUSTER_STATUS":          r.clusterStatus,
		"COMMANDS":                r.learnCommands,
		"CONNECT":                 r.connect,
		"DISCONNECT":              r.disconnect,
		"FORGET":                  r.forgetNeighbor,
		"GOSSIP":                  r.gossip,
		"LISTEN_LOADAVG":          r.listenLoad,
		"LIST_SERVICES":           r.listServices,
		"LOADAVG":                 r.learnLoad,
		"PUBLIC_IP":               r.publicIP,
		"RECEIVED":                r.received,
		"REFUSE":                  r.refused,
		"REGISTER":                r.register,
		"REGISTER_FOR_LOADAVG":    r.wantLoad,
		"SERVICE_STATUS":          r.serviceStatus,
		"SETTLE":                  r.settle,
		"SHUTDOWN":                r.shutdown,
		"TRANSMISSION_REPORT":     r.reported,
		"UNREGISTER":              r.goodbye,
		"UNREGISTER_FROM_LOADAVG": r.wantNoLoad,
	} {
		handler := func(from dispatch.Sender, m *message.Message) error {
			handle(from.(*Client), m)
			return nil
		}
		if err := r.own.On(command, handler); err != nil {
			return fmt.Errorf("make router: %w", err)
		}
	}
	return r.own.Defaults(dispatch.DefaultsOptions{
		Stop:      r.stopOrQuit,
		LogRotate: r.host.RotateLog,
		Help:      r.Commands,
	})
}

// goodbye answers UNREGISTER: the name is free, and the connection ends.
func (r *Router) goodbye(c *Client, m *message.Message) {
	if c.service == nil {
		r.refuse(c, m, "this connection has not registered")
		return
	}
	r.unregister(c, true)
	c.close()
}

// answer sends a message of this router to who sent m: over c, and addressed when the sender is behind another router.
func (r *Router) answer(c *Client, m, reply *message.Message) {
	if c.state == linked && m.SentFromService() != "" {
		reply.SetServer(m.SentFromServer())
		reply.SetService(m.SentFromService())
	}
	r.tell(c, reply)
}
