package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// usage is what was used up to a moment by the generator and by the process of --pid.
type usage struct {
	at      time.Time
	own     time.Duration
	queued  time.Duration // that threads of the generator waited for a processor
	target  target
	known   bool // target
	memory  runtime.MemStats
	numbers bool
}

// target is what the process of --pid has used, and its memory.
type target struct {
	cpu time.Duration
	rss int64
}

// takeTarget looks at the process of --pid; 0 is none.
func takeTarget(pid int) (t target, err error) {
	if pid == 0 {
		return t, nil
	}
	if t.cpu, err = proc.CPUTime(pid); err != nil {
		return t, err
	}
	u, err := (proc.System{}).Usage(pid)
	t.rss = u.RSS
	return t, err
}

// takeUsage looks at both processes.
func takeUsage(pid int) usage {
	u := usage{at: time.Now()}
	u.own, _ = proc.CPUTime(os.Getpid()) // never fails
	u.queued = takeQueued("/proc/self/task")
	target, err := takeTarget(pid)
	u.target, u.known = target, err == nil && pid > 0
	runtime.ReadMemStats(&u.memory)
	u.numbers = true
	return u
}

// takeQueued adds up for how long the threads in a directory of /proc were ready and waited for a processor; 0 where the kernel does
// not say.
func takeQueued(dir string) (all time.Duration) {
	threads, _ := os.ReadDir(dir)
	for _, t := range threads {
		text, err := os.ReadFile(filepath.Join(dir, t.Name(), "schedstat"))
		if fields := strings.Fields(string(text)); err == nil && len(fields) > 1 {
			n, _ := strconv.ParseInt(fields[1], 10, 64)
			all += time.Duration(n)
		}
	}
	return all
}

// describe puts into r what was used between the two.
func (u usage) describe(r *report.Report, later usage, pid int) {
	if !u.numbers || !later.numbers {
		return
	}
	g := &r.Generator
	g.CPU = later.own - u.own
	if wall := later.at.Sub(u.at); wall > 0 {
		g.Cores = float64(g.CPU) / float64(wall)
		g.Queued = float64(max(0, later.queued-u.queued)) / float64(wall) // a thread that ended took its own along
	}
	g.GCs = later.memory.NumGC - u.memory.NumGC
	g.GCPause = time.Duration(later.memory.PauseTotalNs - u.memory.PauseTotalNs)
	for i := range min(g.GCs, uint32(len(later.memory.PauseNs))) {
		pause := later.memory.PauseNs[(later.memory.NumGC-i+255)%256]
		g.GCMax = max(g.GCMax, time.Duration(pause))
	}
	if u.known && later.known {
		used := later.target.cpu - u.target.cpu
		r.Target = &report.Process{PID: pid, CPU: used, RSS: later.target.rss, RSSBefore: u.target.rss}
		if n := r.Counts.Received; n > 0 {
			r.Target.PerMessage = used / time.Duration(n)
		}
	} else if pid > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("process %d ended before the measurement did", pid))
	}
}

// thisMachine names where the generator runs.
func thisMachine(env *toolkit.Env) report.Machine {
	host, err := env.HostName()
	if err != nil {
		host = ""
	}
	return report.Machine{Host: host, OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version()}
}
