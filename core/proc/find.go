package proc

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// All returns every process that can be seen, by PID, without zombies and kernel threads. Those that end meanwhile are left out.
func (s System) All() ([]Process, error) {
	var list []Process
	err := s.Each(func(p Process) bool {
		list = append(list, p)
		return true
	})
	slices.SortFunc(list, func(a, b Process) int { return a.PID - b.PID })
	return list, err
}

// Each calls f for the processes of All, in no order, until it returns false. On a busy machine it may take seconds. Where
// descriptors or memory are used up it fails: that a process cannot be looked at then does not mean that it is not there.
func (s System) Each(f func(Process) bool) error {
	dir, err := os.Open(s.root())
	if err != nil {
		return err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return err
	}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		p, err := s.look(pid)
		if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM) {
			return &ProcessError{Op: "inspect", PID: pid, Err: err}
		}
		if err != nil || p.Zombie() || p.IsKernelThread() {
			continue
		}
		if !f(p) {
			break
		}
	}
	return nil
}

// kthreadd has this number wherever kernel threads can be seen at all.
const kthreadd = 2

// IsKernelThread says that the process is a part of the kernel: it has no program, and no signal ends it.
func (p Process) IsKernelThread() bool {
	return !p.Zombie() && len(p.Argv) == 0 && p.Exe == "" && (p.PID == kthreadd || p.PPID == kthreadd)
}

// FindByName returns the processes that have exactly this name, by PID: as the last part of their program file, of
// their first argument or of the script they interpret, or as the kernel's short name. The caller itself is left out.
// None found is no error.
func (s System) FindByName(name string) ([]Process, error) {
	if err := s.checkNumbers(); err != nil {
		return nil, err
	}
	all, err := s.All()
	if err != nil {
		return nil, err
	}
	me := self()
	return slices.DeleteFunc(all, func(p Process) bool { return p.PID == me || !p.Called(name) }), nil
}

// Find returns the one process that has this name; *NotFoundError and *AmbiguousError say that it is not one.
func (s System) Find(name string) (Process, error) {
	list, err := s.FindByName(name)
	switch {
	case err != nil:
		return Process{}, err
	case len(list) == 0:
		return Process{}, &NotFoundError{Name: name}
	case len(list) > 1:
		return Process{}, &AmbiguousError{Name: name, Candidates: list}
	}
	return list[0], nil
}

// Called says that the process has exactly this name; FindByName tells in which ways.
func (p Process) Called(name string) bool {
	if name == "" {
		return false
	}
	switch name {
	case p.Name, p.script():
		return true
	}
	return p.Exe != "" && base(p.Exe) == name || len(p.Argv) > 0 && p.Argv[0] != "" && base(p.Argv[0]) == name
}

// script is the last part of the path of the script that an interpreter runs, "" if the program is none or runs a
// piece of text (-c, -e) or a module (-m).
func (p Process) script() string {
	if len(p.Argv) < 2 {
		return ""
	}
	noScript := noScriptOptions(p.Exe, p.Argv[0])
	if noScript == "" {
		return ""
	}
	for _, arg := range p.Argv[1:] {
		if strings.HasPrefix(arg, "/dev/fd/") || strings.HasPrefix(arg, "/proc/") {
			return "" // the script is a descriptor, which has no name
		}
		if !strings.HasPrefix(arg, "-") {
			return base(arg)
		}
		if strings.HasPrefix(arg, "--") {
			continue
		}
		if strings.ContainsAny(arg, noScript) {
			return ""
		}
	}
	return ""
}

// noScriptOptions knows the interpreters, whose first operand is the program that people mean, and which of their short
// options mean that there is none. It is "" for other programs.
func noScriptOptions(exe, arg string) string {
	if exe == "" || base(exe) == "busybox" {
		exe = arg
	}
	switch strings.TrimRight(base(exe), "0123456789.") {
	case "sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish":
		return "c" // -e is common in scripts and means something else
	case "python", "pypy", "perl", "ruby", "node", "php", "lua", "tclsh", "guile":
		return "cemr"
	default:
		return ""
	}
}

// SelfAndAncestors returns the caller and all it descends from, nearest first: what it must not stop, because it would not live
// to see the end.
func (s System) SelfAndAncestors() []int {
	return append([]int{self()}, s.Ancestors(self())...)
}

// Ancestors returns the parent of a process, its parent and so on, as far as they can be seen.
func (s System) Ancestors(pid int) []int {
	var list []int
	for {
		p, err := s.look(pid)
		// A parent may end and its number be given away between two looks; a circle would never end.
		if err != nil || p.PPID < 1 || p.PPID == pid || slices.Contains(list, p.PPID) {
			return list
		}
		pid = p.PPID
		list = append(list, pid)
	}
}
