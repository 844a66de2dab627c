package watch

import "fmt"

// ProcessKind is what happened to a process.
type ProcessKind uint8

const (
	// ProcessLost says that events were dropped: what a look at all processes finds changed follows, with Found. What began
	// and ended meanwhile is not known.
	ProcessLost ProcessKind = iota
	// ProcessExists is a process that ran when the watch began.
	ProcessExists
	// ProcessStarted is a new process, or one that has taken a name that is asked for.
	ProcessStarted
	// ProcessRenamed is a process that runs another program than before, or has changed its name: both names are asked for.
	ProcessRenamed
	// ProcessEnded is a process that has ended, or has taken a name that is not asked for.
	ProcessEnded
)

// String is "lost", "exists", "started", "renamed" or "ended".
func (k ProcessKind) String() string {
	return [...]string{"lost", "exists", "started", "renamed", "ended"}[min(k, ProcessEnded)]
}

// ProcessEvent is what a ProcessesWatch reports.
type ProcessEvent struct {
	Kind   ProcessKind
	PID    int
	Parent int
	Name   string // of the program, or of the script if that was run as such
	Old    string // of ProcessRenamed
	Start  uint64 // clock ticks since boot; with PID it names the process for as long as the machine runs. 0: not known
	Found  bool   // by looking, not reported by the system
	Exit   Exit   // of ProcessEnded, without Usage. Where it is not known, Exit.Err is ErrUnknown
}

// String is "started 4711 (communicatord)".
func (e ProcessEvent) String() string {
	if e.Kind == ProcessLost {
		return e.Kind.String()
	}
	return fmt.Sprintf("%s %d (%s)", e.Kind, e.PID, e.Name)
}
