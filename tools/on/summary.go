package on

import (
	"time"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

// tally is what the summary tells.
type tally struct {
	ran, failed, skipped, dropped, ended uint64 // commands, or events without one
	sent, notSent                        uint64
}

// say prints the summary on standard error.
func (t *tally) say(out *toolkit.Output, events int, took time.Duration) {
	text := toolkit.Plural(events, "event")
	if t.ran+t.skipped+t.dropped > 0 {
		text += ", " + toolkit.Plural(t.ran, "command") + " run" +
			toolkit.Optional(t.failed, " (%d failed)") + toolkit.Optional(t.ended, " (%d ended)") + toolkit.Optional(t.skipped+t.dropped, ", %d passed over")
	}
	if t.sent+t.notSent > 0 {
		text += ", " + toolkit.Plural(t.sent, "message") + " sent" + toolkit.Optional(t.notSent, " (%d not)")
	}
	out.Say("%s in %s", text, toolkit.Short(took))
}
