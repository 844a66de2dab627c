package toolkit

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/transport/service"
)

// ErrNoList says that a router does not tell which services it has: the C++ router writes them to its log only.
var ErrNoList = errors.New("the router does not list its services")

// ServiceInfo is what a router knows of a service.
type ServiceInfo struct {
	Name   string
	Server string    // the node it is on; "" where it is not told
	Status string    // "up", "down", "unknown", or "listed": it belongs to that node, which does not say whether it is up
	Since  time.Time // zero where it is not told
	PID    int       // of its process, 0 where it is not told
}

// Services returns all services that the router knows, also those of other nodes, in its order. It is ErrNoList for a
// router that does not tell.
func (r *Routed) Services(ctx context.Context) ([]ServiceInfo, error) {
	var all []ServiceInfo
	answered := false
	err := r.ask(ctx, func(m *message.Message) bool {
		if m.Command() == "SERVICES" {
			answered = true
			list, _ := m.Get("list")
			all = append(all, ParseServices(list)...)
			return true
		}
		command, _ := m.Get("command")
		return m.Command() == "UNKNOWN" && command == "LIST_SERVICES"
	}, message.New("LIST_SERVICES").SetBool("details", true))
	if err == nil && !answered {
		err = ErrNoList
	}
	return all, err
}

// ParseServices reads the list of SERVICES: NAME[@SERVER[:STATUS[:SINCE[:PID]]]],… What is not understood is left out.
func ParseServices(list string) []ServiceInfo {
	var all []ServiceInfo
	for item := range strings.SplitSeq(list, ",") {
		name, rest, _ := strings.Cut(item, "@")
		if name == "" {
			continue
		}
		fields := append(strings.Split(rest, ":"), "", "", "", "")
		info := ServiceInfo{Name: name, Server: fields[0], Status: fields[1]}
		if info.Status == "" {
			info.Status = "up"
		}
		if n, err := strconv.ParseInt(fields[2], 10, 64); err == nil && n > 0 {
			info.Since = time.Unix(n, 0)
		}
		if n, err := strconv.Atoi(fields[3]); err == nil && n > 0 {
			info.PID = n
		}
		all = append(all, info)
	}
	return all
}

// ServiceStatus asks for services one by one, which every router answers; there is one ServiceInfo for each name, in their order.
func (r *Routed) ServiceStatus(ctx context.Context, names ...string) ([]ServiceInfo, error) {
	if !r.said {
		if err := r.announce(); err != nil {
			return nil, err
		}
	}
	found := map[string]ServiceInfo{}
	var questions []*message.Message
	for _, name := range names {
		questions = append(questions, message.New("SERVICE_STATUS").Set("service", name))
	}
	err := r.ask(ctx, func(m *message.Message) bool {
		name, _ := m.Get("service")
		if m.Command() != "STATUS" || !slices.Contains(names, name) {
			return false
		}
		if info, err := InfoOf(m); err == nil {
			found[name] = info
		}
		return true
	}, questions...)
	all := make([]ServiceInfo, len(names))
	for i, name := range names {
		all[i] = ServiceInfo{Name: name, Status: "unknown"}
		if info, ok := found[name]; ok {
			all[i] = info
		}
	}
	return all, err
}

// InfoOf reads STATUS.
func InfoOf(m *message.Message) (ServiceInfo, error) {
	s, err := service.ParseStatus(m)
	info := ServiceInfo{Name: s.Service, Server: s.Server, Status: s.Status, Since: s.UpSince}
	if s.Status == "down" {
		info.Since = s.DownSince
	}
	return info, err
}

// maxKnown is how many services an error names.
const maxKnown = 8

// NoService is the error for a service that the router reported as unknown. It asks the router for its services, to suggest the one
// that was meant.
func (r *Routed) NoService(ctx context.Context, server, name string) error {
	where := "this router"
	if !anyNode(server) {
		where = Escape(server)
	}
	list, err := r.Services(ctx)
	if err != nil {
		if anyNode(server) {
			where = "the router at " + r.Address.String()
		}
		return Errorf(Unavailable, "no service %q on %s", name, where)
	}
	var known []string
	for _, s := range list {
		there := anyNode(server) || s.Server == server
		switch {
		case s.Name == name && s.Status == "down" && there:
			return Errorf(Unavailable, "service %q is down%s", name, sinceWords(s.Since))
		case s.Name == name && s.Status == "up" && there:
			return Errorf(Unavailable, "service %q is there and did not get it: it does not read, or came only now", name)
		case s.Status == "up" && there && !slices.Contains(known, s.Name) && !IsPassing(s.Name):
			known = append(known, s.Name)
		}
	}
	err = Errorf(Unavailable, "no service %q on %s; %s", name, where, knownWords(known))
	if near := Nearest(name, known); near != "" && near != name {
		err = WithHint(err, "did you mean %s?", near)
	}
	return err
}

func sinceWords(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " since " + t.Format(time.DateTime)
}

func knownWords(known []string) string {
	switch n := len(known); {
	case n == 0:
		return "none is known there"
	case n > maxKnown:
		return "known: " + strings.Join(known[:maxKnown], ", ") + " and " + strconv.Itoa(n-maxKnown) + " more"
	}
	return "known: " + strings.Join(known, ", ")
}

// IsPassing says whether a name is one that DialRouter makes: a tool that comes and goes.
func IsPassing(name string) bool {
	rest, ok := strings.CutPrefix(name, "ed_")
	parts := strings.Split(rest, "_")
	if !ok || len(parts) != 3 || len(parts[2]) != 4 {
		return false
	}
	_, err := strconv.Atoi(parts[1])
	return err == nil
}
