package tail

import (
	"errors"
	"fmt"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// filter chooses messages that nobody traced.
type filter inspect.Filter

// parseFilter reads the values of --filter; inspect.ParseFilter tells what they are.
func parseFilter(texts []string) (filter, error) {
	f, err := inspect.ParseMessageFilter(texts...)
	return filter(f), filterError(err)
}

// filterError makes a usage error of what is wrong with a filter.
func filterError(err error) error {
	wrong, ok := errors.AsType[*inspect.FilterError](err)
	if !ok {
		return err
	}
	why := wrong.Reason
	if near := toolkit.Nearest(wrong.Field, wrong.Known); wrong.Field != "" && near != "" {
		why = fmt.Sprintf("there is no field %q; did you mean %s?", wrong.Field, near)
	}
	return toolkit.Errorf(toolkit.Usage, "option --filter: in %q: %s", toolkit.Escape(wrong.Text), why)
}

// match says whether a message is to be shown.
func (f filter) match(m *message.Message, peer string, out bool) bool {
	if len(f) == 0 {
		return true
	}
	ev := dispatch.Event{Message: m, Peer: peer}
	if out {
		ev.Direction = dispatch.Out
	}
	return inspect.Filter(f).Match(&ev)
}

func direction(out bool) string {
	if out {
		return "out"
	}
	return "in"
}
