package child

import (
	"cmp"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/transport"
	"github.com/ed-toolbox/ed/transport/pipe"
)

// Defaults of Options.
const (
	DefaultKeep  = 1 << 20
	DefaultDrain = time.Second
)

// Options of Start. The zero value runs commands without input, keeps what they print, and waits for them for ever.
type Options struct {
	// Input is what the first command reads; nil: nothing. An *os.File is handed to it as it is. Another reader is read on a
	// goroutine of its own, unless it is a *bytes.Reader, a *bytes.Buffer or a *strings.Reader. If its Read never returns, neither does that
	// goroutine.
	Input io.Reader
	// Output gets what the last command writes to its standard output, and Errors what any writes to its standard error; p is
	// borrowed, and ends anywhere: a message.Decoder cuts it into lines. They are called on the loop's goroutine and must not block. Nil:
	// it is kept for the Result.
	Output func(p []byte)
	Errors func(stage int, p []byte)
	// OutputFile is what the last command gets as its standard output, in place of a pipe that Output reads; it stays the
	// caller's. Nil: a pipe.
	OutputFile *os.File
	// InheritErrors gives the commands our own standard error.
	InheritErrors bool
	// Keep is how many bytes of each of these are kept; what is more is read and dropped. Default 1 MiB.
	Keep int

	Limit time.Duration // all in all; then the commands are ended, and the error is ErrLimit. 0: none
	Grace time.Duration // from TERM to KILL; default 2 s, negative: KILL at once
	Drain time.Duration // how long the pipes are read on after the last command ended, where something it left behind holds them; default 1 s

	// DeathSignal is sent by the kernel to each command when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG); 0: none.
	// Go ends a thread only with the process, or when a goroutine locked to it ends.
	DeathSignal syscall.Signal

	// Done is called once, on the loop's goroutine, when all commands have ended and their pipes are read out.
	Done func(*Result)
}

// Job is a command or a pipeline that runs. All methods belong to the loop's goroutine.
type Job struct {
	loop    *reactor.Loop
	o       Options
	group   *group
	feed    *feed
	pipes   map[transport.Conn]bool
	exited  bool
	over    bool
	limit   reactor.Timer
	drain   reactor.Timer
	result  Result
	started time.Time
}

// Start runs commands, each one's standard output into the next one's standard input, in a process group of their own. An
// error, most often a *StartError, means that none runs. It blocks for the time the system takes to start them, about a
// millisecond each. The job keeps the loop alive until it is done.
func Start(l *reactor.Loop, o Options, commands ...Command) (*Job, error) {
	o.Keep = cmp.Or(o.Keep, DefaultKeep)
	o.Grace = cmp.Or(o.Grace, DefaultGrace)
	o.Drain = cmp.Or(o.Drain, DefaultDrain)
	j := &Job{loop: l, o: o, pipes: map[transport.Conn]bool{}, started: time.Now()}
	j.group = &group{loop: l, grace: o.Grace, ended: j.ended}
	j.result.Stages = make([]Stage, len(commands))
	for i, c := range commands {
		j.result.Stages[i].Command = c
	}
	p := &plumbing{}
	err := j.start(p, commands)
	p.close(err)
	if err != nil {
		return nil, err
	}
	if o.Limit > 0 {
		j.limit = l.After(o.Limit, "time limit", func() { j.Stop(ErrLimit) })
	}
	return j, nil
}

// start makes the pipes and the processes, and then the connections, which cannot fail but for want of memory.
func (j *Job) start(p *plumbing, commands []Command) error {
	in, inFD, err := j.input(p)
	if err != nil {
		return err
	}
	out, outFD := j.o.OutputFile, -1
	if out == nil {
		if out, outFD, err = p.fromChild("stdout"); err != nil {
			return err
		}
	}
	errFDs := make([]int, 0, len(commands))
	errs := func(int) (*os.File, error) {
		if j.o.InheritErrors {
			return os.Stderr, nil
		}
		f, fd, err := p.fromChild("stderr")
		errFDs = append(errFDs, fd)
		return f, err
	}
	if err := p.start(j.group, commands, in, out, errs, j.o.DeathSignal); err != nil {
		return err
	}
	return j.connect(p, inFD, outFD, errFDs)
}

// input is the first command's standard input, and our end of it, if there is one.
func (j *Job) input(p *plumbing) (*os.File, int, error) {
	switch in := j.o.Input.(type) {
	case nil:
		f, err := p.null(os.O_RDONLY)
		return f, -1, err
	case *os.File:
		return in, -1, nil
	}
	return p.toChild()
}

// connect puts our ends on the loop.
func (j *Job) connect(p *plumbing, in, out int, errs []int) error {
	conn := func(r, w int, h transport.Handler, name string) error {
		c, err := pipe.New(j.loop, r, w, pipe.Options{Options: transport.Options{Name: name, CloseTimeout: -1}}, h)
		if err != nil {
			j.abandon()
			return err
		}
		j.pipes[c] = true
		p.ours = p.ours[1:] // in the order in which they were made
		return nil
	}
	if in >= 0 {
		j.feed = newFeed(j, j.o.Input)
		if err := conn(-1, in, j.feed, "stdin"); err != nil {
			return err
		}
	}
	if out >= 0 {
		output := &sink{job: j, keep: &j.result.Output, cut: &j.result.OutputCut, f: j.o.Output}
		if err := conn(out, -1, output, "stdout"); err != nil {
			return err
		}
	}
	for i, fd := range errs {
		s := &j.result.Stages[i]
		errors := &sink{job: j, keep: &s.Errors, cut: &s.ErrorsCut}
		if f := j.o.Errors; f != nil {
			errors.f = func(p []byte) { f(i, p) }
		}
		if err := conn(fd, -1, errors, "stderr"); err != nil {
			return err
		}
	}
	return nil
}

// abandon is the end of a job that could not be put on the loop.
func (j *Job) abandon() {
	j.over = true
	for c := range j.pipes {
		c.Abort(nil)
	}
	j.group.abandon()
}

// PIDs are the numbers of the processes, the first being that of their group.
func (j *Job) PIDs() []int { return append([]int{}, j.group.procs...) }

// Signal sends a signal to all processes of the job, those that the commands started included.
func (j *Job) Signal(s syscall.Signal) {
	if !j.over {
		j.group.signal(s)
	}
}

// Stop ends the job: TERM to its process group, and KILL after Options.Grace. Done is called when all have ended; its
// Result has err. Only the first Stop counts.
func (j *Job) Stop(err error) {
	if j.over || j.group.ending {
		return
	}
	j.result.Err = err
	j.limit.Cancel()
	j.group.terminate()
}

// ended is called when the last process has.
func (j *Job) ended() {
	j.exited = true
	if len(j.pipes) > 0 {
		j.drain = j.loop.After(j.o.Drain, "drain", func() {
			j.result.Held = true
			for c := range j.pipes {
				c.Abort(nil)
			}
		})
	}
	j.settle()
}

func (j *Job) closed(c transport.Conn) {
	delete(j.pipes, c)
	j.settle()
}

// settle tells the result when nothing more can come.
func (j *Job) settle() {
	if !j.exited || len(j.pipes) > 0 || j.over {
		return
	}
	j.over = true
	j.limit.Cancel()
	j.drain.Cancel()
	for i, e := range j.group.reap() {
		j.result.Stages[i].Exit = e
	}
	j.result.Took = time.Since(j.started)
	if j.o.Done != nil {
		j.o.Done(&j.result)
	}
}

// sink takes what comes out of a command.
type sink struct {
	job  *Job
	keep *[]byte
	cut  *bool
	f    func(p []byte)
}

func (s *sink) OnOpen(transport.Conn) {}

func (s *sink) OnData(_ transport.Conn, p []byte) {
	if s.f != nil {
		s.f(p)
		return
	}
	if room := s.job.o.Keep - len(*s.keep); len(p) > room {
		p, *s.cut = p[:max(room, 0)], true
	}
	*s.keep = append(*s.keep, p...)
}

func (s *sink) OnDrain(transport.Conn) {}

func (s *sink) OnClose(c transport.Conn, _ error) { s.job.closed(c) }
