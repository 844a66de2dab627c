package router

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

// logger makes the log. level may change later; out is written to once for each record, by whoever logs.
func newLogger(out io.Writer, format string, level *slog.LevelVar) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	switch format {
	case "json":
		return slog.New(slog.NewJSONHandler(out, o))
	case "journal":
		return slog.New(newJournal(out, level))
	}
	return slog.New(slog.NewTextHandler(out, o))
}

// formatOf chooses what "auto" is: the journal's where systemd connected standard error to it.
func formatOf(format, logFile string, getenv func(string) string) string {
	switch {
	case format != "auto":
		return format
	case logFile == "" && getenv("JOURNAL_STREAM") != "":
		return "journal"
	}
	return "text"
}

func levelOf(name string) slog.Level {
	switch name {
	case "debug":
		return slog.LevelDebug
	case "warning":
		return slog.LevelWarn
	case "error":
		return slog.LevelError
	}
	return slog.LevelInfo
}

// journal writes records as systemd's journal reads them from a standard error: the priority as <N> before the line, no time.
type journal struct {
	inner slog.Handler // writes to shared.line
	*shared
}

// shared is what a handler has in common with those that WithAttrs makes.
type shared struct {
	mu   sync.Mutex
	line bytes.Buffer
	out  io.Writer
}

func newJournal(out io.Writer, level slog.Leveler) *journal {
	s := &shared{out: out}
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{} // the journal has both
		}
		return a
	}}
	return &journal{slog.NewTextHandler(&s.line, o), s}
}

// Enabled implements slog.Handler.
func (j *journal) Enabled(ctx context.Context, level slog.Level) bool {
	return j.inner.Enabled(ctx, level)
}

// Handle implements slog.Handler. The numbers are those of sd-daemon(3).
func (j *journal) Handle(ctx context.Context, r slog.Record) error {
	priority := "<7>"
	switch {
	case r.Level >= slog.LevelError:
		priority = "<3>"
	case r.Level >= slog.LevelWarn:
		priority = "<4>"
	case r.Level >= slog.LevelInfo:
		priority = "<6>"
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.line.Reset()
	j.line.WriteString(priority)
	if err := j.inner.Handle(ctx, r); err != nil {
		return err
	}
	_, err := j.out.Write(j.line.Bytes())
	return err
}

// WithAttrs implements slog.Handler.
func (j *journal) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &journal{j.inner.WithAttrs(attrs), j.shared}
}

// WithGroup implements slog.Handler.
func (j *journal) WithGroup(name string) slog.Handler {
	return &journal{j.inner.WithGroup(name), j.shared}
}
