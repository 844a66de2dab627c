package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// longComm is the length from which on the kernel cuts a process's name off; proc_pid_comm(5).
const longComm = 15

// wants says whether a process is asked for. A name that was cut off and could not be completed counts as the one asked for.
func (o *ProcessesOptions) wants(pid int, name string) bool {
	if !o.byNumber(pid) {
		return false
	}
	return len(o.Names) == 0 || slices.ContainsFunc(o.Names, func(pattern string) bool {
		ok, _ := path.Match(pattern, name) // checked by Processes
		return ok || len(name) == longComm && strings.HasPrefix(pattern, name)
	})
}

// sameName says that b is a, or what is left of it when the process has no command line any more.
func sameName(a, b string) bool { return a == b || len(b) == longComm && strings.HasPrefix(a, b) }

// scanProcesses looks at all processes and gives those that are asked for. It fails where descriptors or memory are used up.
func scanProcesses(ctx context.Context, o *ProcessesOptions) (map[int]process, error) {
	dir, err := os.Open(o.Proc)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	found := map[int]process{}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		s, err := readStat(o.Proc, pid)
		if errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM) {
			return nil, err // it has not ended because nobody can look
		}
		if err == nil && s.lives() && o.wants(pid, s.name) {
			found[pid] = s.process
		}
	}
	return found, nil
}

// stat is what is taken from /proc/PID/stat; proc_pid_stat(5).
type stat struct {
	process
	state   byte
	threads int
}

// lives says that the process has not ended: a zombie has, unless only its first thread has and others go on.
func (s *stat) lives() bool { return s.state != 'X' && (s.state != 'Z' || s.threads > 1) }

func readStat(proc string, pid int) (s stat, err error) {
	dir := filepath.Join(proc, strconv.Itoa(pid))
	text, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return s, err
	}
	// The name may hold anything, but the fields after it hold no parenthesis.
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return s, fmt.Errorf("read %s/stat: no name", dir)
	}
	s.name = string(text[open+1 : end])
	fields := strings.Fields(string(text[end+1:])) // the first is field 3 of the manual page
	if len(fields) < 20 {
		return s, fmt.Errorf("read %s/stat: %d fields", dir, len(fields))
	}
	s.state = fields[0][0]
	s.parent, _ = strconv.Atoi(fields[1])
	s.threads, _ = strconv.Atoi(fields[17])
	s.start, err = strconv.ParseUint(fields[19], 10, 64)
	if len(s.name) >= longComm {
		s.name = fullName(dir, s.name)
	}
	return s, err
}

// fullName completes a name that was cut off: with what the process was called as, or else the script it runs.
func fullName(dir, name string) string {
	text, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil {
		return name
	}
	for i, arg := range strings.SplitN(string(text), "\x00", 4) {
		if base := strings.TrimPrefix(filepath.Base(arg), "-"); i < 3 && strings.HasPrefix(base, name) {
			return base
		}
	}
	return name
}
