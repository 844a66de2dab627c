package on

import (
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/signals"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport/child"
)

// maxWaiting bounds the events that wait for their command.
const maxWaiting = 1000

// The values of --busy: what becomes of an event while as many commands run as may.
const (
	busyQueue   = "queue"   // it waits
	busyLast    = "last"    // it waits, in the place of one that waits already
	busySkip    = "skip"    // no command is run for it
	busyRestart = "restart" // the command is ended, and begun anew for it
)

// Why a command was ended by us.
var (
	errRestart = errors.New("to begin anew")
	errEnd     = errors.New("at the end")
)

// runnerOptions are those of all commands of a run.
type runnerOptions struct {
	busy  string
	most  int           // at once
	limit time.Duration // for each; 0: none
	grace time.Duration // from TERM to KILL
}

// runner runs one program for events, so many at a time. It belongs to the goroutine of the loop.
type runner struct {
	runnerOptions
	run     *run
	program *program
	running []*job
	waiting []*event
	closed  bool // canceled: what ends now, ends because of that
}

// job is a program that runs.
type job struct {
	e      *event
	job    *child.Job
	ending bool // by us
	look   reactor.Timer
}

func (r *runner) act(e *event) {
	switch {
	case len(r.running) < r.most:
		r.launch(e)
	case r.busy == busySkip:
		r.run.sum.skipped++
	case r.busy == busyQueue && len(r.waiting) < maxWaiting:
		r.waiting = append(r.waiting, e)
	case r.busy == busyQueue:
		r.run.sum.dropped++
		r.run.once("more than %d events wait for %s; from now on some are passed over", maxWaiting, r.program)
	default:
		r.run.sum.skipped += uint64(len(r.waiting))
		r.waiting = append(r.waiting[:0], e)
		if r.busy == busyRestart {
			r.end(r.running[0], errRestart)
		}
	}
}

// busyNow says whether anything runs or waits.
func (r *runner) busyNow() bool { return len(r.running)+len(r.waiting) > 0 }

// cancel ends what runs and forgets what waits.
func (r *runner) cancel() {
	r.closed = true
	r.run.sum.skipped += uint64(len(r.waiting))
	r.waiting = nil
	for _, j := range r.running {
		r.end(j, errEnd)
	}
}

func (r *runner) end(j *job, why error) {
	if !j.ending {
		j.ending = true
		j.job.Stop(why)
	}
}

func (r *runner) launch(e *event) {
	r.run.sum.ran++
	c, err := r.program.command(e)
	if err != nil {
		r.report(e, -1, err.Error(), 0)
		return
	}
	j := &job{e: e}
	o := child.Options{Limit: r.limit, Grace: r.grace, Done: func(res *child.Result) { r.ended(j, res) }}
	if o.Grace == 0 {
		o.Grace = -1 // KILL at once
	}
	o.DeathSignal = signals.TERM // so that it does not outlive us, whatever happens to us
	r.connect(&o)
	if j.job, err = child.Start(r.run.loop, o, c); err != nil {
		r.report(e, -1, err.Error(), 0)
		return
	}
	r.running = append(r.running, j)
	j.look = r.run.loop.Every(stoppedLook, "stopped", func(int) { r.lookForStop(j) })
	r.run.out.Detail(1, "%s: begun as process %d for %s", r.program, j.job.PIDs()[0], toolkit.Escape(e.Subject()))
}

// connect gives the command our own outputs: where events are printed, all it prints goes to standard error. What is no file,
// in tests, is copied.
func (r *runner) connect(o *child.Options) {
	out, errs := r.run.env.Stdout.Writer, r.run.env.Stderr.Writer
	if r.run.prints() {
		out = errs
	}
	if f, ok := out.(*os.File); ok {
		o.OutputFile = f
	} else {
		o.Output = func(p []byte) { copyTo(out, p) }
	}
	if _, ok := errs.(*os.File); ok {
		o.InheritErrors = true
	} else {
		o.Errors = func(_ int, p []byte) { copyTo(errs, p) }
	}
}

// readerGone says whether a command that died of SIGPIPE may have done so because of our own output.
func (r *runner) readerGone() bool {
	f, ok := r.run.env.Stdout.Writer.(*os.File)
	if !ok || r.run.prints() {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0
}

// copyTo is best effort, as the command's own writing would be.
func copyTo(w io.Writer, p []byte) { _, _ = w.Write(p) }

// stoppedLook is how often a command that runs is looked at.
const stoppedLook = time.Second

// lookForStop reports a command that is stopped because it wants a terminal: it gets none, and would wait for ever.
func (r *runner) lookForStop(j *job) {
	p, err := proc.System{}.Look(j.job.PIDs()[0])
	if err == nil && p.State == 'T' {
		j.look.Cancel()
		r.run.out.Warn("%s: process %d is stopped: it may want to ask something at the terminal, which it cannot have", toolkit.Escape(r.program.String()), p.PID)
	}
}

func (r *runner) ended(j *job, res *child.Result) {
	j.look.Cancel()
	r.running = slices.DeleteFunc(r.running, func(other *job) bool { return other == j })
	exit := res.Stages[0].Exit
	how := exit.String()
	code := exit.ShellCode()
	switch {
	case errors.Is(res.Err, child.ErrLimit):
		how += " by --run-timeout " + toolkit.Short(r.limit)
		if code == 0 {
			code = -1
		}
	case errors.Is(res.Err, errRestart):
		how, code = how+", ended to begin anew", 0
	case exit.Signal == signals.PIPE && r.readerGone():
		how, code = how+", nobody reads its output", 0
		defer r.run.write(toolkit.Silent(toolkit.IO))
	case errors.Is(res.Err, errEnd):
		how += ", ended with the run"
		r.run.sum.ended++
	}
	r.report(j.e, code, how, res.Took)
	for len(r.waiting) > 0 && len(r.running) < r.most {
		e := r.waiting[0]
		r.waiting[0] = nil
		r.waiting = r.waiting[1:]
		r.launch(e)
	}
	r.run.settle()
}

// ranEvent is the end of a command as JSON. It has no command in it, so `ed send --json` passes it over.
type ranEvent struct {
	V     int    `json:"v"`
	Time  string `json:"time"`
	Event string `json:"event"`
	For   int    `json:"for"` // the number of the event it was run for
	Run   string `json:"run"`
	Exit  int    `json:"exit"` // 128 and the signal's number for a death by signal; -1: it was not run to its end
	How   string `json:"how"`
	Took  int64  `json:"took_ns"`
}

// report tells how a command ended. Its failure is told in any case, its success with -v.
func (r *runner) report(e *event, code int, how string, took time.Duration) {
	out := r.run.out
	if out.JSON {
		r.run.write(out.JSONLine(ranEvent{
			V: 1, Time: r.run.env.Now().Format(time.RFC3339Nano), Event: "ran", For: e.N, Run: r.program.String(), Exit: code, How: how, Took: int64(took),
		}))
	}
	text := how
	if took > 0 {
		text += " after " + toolkit.Short(took)
	}
	if code == 0 || r.closed { // if we ended it, that is no news
		out.Detail(1, "%s: %s", r.program, toolkit.Escape(text))
		return
	}
	out.Warn("%s: %s, for %s %s", toolkit.Escape(r.program.String()), toolkit.Escape(text), e.Event, toolkit.Escape(e.Subject()))
	r.run.commandFailed(code)
}
