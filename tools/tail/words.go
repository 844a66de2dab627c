package tail

import (
	"time"

	"github.com/ed-toolbox/ed/tools/toolkit"
)

func plural(n uint64, what string) string { return toolkit.Plural(n, what) }

func optional(n uint64, format string) string { return toolkit.Optional(n, format) }

func short(d time.Duration) string { return toolkit.Short(d) }
