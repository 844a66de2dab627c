package proc

import (
	"os/user"
	"strconv"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// Usage is what a process has used and holds.
type Usage struct {
	User, System time.Duration // processor time of all its threads, in steps of 10 ms
	RSS          int64         // bytes of memory in use now
	PeakRSS      int64         // the most there ever were
	Threads      int
	FDs          int // open descriptors; -1 where the caller may not know
}

// Usage reads the figures of a process.
func (s System) Usage(pid int) (Usage, error) {
	fail := func(err error) (Usage, error) {
		return Usage{}, &ProcessError{Op: "inspect", PID: pid, Err: lookError(err)}
	}
	root, err := procfs.NewFS(s.root())
	if err != nil {
		return fail(err)
	}
	dir, err := root.Proc(pid)
	if err != nil {
		return fail(err)
	}
	stat, err := dir.Stat()
	if err != nil {
		return fail(err)
	}
	status, err := dir.NewStatus()
	if err != nil {
		return fail(err)
	}
	u := Usage{
		User:    time.Duration(stat.UTime) * (time.Second / ticksPerSecond),
		System:  time.Duration(stat.STime) * (time.Second / ticksPerSecond),
		RSS:     int64(stat.ResidentMemory()),
		PeakRSS: int64(status.VmHWM),
		Threads: stat.NumThreads,
	}
	if u.FDs, err = dir.FileDescriptorsLen(); err != nil {
		u.FDs = -1
	}
	return u, nil
}

// Limit is a resource limit of the caller: Soft holds now and can be raised to Hard.
type Limit struct{ Soft, Hard uint64 }

// FDLimit returns how many descriptors the caller may have open.
func FDLimit() (Limit, error) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return Limit{}, err
	}
	return Limit{Soft: r.Cur, Hard: r.Max}, nil
}

// SetFDLimit changes the soft limit of descriptors for the whole program.
func SetFDLimit(soft uint64) error {
	l, err := FDLimit()
	if err != nil {
		return err
	}
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: soft, Max: l.Hard})
}

// UserName returns the name of a user, its number where it has none.
func UserName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
