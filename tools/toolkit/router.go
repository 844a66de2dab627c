package toolkit

import (
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/transport/service"
)

// RouterService is the name by which every router is addressed as a service.
const RouterService = service.Router

// RouterFlag is the option of every command that talks to the router. Its name, "router", is to be listed with Configure, so that
// ED_ROUTER and the files may set it; RouterAddress reads it.
func RouterFlag() cli.Flag {
	return &cli.StringFlag{Name: "router", DefaultText: "the router's socket", Usage: "the router is at `ADDR`"}
}

// RouterAddress is where the router is for the running command: --router, ED_ROUTER, what the files say, or else the first
// of the usual sockets that is there: the user's own, the system's, that of the C++ router. If none is, it is the one
// where the user's own router would be.
func (e *Env) RouterAddress(c *cli.Context) (address.Address, error) {
	text := c.String("router")
	if text == "" {
		a, err := service.LocateUnder(e.Root, func(name string) string {
			if name == "ED_ROUTER" {
				return "" // it would be in the option
			}
			return e.Getenv(name)
		})
		return a, As(Config, err)
	}
	if config.IsReference(text) {
		return e.Address(text, address.Defaults{Scheme: address.TCP, Port: 4040})
	}
	a, err := service.ParseRouter(text)
	return a, As(Usage, err)
}

// RouterPath is the Unix socket where a router that this user starts listens.
func (e *Env) RouterPath() string { return e.Root + service.SocketPath(e.Getenv) }
