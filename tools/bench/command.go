package bench

import (
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// Command describes `ed bench`.
func Command(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "put a load on a service, and measure what it does with it",
		Description: `ed bench serve tcp://127.0.0.1:4050                 a service to test with
			ed bench request :4050 --rate 20k/s --duration 10s --expect 'p99<5ms,loss=0'
			ed bench request :4050 --rate max --connections 64 --window 64
			ed bench request :4050 -m ALIVE --rate find --expect 'p99<2ms,rate>=99%'`,
		Subcommands: []*cli.Command{requestCommand(env), pubCommand(env), fanoutCommand(env), connectCommand(env), serveCommand(env), routerCommand(env)},
	}
}

func requestCommand(env *toolkit.Env) *cli.Command {
	return load(env, kindRequest, &cli.Command{
		Usage: "send messages and wait for the answer to each",
		Description: `ed bench request :4050 --rate 20k/s -d 10s -e 'p99<5ms,loss=0,rate>=99%'
			ed bench request unix:/run/x.sock --rate max -c 64 -w 64 -o html=report.html
			ed bench request udp://127.0.0.1:4041 --message ALIVE --rate step:1k..20k/5s
			ed bench request :4050 --file day.jsonl --rate 5k/s --baseline old.json`,
	}, idleFlag())
}

func pubCommand(env *toolkit.Env) *cli.Command {
	return load(env, kindPub, &cli.Command{
		Usage: "send messages that are not answered",
		Description: `ed bench pub udp://127.0.0.1:4050 --rate 50k/s --expect loss=0
			ed bench pub unix:/run/x.sock --rate max --size 1024 -c 2
			ed bench pub :4050 --message 'LOG_ROTATE' --rate 100/s --arrival poisson`,
	}, idleFlag())
}

func fanoutCommand(env *toolkit.Env) *cli.Command {
	return load(env, kindFanout, &cli.Command{
		Usage: "send messages that a router brings to many receivers",
		Description: `ed bench fanout unix:/run/ed/router.sock -c 100 --rate 1k/s --expect loss=0
			ed bench fanout :4050 -c 20 -r max -w 100   ed bench serve --router will do`,
	})
}

func routerCommand(env *toolkit.Env) *cli.Command {
	return load(env, kindRouter, &cli.Command{
		Usage: "send messages through a router, from one service to another",
		Description: `ed bench router unix:/run/ed/router.sock -r max              one in flight
			ed bench router unix:/run/ed/router.sock -r max -w 20000     pipelined
			ed bench router :4040 -c 4 --rate 50k/s -w 100 --expect 'p99<5ms,loss=0'`,
	})
}

func connectCommand(env *toolkit.Env) *cli.Command {
	return load(env, kindConnect, &cli.Command{
		Usage: "open connections, as fast as they come or at a rate",
		Description: `ed bench connect tcp://127.0.0.1:4050 --rate max --connections 64
			ed bench connect :4050 --rate 500/s --arrival poisson -e 'p99<5ms,failed=0'
			ed bench connect :4050 -r max -n 10000 --hold --pid 4711   what do they cost?`,
	}, &cli.BoolFlag{Name: "hold", Usage: "keep the connections open until the end"})
}

func idleFlag() cli.Flag {
	return &cli.IntFlag{Name: "idle", Usage: "keep `N` further connections that do nothing"}
}

// load completes a command that puts a load on something.
func load(env *toolkit.Env, kind string, c *cli.Command, more ...cli.Flag) *cli.Command {
	c.Name, c.ArgsUsage = kind, "ADDR"
	own := append(paceFlags(kind), more...)
	if kind != kindConnect {
		own = append(own, messageFlags(kind)...)
	}
	c.Flags = toolkit.PeerFlags(append(append(own, toolkit.TypeFlag()), resultFlags()...)...)
	c.Action = func(c *cli.Context) error {
		o, err := readOptions(env, c, kind)
		if err != nil {
			return err
		}
		return runLoad(c.Context, env, o)
	}
	return env.Configure("bench", c)
}

// paceFlags say how much is sent, and when.
func paceFlags(kind string) []cli.Flag {
	connections, usage, what := 8, "over `N` connections", "messages"
	switch kind {
	case kindConnect:
		usage, what = "open `N` at a time at most", "connections"
	case kindFanout:
		usage = "to `N` receivers"
	case kindRouter:
		connections, usage = 1, "between `N` pairs of services"
	}
	all := []cli.Flag{
		&cli.StringFlag{Name: "rate", Aliases: []string{"r"}, Value: "1000/s", Usage: "`RATE`: 5k/s, max, step:1k..20k/30s, ramp:1k..20k, find"},
		toolkit.ChoiceFlag("arrival", nil, "uniform", []string{"uniform", "poisson"}, "how "+what+" come at a rate: `HOW`"),
		&cli.IntFlag{Name: "burst", Usage: what + " come `N` at once"},
		toolkit.DurationFlag("duration", []string{"d"}, 10*time.Second, "measure for `DUR`"),
		&cli.IntFlag{Name: "count", Aliases: []string{"n"}, Usage: "end after `N` " + what + ", if that is sooner; then --warmup is 0"},
		toolkit.DurationFlag("warmup", nil, time.Second, "before that, for `DUR`, measure nothing"),
		&cli.IntFlag{Name: "connections", Aliases: []string{"c", "clients"}, Value: connections, Usage: usage},
		&cli.IntFlag{Name: "workers", Value: 1, Usage: "on `N` loops, each with a processor"},
		&cli.BoolFlag{Name: "no-catchup", Usage: "leave out what the service kept from being sent in time"},
		toolkit.DurationFlag("spin", nil, 0, "poll for `DUR` before each wait: less late, for a whole processor"),
	}
	if kind != kindConnect && kind != kindPub { // nothing is in flight there
		all = append(all, &cli.IntFlag{Name: "window", Aliases: []string{"w", "max-inflight"}, Value: 1, Usage: "`N` in flight on each at most; 0: any number"})
	}
	return all
}

// messageFlags say what is sent.
func messageFlags(kind string) []cli.Flag {
	answerIn := "what is not answered in `DUR` is lost; 0: 10 s, of packets 1 s"
	if kind == kindPub {
		answerIn = "wait `DUR` for what the service has counted; 0: 2 s"
	}
	all := []cli.Flag{
		&cli.StringFlag{Name: "message", Aliases: []string{"m"}, Usage: "send `MESSAGE`; ALIVE is answered by every service"},
		&cli.StringSliceFlag{Name: "param", Aliases: []string{"p"}, Usage: "with this parameter, `NAME=VALUE`"},
		&cli.StringFlag{Name: "template", Usage: "send what `TEMPLATE` gives, as in 'LOCK tag={{.N}}'"},
		&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "send the messages in `FILE`, such as a recording, in turn"},
		&cli.IntFlag{Name: "size", Aliases: []string{"s"}, Usage: "bring messages to `BYTES`, without the line end"},
		&cli.StringFlag{Name: "seq", Usage: "parameter `NAME` has the sequence number; none: there is none"},
		toolkit.DurationFlag("answer-in", nil, 0, answerIn),
	}
	if kind == kindRequest {
		all = append(all, &cli.StringFlag{Name: "reply", Usage: "the answers are called `COMMAND`; else as the messages"})
	}
	if kind == kindRequest || kind == kindPub {
		all = append(all, toolkit.NumberFlag("max-datagram", nil, defaultDatagram, 1, toolkit.MaxDatagram, "send UDP datagrams up to `BYTES`"))
	}
	return all
}

// resultFlags say what becomes of the figures.
func resultFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "expect", Aliases: []string{"e"}, Usage: "fail with 99 unless `COND`,... hold: 'p99<5ms,loss=0,rate>=99%'"},
		&cli.StringFlag{Name: "baseline", Aliases: []string{"b"}, Usage: "compare with the JSON report in `FILE`"},
		&cli.StringSliceFlag{Name: "output", Aliases: []string{"o"}, Usage: "`FORM[=FILE]`: text, json, csv, hlog, gobench or html"},
		&cli.IntFlag{Name: "pid", Usage: "tell what process `PID` used, such as the service"},
	}
}
