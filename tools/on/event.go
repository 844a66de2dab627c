package on

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// The kinds of events.
const (
	kindFile      = "file"
	kindProcess   = "process"
	kindSignal    = "signal"
	kindTime      = "time"
	kindListening = "listening"
	kindStart     = "start" // the run's own beginning, for --now
)

// maxPaths bounds the list of paths that --debounce gathers.
const maxPaths = 1000

// event is something that happened. Its exported fields and methods are what {{.Name}} can name in a template; the manual
// page lists them.
type event struct {
	Kind   string // what was watched: "file", "process" …
	Event  string // what happened: "create,updated", "end", "HUP"
	Path   string // of a file
	Old    string // its path before, of a rename
	Name   string // last part of the path; name of the process; what was watched for else
	Dir    bool   // the file is a directory
	PID    int
	Parent int
	Exit   string   // how the process ended, where that is known
	Count  int      // how many are put together in this one; 1 where none are
	N      int      // number of this event in the run, from 1
	Host   string   // what this machine calls itself in messages
	Paths  []string // of all that are put together

	at     time.Time
	status int // exit code of the process; -1: not known
}

// Time is when it was noticed, with nanoseconds, as RFC 3339 has it.
func (e *event) Time() string { return e.at.Format(time.RFC3339Nano) }

// Unix is that time in seconds since 1970.
func (e *event) Unix() int64 { return e.at.Unix() }

// Subject is what it is about, for people.
func (e *event) Subject() string {
	var b strings.Builder
	if e.Old != "" {
		b.WriteString(e.Old + " -> ")
	}
	switch {
	case e.Kind == kindFile && e.Dir:
		b.WriteString(strings.TrimSuffix(e.Path, "/") + "/")
	case e.Kind == kindFile:
		b.WriteString(e.Path)
	case e.PID != 0:
		b.WriteString(strings.TrimSpace(strconv.Itoa(e.PID) + " " + e.Name))
	default:
		b.WriteString(e.Name)
	}
	if e.Exit != "" {
		b.WriteString(" (" + e.Exit + ")")
	}
	if e.Count > 1 {
		b.WriteString(" (" + strconv.Itoa(e.Count) + " events)")
	}
	return b.String()
}

// line is the line for people. A name may hold anything: what is not plain text is escaped, so that a line is a line.
func (e *event) line(paint toolkit.Palette) string {
	return paint.Dim(e.at.Format(clock)) + " " + paint.Bold(toolkit.Escape(e.Event)) + " " + toolkit.Escape(e.Subject())
}

// plain is the line with every name as it is.
func (e *event) plain() string { return e.at.Format(clock) + " " + e.Event + " " + e.Subject() }

const clock = "15:04:05.000000"

// printed is an event as JSON.
type printed struct {
	V      int    `json:"v"`
	Time   string `json:"time"`
	Kind   string `json:"kind"`
	Event  string `json:"event"`
	Path   string `json:"path,omitempty"`
	Raw    string `json:"path_base64,omitempty"` // of a path that is not UTF-8
	Old    string `json:"old,omitempty"`
	RawOld string `json:"old_base64,omitempty"`
	Name   string `json:"name,omitempty"`
	Dir    bool   `json:"dir,omitempty"`
	PID    int    `json:"pid,omitempty"`
	Parent int    `json:"parent,omitempty"`
	Exit   string `json:"exit,omitempty"`
	Status *int   `json:"status,omitempty"`
	Count  int    `json:"count"`
	N      int    `json:"n"`
}

func (e *event) json() printed {
	p := printed{
		V: 1, Time: e.Time(), Kind: e.Kind, Event: e.Event, Path: e.Path, Old: e.Old, Name: e.Name, Dir: e.Dir,
		PID: e.PID, Parent: e.Parent, Exit: e.Exit, Count: e.Count, N: e.N, Raw: notUTF8(e.Path), RawOld: notUTF8(e.Old),
	}
	if e.Kind == kindProcess && e.status >= 0 {
		p.Status = &e.status
	}
	return p
}

// notUTF8 is the bytes of a text that JSON cannot hold.
func notUTF8(s string) string {
	if utf8.ValidString(s) {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(s))
}

// maxVariable is the longest string of an environment; execve(2).
const maxVariable = 128 << 10

// environment is the event in variables for a command, as child.Command.Set has it. Each is set for every event, so that those
// of an `ed on` around us never show.
func (e *event) environment() []string {
	var env []string
	set := func(name, value string) {
		v := name + "=" + value
		if len(v) >= maxVariable || strings.ContainsRune(value, 0) {
			v = name + "=" // a list of paths can be that long; the rest says what there is to say
		}
		env = append(env, v)
	}
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	set("ED_EVENT", e.Event)
	set("ED_EVENT_KIND", e.Kind)
	set("ED_EVENT_TIME", e.Time())
	set("ED_EVENT_PATH", e.Path)
	set("ED_EVENT_OLD", e.Old)
	set("ED_EVENT_NAME", e.Name)
	set("ED_EVENT_DIR", map[bool]string{true: "1"}[e.Dir])
	set("ED_EVENT_PID", number(e.PID))
	set("ED_EVENT_PARENT", number(e.Parent))
	set("ED_EVENT_EXIT", e.Exit)
	set("ED_EVENT_COUNT", number(e.Count))
	set("ED_EVENT_N", number(e.N))
	set("ED_EVENT_PATHS", strings.Join(e.Paths, "\n"))
	text, err := json.Marshal(e.json())
	if err != nil {
		text = nil // it has strings and numbers only
	}
	set("ED_EVENT_JSON", string(text))
	return env
}

// add puts a later event to those that are gathered in e.
func (e *event) add(next *event) {
	count, paths := e.Count+next.Count, e.Paths
	*e = *next
	e.Count, e.Paths = count, paths
	e.notePath()
}

// notePath adds the path to the list, if it is not in it and there is room.
func (e *event) notePath() {
	if e.Path != "" && len(e.Paths) < maxPaths && !slices.Contains(e.Paths, e.Path) {
		e.Paths = append(e.Paths, e.Path)
	}
}

// safePath is a path that no command takes for an option.
func safePath(path string) string {
	if strings.HasPrefix(path, "-") {
		return "./" + path
	}
	return path
}
