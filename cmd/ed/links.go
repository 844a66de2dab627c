package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

func installLinksCommand(env *toolkit.Env) *cli.Command {
	return &cli.Command{
		Name:        "install-links",
		Usage:       "make links ed-signal, ed-stop ... to this program in a folder",
		ArgsUsage:   "DIR",
		Description: "ed install-links ~/bin\ned install-links --dry-run /usr/local/bin",
		Flags: toolkit.Flags(
			&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "only say what would be done"},
			&cli.BoolFlag{Name: "relative", Aliases: []string{"r"}, Usage: "lead from the folder to the program: for a tree that is moved as a whole"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "replace links that lead elsewhere; never a file"},
		),
		Action: func(c *cli.Context) error {
			args, err := toolkit.Operands(c, 1, 1, "the folder")
			if err != nil {
				return err
			}
			if args[0] == "" { // of a variable that is not set: the current folder is not meant
				return toolkit.Errorf(toolkit.Usage, "the folder's name is empty")
			}
			target, err := os.Executable()
			if err != nil {
				return toolkit.Errorf(toolkit.Internal, "find this program: %w", err)
			}
			if c.Bool("relative") {
				if target, err = relative(args[0], target); err != nil {
					return toolkit.As(toolkit.CantCreate, err)
				}
			}
			l := linker{out: env.Output(env.Common(c)), target: target, dryRun: c.Bool("dry-run"), force: c.Bool("force")}
			for _, name := range linkNames(c.App.Commands) {
				if err := l.link(filepath.Join(args[0], name)); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// linkNames lists the names through which commands can be called.
func linkNames(commands []*cli.Command) []string {
	var names []string
	for _, c := range commands {
		if !c.Hidden && c.Name != "install-links" {
			names = append(names, "ed-"+c.Name)
		}
	}
	return names
}

// relative is the way from a folder to the program, by the folders that they really are in.
func relative(dir, program string) (string, error) {
	real, err := filepath.EvalSymlinks(dir)
	if err == nil {
		real, err = filepath.Abs(real)
	}
	if err == nil {
		program, err = filepath.EvalSymlinks(program)
	}
	if err != nil {
		return "", err
	}
	return filepath.Rel(real, program)
}

type linker struct {
	out           *toolkit.Output
	target        string
	dryRun, force bool
}

// link makes one link. A link that is right already stays; a file of that name is never touched.
func (l linker) link(path string) error {
	old, err := os.Readlink(path)
	switch {
	case err == nil && old == l.target:
		return nil
	case err == nil && !l.force:
		err := toolkit.Errorf(toolkit.CantCreate, "%s leads to %s", path, old)
		return toolkit.WithHint(err, "--force replaces it")
	case errors.Is(err, syscall.EINVAL):
		return toolkit.Errorf(toolkit.CantCreate, "%s exists and is no link", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return toolkit.As(toolkit.CantCreate, err)
	}
	if !l.dryRun && err == nil {
		if err := os.Remove(path); err != nil {
			return toolkit.As(toolkit.CantCreate, err)
		}
	}
	if !l.dryRun {
		if err := os.Symlink(l.target, path); err != nil {
			return toolkit.As(toolkit.CantCreate, err)
		}
	}
	l.out.Say("%s -> %s", path, l.target)
	return nil
}
