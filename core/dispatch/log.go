package dispatch

import (
	"context"
	"log/slog"
)

// logLimit is how many lines a second this package logs. Peers decide how often there is a reason to, and they must not
// be able to fill a disk.
const logLimit = 10

// logGate counts the lines of the current second.
type logGate struct {
	second  int64
	lines   int
	dropped int
}

// log writes a line, unless this second has had its share. How many were left out is said with the next one. The line names the peer
// that from leads to, if from knows it.
func (d *Dispatcher) log(from Sender, level slog.Level, text string, args ...any) {
	logger := d.options.Logger
	if logger == nil {
		logger = slog.Default()
	}
	if !logger.Enabled(context.Background(), level) {
		return // it takes no place from the others
	}
	g := &d.logged
	if now := d.now().Unix(); now != g.second {
		if g.dropped > 0 {
			logger.Warn("lines were left out of the log", "count", g.dropped)
		}
		*g = logGate{second: now}
	}
	if g.lines == logLimit {
		g.dropped++
		return
	}
	g.lines++
	if l, ok := from.(Labeler); ok {
		var ev Event
		l.Label(&ev)
		args = append(args, "peer", ev.Peer, "link", ev.Link, "name", ev.Name)
	}
	logger.Log(context.Background(), level, text, args...)
}
