package on

import (
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

func processCommand(env *toolkit.Env) *cli.Command {
	return kind(env, &cli.Command{
		Name:      "process",
		Aliases:   []string{"processes"},
		Usage:     "act when processes start or end",
		ArgsUsage: "NAME|PID ...",
		Description: `ed on process 4711 --timeout 1m           wait for its end
			ed on process 'snap*' --json              starts and ends of all of that name
			ed on process cluckd --events end --run 'logger "cluckd: $ED_EVENT_EXIT"'
			ed on process cluckd --events start --exists --once`,
		Flags: []cli.Flag{
			toolkit.WordsFlag("events", []string{"e"}, "start,end", processEvents(), "act on these: `LIST` of start, end, rename"),
			&cli.BoolFlag{Name: "exists", Usage: "act on what runs already, too"},
			toolkit.DurationFlag("interval", nil, time.Second, "look every `DUR` where the system does not tell"),
		},
	}, readProcess)
}

// processSource watches processes: those of a name by a look at all of them, those of a number by a descriptor.
type processSource struct {
	names    []string
	pids     []int
	events   []string
	exists   bool
	interval time.Duration

	run     *run
	all     *watch.ProcessesWatch
	numbers map[int]*watch.ProcessWatch
	ours    map[int]bool // what we run ourselves, and what that runs
}

// The events of processes.
const (
	processExists = "exists"
	processStart  = "start"
	processRename = "rename"
	processEnd    = "end"
)

// processEvents are the words of --events.
func processEvents() []string {
	return []string{processStart, processEnd, processRename, processExists}
}

func readProcess(c *cli.Context) (source, error) {
	operands, err := toolkit.Operands(c, 1, -1, "a name or number of processes")
	if err != nil {
		return nil, err
	}
	s := &processSource{
		exists: c.Bool("exists"), interval: toolkit.DurationOf(c, "interval"),
		numbers: map[int]*watch.ProcessWatch{}, ours: map[int]bool{},
	}
	if s.events, err = readEvents(toolkit.StringOf(c, "events"), processEvents()...); err != nil {
		return nil, err
	}
	s.exists = s.exists || slices.Contains(s.events, processExists)
	for _, text := range operands {
		text = strings.TrimSpace(text)                  // ps puts blanks before a number
		if err := toolkit.OneNumber(text); err != nil { // it would be waited for as a name
			return nil, err
		}
		if pid, err := strconv.Atoi(text); err == nil || errors.Is(err, strconv.ErrRange) {
			if err != nil || pid < 1 {
				return nil, toolkit.Errorf(toolkit.Usage, "%s is no number of a process", text)
			}
			if !slices.Contains(s.pids, pid) {
				s.pids = append(s.pids, pid)
			}
			continue
		}
		if _, err := path.Match(text, ""); err != nil || text == "" {
			return nil, toolkit.Errorf(toolkit.Usage, "%q is no pattern of a name", toolkit.Escape(text))
		}
		if strings.Contains(text, "/") {
			err := toolkit.Errorf(toolkit.Usage, "%q is a path; a process is known by the name of its program", toolkit.Escape(text))
			return nil, toolkit.WithHint(err, "write %s", path.Base(text))
		}
		s.names = append(s.names, text)
	}
	if len(s.names) == 0 && !slices.Contains(s.events, processEnd) {
		return nil, toolkit.Errorf(toolkit.Usage, "a process that is named by its number runs already: it can only end")
	}
	return s, nil
}

// readEvents reads a list of events with those names.
func readEvents(text string, known ...string) ([]string, error) {
	var events []string
	for name := range strings.SplitSeq(text, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if !slices.Contains(known, name) {
			for _, k := range known { // "started", "ended", "renamed"
				if name == k+"ed" || name == k+"d" {
					name = k
				}
			}
		}
		if !slices.Contains(known, name) {
			return nil, toolkit.Errorf(toolkit.Usage, "option --events: %q is none of %s", toolkit.Escape(name), strings.Join(known, ", "))
		}
		events = append(events, name)
	}
	return events, nil
}

func (s *processSource) start(r *run) (err error) {
	s.run = r
	for _, pid := range s.pids {
		if err := s.watchNumber(pid); err != nil {
			return err
		}
	}
	if len(s.names) == 0 {
		return nil
	}
	s.all, err = watch.Processes(r.loop, s.changed, watch.ProcessesOptions{
		Names: s.names, Exists: true, Interval: s.interval, Looked: s.looked,
	})
	return err
}

// looked says that it is watched: who reads that may go on, and end what is waited for.
func (s *processSource) looked() {
	how := "as the system reports them"
	if s.all.Stats().Method == watch.Polling {
		how = "by a look every " + s.interval.String() + ", which does not see what lives shorter"
	}
	s.run.out.Say("watching processes %s, %s", toolkit.Escape(strings.Join(s.names, " ")), how)
}

// watchNumber waits for the end of one process.
func (s *processSource) watchNumber(pid int) error {
	p, lookErr := proc.System{}.Look(pid)
	w, err := watch.Process(s.run.loop, pid, func() {
		delete(s.numbers, pid)
		s.run.happened(&event{Kind: kindProcess, Event: processEnd, PID: pid, Parent: p.PPID, Name: p.Command(), Count: 1, status: -1})
		if len(s.numbers) == 0 && len(s.names) == 0 {
			s.run.exhausted()
		}
	}, watch.ProcessOptions{})
	if errors.Is(err, watch.ErrGone) {
		return toolkit.Errorf(toolkit.NoSuch, "there is no process %d", pid)
	}
	if err != nil {
		return err
	}
	s.numbers[pid] = w
	if lookErr != nil {
		p = proc.Process{PID: pid}
	}
	s.run.out.Say("watching process %s", toolkit.Escape(strings.TrimSpace(strconv.Itoa(pid)+" "+p.Command())))
	if s.exists {
		s.run.timers = append(s.run.timers, s.run.loop.After(0, "exists", func() {
			s.run.happened(&event{Kind: kindProcess, Event: processExists, PID: pid, Parent: p.PPID, Name: p.Command(), Count: 1, status: -1})
		}))
	}
	return nil
}

// changed takes an event of the watch.
func (s *processSource) changed(w watch.ProcessEvent) {
	names := map[watch.ProcessKind]string{
		watch.ProcessExists: processExists, watch.ProcessStarted: processStart, watch.ProcessRenamed: processRename, watch.ProcessEnded: processEnd,
	}
	name := names[w.Kind]
	switch {
	case w.Kind == watch.ProcessLost:
		s.run.out.Warn("the system dropped events; what is found changed follows")
		return
	case s.isOurs(w):
		return
	case name == processExists && !s.exists, name != processExists && !slices.Contains(s.events, name):
		return
	}
	e := &event{Kind: kindProcess, Event: name, PID: w.PID, Parent: w.Parent, Name: w.Name, Old: w.Old, Count: 1, status: -1}
	if w.Kind == watch.ProcessEnded && w.Exit.Err == nil {
		e.Exit, e.status = w.Exit.String(), w.Exit.ShellCode()
	}
	s.run.happened(e)
}

// isOurs says whether a process is this one, or one that it started: if those were events, a command run for the start of
// a process of its own name would be run for ever.
func (s *processSource) isOurs(w watch.ProcessEvent) bool {
	self := os.Getpid()
	switch w.Kind {
	case watch.ProcessExists, watch.ProcessStarted:
		if w.Parent == self || s.ours[w.Parent] || slices.Contains(proc.System{}.Ancestors(w.PID), self) {
			s.ours[w.PID] = true
		}
	case watch.ProcessEnded:
		defer delete(s.ours, w.PID)
	}
	return s.ours[w.PID] || w.PID == self
}

func (s *processSource) close() {
	if s.all != nil {
		s.all.Close()
	}
	for _, w := range s.numbers {
		w.Close()
	}
}

func (s *processSource) missing() string {
	switch {
	case len(s.names) > 0:
		return ""
	case len(s.numbers) == 1:
		for pid := range s.numbers {
			return fmt.Sprintf("process %d did not end", pid)
		}
	}
	return fmt.Sprintf("%d of %d processes did not end", len(s.numbers), len(s.pids))
}
