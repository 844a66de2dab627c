package stop

import (
	"context"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// answerLimit is how long a router has to prove that it is there.
const answerLimit = time.Second

// courier sends STOP messages by way of a router, to services of which the router said that they are up.
type courier struct {
	session toolkit.Session
	from    string
	host    string
	why     string // no message can be sent at all; "" where there is a router
	status  map[string]string
}

// newCourier asks the router once, for all targets that have a service's name. That no router answers is no error: the plan goes
// on without it.
func newCourier(ctx context.Context, env *toolkit.Env, o options, targets []*target) (*courier, error) {
	c := &courier{from: env.ServerName(), host: o.router.String(), status: map[string]string{}}
	waiting := 0
	for _, t := range targets {
		if _, asked := c.status[t.service]; t.service != "" && !asked {
			c.status[t.service] = ""
			waiting++
		}
	}
	if waiting == 0 || !has(o.plan, 0) || o.waitOnly {
		c.why = "nobody asked for it"
		return c, nil
	}
	limited, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	session, err := env.Dial(limited, o.router, toolkit.DialOptions{ConnectTimeout: answerLimit})
	if err != nil {
		c.why = "no router answers at " + c.host
		return c, parentEnded(ctx)
	}
	c.session = session
	if o.router.Scheme.IsUnix() {
		// There a C++ router answers only those who announced that they understand it. It asks for the other four of everybody.
		_ = session.Send(c.message("", "", "COMMANDS").Set("list", "HELP,QUITTING,READY,STATUS,STOP,UNKNOWN"))
	}
	for service := range c.status {
		if err := session.Send(c.message("", "", "SERVICE_STATUS").Set("service", service)); err != nil {
			c.why = "no router answers at " + c.host
			return c, parentEnded(ctx)
		}
	}
	if c.listen(limited, waiting) == 0 {
		c.why = "no router answers at " + c.host
	}
	return c, parentEnded(ctx)
}

// parentEnded tells an interrupted command from a router that took too long.
func parentEnded(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// listen takes the answers until all are there or the time is up. It returns how many came.
func (c *courier) listen(ctx context.Context, waiting int) (answers int) {
	for answers < waiting {
		m, err := c.session.Recv(ctx)
		if err != nil {
			return answers
		}
		if m.Command() != "STATUS" {
			continue
		}
		service, _ := m.Get("service")
		if old, asked := c.status[service]; asked && old == "" {
			c.status[service], _ = m.Get("status")
			if node, told := m.Get("server_name"); told && node != m.SentFromServer() && m.SentFromServer() != "" {
				c.status[service] = "on another node" // where our process is not
			}
			answers++
		}
	}
	return answers
}

func (c *courier) message(server, service, command string) *message.Message {
	m := message.New(command)
	m.SetSentFrom(c.from, "ed_stop")
	m.SetServer(server)
	m.SetService(service)
	return m
}

// stop sends STOP to the service on the router's own node. It returns why it did not, "" if it did. Any goroutine may call it.
func (c *courier) stop(service string) (skipped string) {
	switch {
	case service == "":
		return "no service name is known"
	case c.why != "":
		return c.why
	case c.status[service] != "up":
		return "the router at " + c.host + " has no service " + shown(service)
	}
	if err := c.session.Send(c.message(".", service, "STOP")); err != nil {
		return "it could not be sent: " + shown(err.Error())
	}
	return ""
}

func (c *courier) close() {
	if c.session != nil {
		_ = c.session.Close()
	}
}
