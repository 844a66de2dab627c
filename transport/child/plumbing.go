package child

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// plumbing is the descriptors of commands that are being started. What children got is closed here once they have it; what is
// ours stays open if all goes well.
type plumbing struct {
	theirs []*os.File
	ours   []int
}

// close ends the work: with an error nothing stays open.
func (p *plumbing) close(err error) {
	p.drop()
	if err == nil {
		return
	}
	for _, fd := range p.ours {
		_ = unix.Close(fd)
	}
}

// drop closes what the children have by now.
func (p *plumbing) drop() {
	for _, f := range p.theirs {
		_ = f.Close()
	}
	p.theirs = p.theirs[:0]
}

// pipe makes one: both ends are close-on-exec and blocking, as programs expect.
func (p *plumbing) pipe() (r, w int, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return -1, -1, os.NewSyscallError("pipe2", err)
	}
	return fds[0], fds[1], nil
}

// their is a descriptor for a child.
func (p *plumbing) their(fd int, name string) *os.File {
	f := os.NewFile(uintptr(fd), name)
	p.theirs = append(p.theirs, f)
	return f
}

// toChild makes a pipe to write to.
func (p *plumbing) toChild() (child *os.File, fd int, err error) {
	r, w, err := p.pipe()
	if err != nil {
		return nil, -1, err
	}
	p.ours = append(p.ours, w)
	return p.their(r, "stdin"), w, nil
}

// fromChild makes a pipe to read from.
func (p *plumbing) fromChild(name string) (child *os.File, fd int, err error) {
	r, w, err := p.pipe()
	if err != nil {
		return nil, -1, err
	}
	p.ours = append(p.ours, r)
	return p.their(w, name), r, nil
}

// between makes a pipe of which we keep nothing.
func (p *plumbing) between() (in, out *os.File, err error) {
	r, w, err := p.pipe()
	if err != nil {
		return nil, nil, err
	}
	return p.their(r, "stdin"), p.their(w, "stdout"), nil
}

func (p *plumbing) null(flag int) (*os.File, error) {
	fd, err := unix.Open(os.DevNull, flag|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("open "+os.DevNull, err)
	}
	return p.their(fd, os.DevNull), nil
}

// start runs commands, each one's output into the next one's input. errs makes the third descriptor of each. If one
// cannot be started, those before it are killed.
func (p *plumbing) start(g *group, commands []Command, in, out *os.File, errs func(stage int) (*os.File, error), deathSignal syscall.Signal) error {
	if len(commands) == 0 {
		return &StartError{Reason: "there is no command", Err: errors.ErrUnsupported}
	}
	for i, c := range commands {
		files := [3]*os.File{in, out, nil}
		var err error
		if i < len(commands)-1 {
			in, files[1], err = p.between()
		}
		if err == nil {
			files[2], err = errs(i)
		}
		if err == nil {
			err = g.add(c, files, deathSignal)
		}
		if err != nil {
			g.abandon()
			return err
		}
	}
	return nil
}
