package stop

import (
	"context"
	"slices"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/proc"
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
	owners  map[string]toolkit.ServiceInfo // services whose process the router told
	system  proc.System
	named   bool // the service was named for its own sake, by --to
}

// newCourier asks the router once, for all targets that have a service's name. That no router answers is no error: the plan goes
// on without it. Its error is the cause of ctx.
func newCourier(ctx context.Context, env *toolkit.Env, o options, targets []*target) (*courier, error) {
	c := &courier{
		from: env.ServerName(), host: o.router.String(), status: map[string]string{}, owners: map[string]toolkit.ServiceInfo{},
		system: o.system, named: o.to != "",
	}
	waiting := 0
	for _, t := range targets {
		if _, asked := c.status[t.service]; t.service != "" && !asked {
			c.status[t.service] = ""
			waiting++
		}
	}
	if waiting == 0 || !has(o.plan, 0) || o.waitOnly {
		return c, nil // nobody sends a message
	}
	limited, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	session, err := env.Dial(limited, o.router, toolkit.DialOptions{ConnectTimeout: answerLimit})
	if err != nil {
		c.why = "no router answers at " + c.host + ": " + toolkit.Why(err)
		return c, context.Cause(ctx)
	}
	c.session = session
	if o.router.Scheme.IsUnix() {
		// There a C++ router answers only those who announced that they understand it. It asks for the other four of everybody.
		_ = session.Send(c.message("", "", "COMMANDS").Set("list", "HELP,QUITTING,READY,STATUS,STOP,UNKNOWN"))
	}
	for service := range c.status {
		if err := session.Send(c.message("", "", "SERVICE_STATUS").Set("service", service)); err != nil {
			c.why = "no router answers at " + c.host
			return c, context.Cause(ctx)
		}
	}
	list := !c.named
	if list {
		_ = session.Send(c.message("", "", "LIST_SERVICES").SetBool("details", true)) // that it fails shows in what comes next
	}
	if c.listen(limited, waiting, list) == 0 {
		c.why = "no router answers at " + c.host
	}
	return c, context.Cause(ctx)
}

// listen takes the answers until all are there or the time is up; list says that one of them is the list of all services. It returns
// how many services were told of.
func (c *courier) listen(ctx context.Context, waiting int, list bool) (answers int) {
	for answers < waiting || list {
		m, err := c.session.Recv(ctx)
		if err != nil {
			return answers
		}
		switch m.Command() {
		case "STATUS":
			if c.told(m) {
				answers++
			}
		case "SERVICES":
			c.listed(m)
			list = false
		case "UNKNOWN":
			if command, _ := m.Get("command"); command == "LIST_SERVICES" {
				list = false // a C++ router has none
			}
		}
	}
	return answers
}

// told notes the answer about one service, and says whether it is the first.
func (c *courier) told(m *message.Message) bool {
	service, _ := m.Get("service")
	if old, asked := c.status[service]; !asked || old != "" {
		return false
	}
	c.status[service], _ = m.Get("status")
	if node, told := m.Get("server_name"); told && node != m.SentFromServer() && m.SentFromServer() != "" {
		c.status[service] = "on another node" // where our process is not
	}
	return true
}

// listed notes which processes the services of the router's own node are.
func (c *courier) listed(m *message.Message) {
	list, _ := m.Get("list")
	for _, s := range toolkit.ParseServices(list) {
		if _, asked := c.status[s.Name]; asked && s.PID != 0 && s.Status == "up" && s.Server == m.SentFromServer() {
			c.owners[s.Name] = s
		}
	}
}

// other is the process that has registered the service, if it is known and has nothing to do with the one that is to be stopped: two
// programs may share a name. A service may be a descendant, as of a script that starts it.
func (c *courier) other(service string, p proc.Process) (proc.Process, bool) {
	s, known := c.owners[service]
	if !known || s.PID == p.PID || slices.Contains(c.system.Ancestors(s.PID), p.PID) {
		return proc.Process{}, false
	}
	owner, err := c.system.Look(s.PID)
	return owner, err == nil && !owner.Zombie() && registeredBy(s, owner, time.Now())
}

func (c *courier) message(server, service, command string) *message.Message {
	m := message.New(command)
	m.SetSentFrom(c.from, "ed_stop")
	m.SetServer(server)
	m.SetService(service)
	return m
}

// stop sends STOP to the service on the router's own node, which p should be. It returns why it did not, "" if it did. Any goroutine
// may call it.
func (c *courier) stop(service string, p proc.Process) (skipped string) {
	switch {
	case service == "":
		return "no service name is known"
	case c.why != "":
		return c.why
	case c.status[service] != "up":
		return "the router at " + c.host + " has no service " + shown(service)
	}
	if owner, is := c.other(service, p); is && !c.named {
		return "the service " + shown(service) + " is process " + shown(owner.String())
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
