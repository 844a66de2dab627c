package proc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// System is where processes are looked for. The zero value is this machine.
type System struct {
	Root      string        // "" is /proc
	Systemctl string        // the command to ask for units; "" is "systemctl", searched in PATH
	UserUnits bool          // ask the user's own systemd, not the system's
	UnitLimit time.Duration // how long systemctl may take; 0 is 5 s
}

// Process is what was known about a process when it was looked at.
type Process struct {
	PID, PPID int
	Name      string   // as the kernel keeps it: at most 15 bytes
	Exe       string   // path of the program; "" where the caller may not know, and for kernel threads
	Argv      []string // empty for kernel threads and zombies
	UID       uint32   // effective user
	State     byte     // 'R', 'S', 'D', 'T', 'Z' … as in proc_pid_stat(5)
	Threads   int
	Start     uint64 // clock ticks since boot; with PID it names the process for as long as the machine runs
}

// Same says that both are one process, and not two that had the same number one after the other.
func (p Process) Same(q Process) bool { return p.PID == q.PID && p.Start == q.Start }

// Zombie says that the process has ended and waits for its parent to take notice.
func (p Process) Zombie() bool {
	return p.State == 'X' || p.State == 'Z' && p.Threads <= 1 // with more threads only the first has ended
}

// Command is the name under which people know the program: that of its script, else of its program file, else Name.
func (p Process) Command() string {
	if script := p.script(); script != "" {
		return script
	}
	if len(p.Argv) > 0 && p.Argv[0] != "" && !strings.ContainsAny(p.Argv[0], " :") {
		return base(p.Argv[0])
	}
	return p.Name
}

// String is "4711 (communicatord)".
func (p Process) String() string { return fmt.Sprintf("%d (%s)", p.PID, p.Command()) }

// ticksPerSecond is USER_HZ, which is 100 on every architecture that Go runs on.
const ticksPerSecond = 100

// Age is how long ago the process began.
func (p Process) Age() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	began := time.Duration(p.Start) * (time.Second / ticksPerSecond)
	return max(0, time.Duration(now.Nano())-began)
}

func (s System) root() string {
	if s.Root == "" {
		return procfs.DefaultMountPoint
	}
	return s.Root
}

// Look reads what /proc says about a process. It is ErrGone where there is none; a zombie is returned as such. Between this and
// any later act the process can end: OpenSame finds out.
func (s System) Look(pid int) (Process, error) {
	p, err := s.look(pid)
	if err != nil {
		return Process{}, &ProcessError{Op: "inspect", PID: pid, Err: err}
	}
	return p, nil
}

func (s System) look(pid int) (Process, error) {
	if pid < 1 {
		return Process{}, ErrGone
	}
	root, err := procfs.NewFS(s.root())
	if err != nil {
		return Process{}, err
	}
	dir, err := root.Proc(pid)
	if err != nil {
		return Process{}, lookError(err)
	}
	stat, err := dir.Stat()
	if err != nil {
		return Process{}, lookError(err)
	}
	p := Process{PID: pid, PPID: stat.PPID, Name: stat.Comm, Threads: stat.NumThreads, Start: stat.Starttime}
	if stat.State != "" {
		p.State = stat.State[0]
	}
	// What follows may be refused or may vanish with the process; the start time above decides what it was.
	p.Argv, _ = dir.CmdLine()
	p.Exe, _ = dir.Executable()
	p.Exe = strings.TrimSuffix(p.Exe, " (deleted)")
	status, err := dir.NewStatus()
	if err != nil {
		return Process{}, lookError(err)
	}
	p.UID = uint32(status.UIDs[1])
	return p, nil
}

// lookError turns what reading /proc/PID gives into our words.
func lookError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ESRCH):
		return ErrGone
	case errors.Is(err, fs.ErrPermission):
		return ErrPermission
	default:
		return err
	}
}

// base is the last part of a path, without the dash that login shells have.
func base(path string) string {
	return strings.TrimPrefix(filepath.Base(path), "-")
}

// self is the caller's own number. It is right in the real /proc only, which is where it matters.
func self() int { return os.Getpid() }
