package tail

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// warnings says each thing once: what goes wrong for one of ten thousand connections goes wrong for the others, too. The
// summary has the numbers. It belongs to the loop's goroutine, where transports log.
type warnings struct {
	out  *toolkit.Output
	said map[string]bool
}

// once warns, unless something of this kind was said before.
func (w *warnings) once(kind, text string) {
	if w.said[kind] {
		return
	}
	if w.said == nil {
		w.said = map[string]bool{}
	}
	w.said[kind] = true
	w.out.Warn("%s", toolkit.Escape(text))
}

func (w *warnings) logger() *slog.Logger { return slog.New(warningHandler{w}) }

// warningHandler makes warnings of what a transport logs.
type warningHandler struct{ w *warnings }

func (h warningHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

func (h warningHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		text := a.Value.String()
		switch v := a.Value.Any().(type) {
		case error:
			text = toolkit.Told(v)
		case time.Time:
			text = v.Local().Format(time.TimeOnly)
		}
		fmt.Fprintf(&b, ", %s %s", a.Key, text)
		return true
	})
	h.w.once(r.Message, b.String())
	return nil
}

func (h warningHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h warningHandler) WithGroup(string) slog.Handler      { return h }
