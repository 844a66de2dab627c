package tail

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/core/reactor"
	"github.com/ed-toolbox/ed/core/signals"
	processes "github.com/ed-toolbox/ed/core/watch"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

const (
	maxWaiting      = 1000     // shell commands that wait for their turn
	maxWaitingBytes = 16 << 20 // of their environments
	maxReplyBytes   = 1 << 20  // of what a shell command prints with --on-reply
	maxVariable     = 128 << 10
	killAfter       = 2 * time.Second // from TERM to KILL
)

// trigger is one value of --on.
type trigger struct {
	command dispatch.Glob
	line    string // for /bin/sh -c
}

// parseTrigger reads 'COMMAND=shell command'.
func parseTrigger(text string) (*trigger, error) {
	pattern, line, ok := strings.Cut(text, "=")
	if !ok || strings.TrimSpace(line) == "" {
		return nil, toolkit.Errorf(toolkit.Usage, "option --on: %q is not COMMAND=SHELL COMMAND", toolkit.Escape(text))
	}
	glob, err := dispatch.CommandGlob(strings.TrimSpace(pattern))
	if err != nil {
		return nil, toolkit.Errorf(toolkit.Usage, "option --on: %w", err)
	}
	return &trigger{command: glob, line: line}, nil
}

// job is one shell command to run for one message.
type job struct {
	trigger *trigger
	env     []string // the message, as variables
	size    int      // bytes of env
	command string   // of the message
	peer    string
	link    uint64
	from    dispatch.Sender  // where replies go
	address *message.Message // a message to the sender; replies take its address
}

// result is how a shell command ended.
type result struct {
	*job
	took time.Duration
	exit int    // as shells have it; -1: it was never started
	how  string // in words
	out  []byte // what it printed, with --on-reply
	lost bool   // it printed more than that
}

// runner runs shell commands, a few at once and never on the loop. It belongs to the loop's goroutine.
type runner struct {
	loop   *reactor.Loop
	most   int           // at once
	limit  time.Duration // for each; 0: none
	stderr io.Writer     // for what they print; nil: nowhere
	reply  bool          // their standard output is kept
	done   func(result)
	idle   func() // nothing runs or waits any more

	ctx     context.Context // its end kills all that run
	kill    context.CancelFunc
	running int
	waiting []*job
	bytes   int
	dropped uint64
}

// start runs j, or lets it wait. False: it was dropped.
func (r *runner) start(j *job) bool {
	if r.running < r.most {
		r.run(j)
		return true
	}
	if len(r.waiting) >= maxWaiting || r.bytes+j.size > maxWaitingBytes {
		r.dropped++
		return false
	}
	r.waiting = append(r.waiting, j)
	r.bytes += j.size
	return true
}

func (r *runner) run(j *job) {
	r.running++
	r.loop.Hold()
	go func() {
		res := r.execute(j)
		// The loop is held, so it is not closed before this; thousands of other posts cannot be waiting.
		_ = r.loop.Post(func() { r.ended(res) })
	}()
}

func (r *runner) ended(res result) {
	r.running--
	r.loop.Release()
	r.done(res)
	if len(r.waiting) > 0 && r.running < r.most {
		next := r.waiting[0]
		r.waiting[0] = nil
		r.waiting = r.waiting[1:]
		r.bytes -= next.size
		r.run(next)
	}
	if r.running == 0 && r.idle != nil {
		r.idle()
	}
}

// busy says whether anything runs or waits.
func (r *runner) busy() bool { return r.running > 0 }

// cancel forgets what waits and ends what runs.
func (r *runner) cancel() {
	r.dropped += uint64(len(r.waiting))
	r.waiting, r.bytes = nil, 0
	r.kill()
}

// execute is on a goroutine of its own.
func (r *runner) execute(j *job) result {
	began := time.Now()
	cmd := exec.Command("/bin/sh", "-c", j.trigger.line)
	cmd.Env = j.env
	cmd.Stderr = r.stderr
	cmd.Stdout = r.stderr // our standard output is for messages alone
	cmd.WaitDelay = killAfter
	var kept bounded
	if r.reply {
		cmd.Stdout = &kept
	}
	proc.OwnGroup(cmd)
	res := result{job: j, exit: -1}
	if err := cmd.Start(); err != nil {
		res.how = err.Error()
		return res
	}
	err := r.wait(cmd)
	res.took = time.Since(began)
	ended := processes.ExitOfState(cmd.ProcessState)
	res.exit, res.how = ended.ShellCode(), ended.String()
	if errors.Is(err, context.DeadlineExceeded) {
		res.how += ", its time was over"
	}
	res.out, res.lost = kept.b.Bytes(), kept.lost
	return res
}

// wait waits for the command, and ends its process group when its time is over.
func (r *runner) wait(cmd *exec.Cmd) error {
	ctx := r.ctx
	if r.limit > 0 {
		limited, cancel := context.WithTimeout(ctx, r.limit)
		defer cancel()
		ctx = limited
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	_ = proc.SignalGroup(cmd, signals.TERM) // it may have ended just now
	select {
	case <-done:
	case <-time.After(killAfter):
		_ = proc.SignalGroup(cmd, signals.KILL)
		<-done
	}
	return ctx.Err()
}

// bounded keeps the first bytes of what is written to it and takes the rest without a word, so that the writer goes on.
type bounded struct {
	b    bytes.Buffer
	lost bool
}

func (b *bounded) Write(p []byte) (int, error) {
	keep := min(len(p), maxReplyBytes-b.b.Len())
	b.b.Write(p[:keep])
	b.lost = b.lost || keep < len(p)
	return len(p), nil
}

// environment is ours, with the message in variables. A value never is a part of a command line. When one listener's command runs
// another, what the first message had must not show in the second.
func environment(m *message.Message, text []byte, peer string) (env []string, size int) {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !toolkit.DescribesMessage(name) {
			env = append(env, v)
		}
	}
	set := func(name, value string) {
		// execve(2) takes no longer string; the others still say what there is to say.
		if len(name)+len(value)+2 <= maxVariable {
			env = append(env, name+"="+value)
			size += len(name) + len(value)
		}
	}
	set("ED_COMMAND", m.Command())
	set("ED_SERVER", m.Server())
	set("ED_SERVICE", m.Service())
	set("ED_FROM_SERVER", m.SentFromServer())
	set("ED_FROM_SERVICE", m.SentFromService())
	set("ED_MESSAGE", string(text))
	set("ED_PEER", peer)
	if json, err := m.AppendJSON(nil); err == nil {
		set("ED_JSON", string(json))
	}
	for name, value := range m.Params() {
		set("ED_PARAM_"+name, value)
	}
	return env, size
}
