package reactor

import (
	"math"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dates tells when the wall clock was set. Timers at a date are in the wheel like the others, at the monotonic time that
// their date had when they were armed. Both clocks run at the same rate, so that holds until somebody sets the
// wall clock or the machine sleeps: a timerfd with TFD_TIMER_CANCEL_ON_SET becomes readable then, and all dates are
// worked out anew. It is made with the first date.
type dates struct {
	count    int
	watching bool
	fd       int
	wall     func() int64 // Unix nanoseconds; nil: the system's
}

// recheck is how long a date may go unlooked at when there is no timerfd, for lack of descriptors.
const recheck = int64(time.Second)

func (l *Loop) wall() int64 {
	if f := l.timed.dates.wall; f != nil {
		return f()
	}
	return time.Now().UnixNano()
}

// dateDue is the monotonic time of a date.
func (l *Loop) dateDue(date int64) int64 {
	now := l.clock() // before the wall clock is read: rather late than early
	left := date - l.wall()
	if date < 0 || left < 0 {
		left = 0
	}
	if left > math.MaxInt64-1-now {
		left = math.MaxInt64 - 1 - now
	}
	if !l.watchClock() {
		left = min(left, recheck)
	}
	return now + left
}

// dateEarly says whether a date that came up is still ahead, because the clock was set back and the word of it has not
// arrived, and when to look again.
func (l *Loop) dateEarly(date int64) (when int64, early bool) {
	if l.wall() >= date {
		return 0, false
	}
	return l.notYet(l.dateDue(date)), true
}

// watchClock makes the timerfd if there is none.
func (l *Loop) watchClock() bool {
	d := &l.timed.dates
	if d.watching {
		return true
	}
	fd, err := unix.TimerfdCreate(unix.CLOCK_REALTIME, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return false
	}
	far := unix.ItimerSpec{Value: unix.Timespec{Sec: math.MaxInt32}}
	if unsafe.Sizeof(far.Value.Sec) > 4 {
		far.Value.Sec *= 4 // the year 2242
	}
	if unix.TimerfdSettime(fd, unix.TFD_TIMER_ABSTIME|unix.TFD_TIMER_CANCEL_ON_SET, &far, nil) != nil {
		_ = unix.Close(fd)
		return false
	}
	s, err := l.Add(fd, clockStep{l}, SourceOptions{Name: "clock", Kind: "clock", Interest: Read, Background: true})
	if err != nil {
		_ = unix.Close(fd)
		return false
	}
	s.SetPriority(0)
	d.fd, d.watching = fd, true
	return true
}

func (d *dates) close() {
	if d.watching {
		_ = unix.Close(d.fd)
	}
}

// clockStep is the handler of the timerfd.
type clockStep struct{ loop *Loop }

func (c clockStep) OnReady(Source, Interest) {
	var count [8]byte
	_, _ = unix.Read(c.loop.timed.dates.fd, count[:]) // ECANCELED; the timer stays set
	c.loop.redate()
}

// redate works out all dates anew. It looks at every timer there is: clocks are set seldom.
func (l *Loop) redate() {
	w := &l.timed.wheel
	left := l.timed.dates.count
	for id := uint32(1); id < w.nodes.used && left > 0; id++ {
		if n := w.at(id); n.call != 0 && n.kind == atDate {
			left--
			if n.where != idle {
				l.armDate(id, n, l.timed.calls.at(n.call).span)
			}
		}
	}
}

// unixNano keeps dates outside of 1678..2262 at the ends.
func unixNano(t time.Time) int64 {
	switch s := t.Unix(); {
	case s >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	case s <= math.MinInt64/int64(time.Second):
		return math.MinInt64
	}
	return t.UnixNano()
}
