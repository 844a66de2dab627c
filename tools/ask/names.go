package ask

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/control"
)

// promptTime bounds all that Names does: somebody waits at a prompt.
const promptTime = 300 * time.Millisecond

// What there are names of.
const (
	targetNames  = "targets"  // control sockets: what ed top and ed watch take
	serviceNames = "services" // services that the router knows
	runningNames = "running"  // both
)

// Names is `ed names`, by which the scripts of `ed completion` learn what is running. What cannot be asked in time has no names,
// and is no error: a prompt is no place for one.
func Names(env *toolkit.Env) *cli.Command {
	return env.Configure("names", &cli.Command{
		Name:        "names",
		Usage:       "print what a shell can complete names with",
		ArgsUsage:   "targets|services|running",
		Hidden:      true,
		Description: "ed names targets",
		Flags:       toolkit.PeerFlags(&cli.StringFlag{Name: "router", Usage: "as other commands have it, but no error if it is no address: `ADDR`"}),
		Action: func(c *cli.Context) error {
			args, err := toolkit.Operands(c, 1, 1, "what the names are of (targets, services, running)")
			if err != nil {
				return err
			}
			if !slices.Contains([]string{targetNames, serviceNames, runningNames}, args[0]) {
				return toolkit.Errorf(toolkit.Usage, "there are no names of %s, but of targets, services and running", toolkit.Escape(args[0]))
			}
			var names []string
			if args[0] != serviceNames {
				names = targets()
			}
			if args[0] != targetNames {
				names = append(names, known(c, env)...)
			}
			slices.Sort(names)
			out := env.Output(env.Common(c))
			for _, name := range slices.Compact(slices.DeleteFunc(names, strange)) {
				if err := out.Line("%s", name); err != nil {
					return err
				}
			}
			return nil
		},
	}, "router")
}

// strange says that a name has something in it that a shell might take for more than a name, or ed for an option.
func strange(name string) bool {
	return name == "" || name[0] == '-' || strings.ContainsFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("_.-", r)
	})
}

// targets are the names of the processes that may be looked into; with its number where there are several of a name.
func targets() []string {
	found := control.Discover()
	count := map[string]int{}
	for _, s := range found {
		count[s.Name]++
	}
	var names []string
	for _, s := range found {
		names = append(names, s.Name)
		if count[s.Name] > 1 {
			names = append(names, s.String())
		}
	}
	return names
}

// known are the services that the router says are up.
func known(c *cli.Context, env *toolkit.Env) []string {
	place, err := env.Router(c)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.Context, promptTime)
	defer cancel()
	options := env.Common(c).DialOptions()
	options.ConnectTimeout = promptTime
	r, err := env.DialRouter(ctx, place.Address, toolkit.RouterOptions{DialOptions: options})
	if err != nil {
		return nil
	}
	defer r.Close()
	list, err := r.Services(ctx)
	if err != nil {
		return nil
	}
	var names []string
	for _, s := range list {
		if s.Status == "up" && !toolkit.IsPassing(s.Name) {
			names = append(names, s.Name)
		}
	}
	return names
}
