package router

import (
	"strings"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
)

// notifier tells systemd how the router is, on a goroutine of its own: sd_notify(3) may wait for a socket. Without systemd
// it does nothing.
type notifier struct {
	queue chan string // nil without systemd
	over  chan struct{}
	pulse time.Duration // how often the watchdog wants to hear of us; 0: never
}

// newNotifier looks for systemd in the environment.
func newNotifier(getenv func(string) string) *notifier {
	n := &notifier{over: make(chan struct{})}
	if getenv("NOTIFY_SOCKET") == "" {
		close(n.over)
		return n
	}
	if limit, err := sd.SdWatchdogEnabled(false); err == nil && limit > 0 {
		n.pulse = limit / 3
	}
	n.queue = make(chan string, 16)
	go func() {
		defer close(n.over)
		for state := range n.queue {
			// Nothing can be done about a manager that does not listen.
			_, _ = sd.SdNotify(false, state)
		}
	}()
	return n
}

// tell sends lines NAME=VALUE. It is dropped if systemd has not taken the 16 before.
func (n *notifier) tell(lines ...string) {
	if n.queue == nil {
		return
	}
	select {
	case n.queue <- strings.Join(lines, "\n"):
	default:
	}
}

func (n *notifier) ready(status string) { n.tell(sd.SdNotifyReady, "STATUS="+status) }

// reloading must be followed by ready. The time is what Type=notify-reload asks for.
func (n *notifier) reloading() { n.tell(sd.SdNotifyReloading, sd.SdNotifyMonotonicUsec()) }

func (n *notifier) stopping(status string) { n.tell(sd.SdNotifyStopping, "STATUS="+status) }

func (n *notifier) status(text string) { n.tell("STATUS=" + text) }

func (n *notifier) alive() { n.tell(sd.SdNotifyWatchdog) }

// close waits until all was told, for at most d.
func (n *notifier) close(d time.Duration) {
	if n.queue != nil {
		close(n.queue)
	}
	await(d, n.over)
}
