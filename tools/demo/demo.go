// Package demo is `ed demo`: two services and a client that talk over real sockets on this machine, in one process and
// through the public API only, with every message shown as the trace hooks saw it.
package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// longest is how long the whole demonstration may take, whatever --timeout says.
const longest = 8 * time.Second

// options of the command.
type options struct {
	toolkit.Common
	Keep bool // go on until the context ends
}

// Command returns the command.
func Command(env *toolkit.Env) *cli.Command {
	return env.Configure("demo", &cli.Command{
		Name:  "demo",
		Usage: "watch two services and a client talk, on this machine alone",
		Description: `ed demo
			ed demo --json | jq -r .command
			ed demo --keep -q & ed watch clock`,
		Flags: toolkit.Flags(
			&cli.BoolFlag{Name: "keep", Aliases: []string{"k"}, Usage: "go on until Ctrl-C, to be watched"},
			toolkit.DurationFlag("timeout", nil, 0, "end after `DUR`; 8s without --keep"),
		),
		Action: func(c *cli.Context) error {
			if _, err := toolkit.Operands(c, 0, 0, ""); err != nil {
				return err
			}
			return run(c.Context, env, options{Common: env.Common(c), Keep: c.Bool("keep")}, script())
		},
	})
}

// run plays the steps and returns when both services have stopped.
func run(ctx context.Context, env *toolkit.Env, o options, steps []step) error {
	limit := longest
	if o.Timeout > 0 && (o.Keep || o.Timeout < limit) {
		limit = o.Timeout
	}
	if !o.Keep || o.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, toolkit.Errorf(toolkit.Timeout, "the demonstration did not end in %s", limit))
		defer cancel()
	}
	folder, err := tempFolder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if env.OutliveReader != nil {
		env.OutliveReader()
	}
	loop, err := reactor.New(reactor.Options{Name: "demo"})
	if err != nil {
		return err
	}
	defer loop.Close()

	show := newPrinter(env, o)
	clock, err := newClock(loop, show, filepath.Join(folder, "clock.sock"))
	if err != nil {
		return err
	}
	journal, err := newJournal(loop, show, filepath.Join(folder, "journal.log"))
	if err != nil {
		return err
	}
	defer clock.control.Close()
	defer journal.control.Close()
	if o.Keep {
		steps = slices.DeleteFunc(steps, func(s step) bool { return s.command == "STOP" })
	}
	show.begin(clock, journal)
	client := newClient(loop, show, steps, clock, journal)
	client.keep = o.Keep
	if err := client.start(); err != nil {
		return err
	}
	if err := loop.Run(ctx); err != nil {
		return err
	}
	if client.err != nil {
		return client.err
	}
	if n := client.left(); n > 0 {
		return fmt.Errorf("run demonstration: it ended with %d messages not sent", n)
	}
	return show.end()
}

// tempFolder makes a folder for a socket, whose path may have 107 bytes at most: unix(7).
func tempFolder() (string, error) {
	parent := os.TempDir()
	if len(parent) > 80 {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "ed-demo-")
	return dir, toolkit.WithHint(toolkit.As(toolkit.CantCreate, err), "TMPDIR can name another folder")
}
