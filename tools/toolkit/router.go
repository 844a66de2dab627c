package toolkit

import (
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/config"
	"github.com/ed-toolbox/ed/transport/service"
)

// RouterService is the name by which every router is addressed as a service.
const RouterService = service.Router

// localRouter is where a router takes services by TCP: all that a C++ router does by default.
const localRouter = "tcp://127.0.0.1:4040"

// RouterFlag is the option of every command that talks to the router. Its name, "router", is to be listed with Configure, so that
// ED_ROUTER and the files may set it; Router reads it.
func RouterFlag() cli.Flag {
	return TextFlag("router", nil, "", CheckRouter, "the router is at `ADDR`, not where routers listen by default")
}

// RouterPlace is where a router is.
type RouterPlace struct {
	Address address.Address
	Given   bool // by --router, ED_ROUTER or a file
	Found   bool // not given, but its socket is there
}

// Router is where the router is for the running command: where --router, ED_ROUTER or the files say, or the first of
// the usual sockets that is there: the user's own router's, the system's, the C++ router's. If none is, it is 127.0.0.1:4040.
func (e *Env) Router(c *cli.Context) (RouterPlace, error) {
	if text := StringOf(c, "router"); text != "" {
		a, err := e.parseRouter(text)
		return RouterPlace{Address: a, Given: true}, err
	}
	a, found := service.FindSocket(e.Root, e.Getenv)
	if found {
		return RouterPlace{Address: a, Found: true}, nil
	}
	a, err := service.ParseRouter(localRouter)
	return RouterPlace{Address: a}, err
}

// CheckRouter says what is wrong with an address of a router. A reference to a file is not followed.
func CheckRouter(text string) error {
	if config.IsReference(text) {
		return nil
	}
	_, err := parseRouter(text)
	return err
}

func (e *Env) parseRouter(text string) (address.Address, error) {
	if config.IsReference(text) {
		return e.Address(text, address.Defaults{Scheme: address.TCP, Port: 4040})
	}
	return parseRouter(text)
}

func parseRouter(text string) (address.Address, error) {
	a, err := service.ParseRouter(text)
	if err == nil && (a.IsDatagram() || a.Scheme == address.FIFO) {
		err = Errorf(Usage, "%s: services talk to a router over streams only, which go both ways", a)
	}
	return a, As(Usage, err)
}

// RouterPath is the Unix socket where a router that this user starts listens.
func (e *Env) RouterPath() string { return service.SocketPath(e.Root, e.Getenv) }
