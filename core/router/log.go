package router

import (
	"context"
	"log/slog"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/secret"
)

// logLimit is how many lines a second the rules log. Clients decide how often there is a reason to, and they must not be able to fill
// a disk.
const logLimit = 20

// gate counts the lines of the current second.
type gate struct {
	logger  *slog.Logger
	second  int64
	lines   int
	dropped int
}

// at says what second it is.
func (g *gate) at(second int64) {
	if second == g.second {
		return
	}
	if g.dropped > 0 {
		g.logger.Warn("lines were left out of the log", "count", g.dropped)
	}
	g.second, g.lines, g.dropped = second, 0, 0
}

func (g *gate) debug(text string, args ...any) { g.write(slog.LevelDebug, text, args) }
func (g *gate) info(text string, args ...any)  { g.write(slog.LevelInfo, text, args) }
func (g *gate) warn(text string, args ...any)  { g.write(slog.LevelWarn, text, args) }

func (g *gate) write(level slog.Level, text string, args []any) {
	if g.logger.Enabled(context.Background(), level) && g.room() {
		g.logger.Log(context.Background(), level, text, args...)
	}
}

// room says whether one more line may be written in this second.
func (g *gate) room() bool {
	if g.lines == logLimit {
		g.dropped++
		return false
	}
	g.lines++
	return true
}

// gated is the log of the dispatcher, which says what clients said to it: as often as they like, and as much.
type gated struct{ *gate }

// Enabled implements slog.Handler.
func (g gated) Enabled(ctx context.Context, level slog.Level) bool {
	return g.logger.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (g gated) Handle(ctx context.Context, full slog.Record) error {
	if !g.room() {
		return nil
	}
	short := slog.NewRecord(full.Time, full.Level, full.Message, full.PC)
	full.Attrs(func(a slog.Attr) bool {
		if text := a.Value.String(); a.Value.Kind() == slog.KindString && len(text) > shownBytes {
			a.Value = slog.StringValue(text[:shownBytes] + "…")
		}
		short.AddAttrs(a)
		return true
	})
	return g.logger.Handler().Handle(ctx, short)
}

// WithAttrs implements slog.Handler; the dispatcher does not ask for it.
func (g gated) WithAttrs([]slog.Attr) slog.Handler { return g }

// WithGroup implements slog.Handler; the dispatcher does not ask for it.
func (g gated) WithGroup(string) slog.Handler { return g }

// shownBytes is how much of a value the log shows.
const shownBytes = 80

// shown is a message for the log: formatted only when it is written, secrets hidden, long values cut.
func shown(m *message.Message) slog.LogValuer { return logged{m} }

type logged struct{ m *message.Message }

// LogValue returns the message as a line.
func (l logged) LogValue() slog.Value {
	c := l.m.Clone()
	for name, value := range l.m.Params() {
		switch {
		case secret.Is([]byte(name)):
			c.Set(name, secret.Hidden)
		case len(value) > shownBytes:
			c.Set(name, value[:shownBytes]+"…")
		}
	}
	return slog.StringValue(c.String())
}
