package reactor

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	firstEvents = 128  // events taken by one wait at first
	mostEvents  = 8192 // and at most; more wait for the next turn
	wakeSlot    = -1   // what the wake descriptor's events carry instead of a slot
)

// poller is the kernel's side: an epoll and the eventfd that ends its wait. The data of each event is slot and
// generation of a source.
type poller struct {
	fd, wakeFD int
	events     []unix.EpollEvent
	span       [2]int64 // seconds and nanoseconds, of 64 bits everywhere
	coarse     bool     // no epoll_pwait2 (before Linux 5.11): waits are whole milliseconds, rounded up
}

func (p *poller) open() error {
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	p.wakeFD = wake
	if p.fd, err = p.create(); err != nil {
		_ = unix.Close(wake)
		return err
	}
	p.events = make([]unix.EpollEvent, firstEvents)
	return nil
}

// create makes an epoll that knows the wake descriptor only.
func (p *poller) create() (int, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("epoll_create1", err)
	}
	// Edge-triggered: each write is one event, so the counter never needs to be read.
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: wakeSlot}
	if err := unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, p.wakeFD, &event); err != nil {
		_ = unix.Close(fd)
		return -1, os.NewSyscallError("epoll_ctl", err)
	}
	return fd, nil
}

func (p *poller) close() error {
	err := unix.Close(p.wakeFD)
	if e := unix.Close(p.fd); err == nil {
		err = e
	}
	p.fd, p.wakeFD = -1, -1
	return os.NewSyscallError("close", err)
}

// control adds, changes or deletes one registration.
func (p *poller) control(op, fd int, mask, slot, gen uint32) error {
	event := unix.EpollEvent{Events: mask, Fd: int32(slot), Pad: int32(gen)}
	_, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(p.fd), uintptr(op), uintptr(fd), uintptr(unsafe.Pointer(&event)), 0, 0)
	if e != 0 {
		return os.NewSyscallError("epoll_ctl", e)
	}
	return nil
}

// peek takes what is ready now. It is a raw system call, which the scheduler does not see: it costs half of one that
// the scheduler does see, and is right only because it cannot block.
func (p *poller) peek() (int, error) {
	n, _, e := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(p.events)), 0, 0, 0)
	return result(int(n), e)
}

// wait blocks until something is ready or d has passed; a negative d is for ever. It tells the scheduler, which hands
// the processor to other goroutines meanwhile. A signal ends it without a look at what is ready, also when the process was stopped and
// goes on much later: it is looked at then.
func (p *poller) wait(d time.Duration) (int, error) {
	if p.coarse {
		n, err := unix.EpollWait(p.fd, p.events, milliseconds(d))
		if err == unix.EINTR {
			return p.peek()
		}
		return n, os.NewSyscallError("epoll_wait", err)
	}
	var span *[2]int64
	if d >= 0 {
		p.span = [2]int64{int64(d / time.Second), int64(d % time.Second)}
		span = &p.span
	}
	n, _, e := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(p.events)), uintptr(unsafe.Pointer(span)), 0, 0)
	if e == unix.ENOSYS || e == unix.EPERM { // an old kernel, or a sandbox that does not know the call
		p.coarse = true
		return p.wait(d)
	}
	if e == unix.EINTR {
		return p.peek()
	}
	return result(int(n), e)
}

// grow makes room for more events at a time after a wait that filled it all: priorities order only what one wait brings.
func (p *poller) grow(n int) {
	if n == len(p.events) && n < mostEvents {
		p.events = make([]unix.EpollEvent, 2*n)
	}
}

func result(n int, e unix.Errno) (int, error) {
	switch e {
	case 0:
		return n, nil
	case unix.EINTR:
		return 0, nil
	}
	return 0, os.NewSyscallError("epoll_wait", e)
}

// milliseconds rounds up, so that a timer is never met early by a turn that would then have to wait again and again.
func milliseconds(d time.Duration) int {
	if d < 0 {
		return -1
	}
	ms := d / time.Millisecond
	if d%time.Millisecond != 0 {
		ms++
	}
	return int(min(ms, 1<<30))
}

// ring ends the wait, or the next one if there is none now.
func ring(wakeFD int) {
	one := uint64(1)
	// The counter would have to reach 2^64-2 for this to fail.
	_, _, _ = syscall.RawSyscall(unix.SYS_WRITE, uintptr(wakeFD), uintptr(unsafe.Pointer(&one)), 8)
}
