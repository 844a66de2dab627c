package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Clip shortens s to n bytes or up to three less: half a letter would be another one once it was written as JSON and read again.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for least := n - utf8.UTFMax + 1; n > least && !utf8.RuneStart(s[n]); {
		n--
	}
	return s[:n] + "…"
}

// Short writes a duration with three digits or so.
func Short(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Short(-max(d, -math.MaxInt64))
	case d < time.Microsecond:
		return fmt.Sprintf("%dns", d)
	case d < time.Millisecond:
		return trimmed(float64(d)/1e3) + "µs"
	case d < time.Second:
		return trimmed(float64(d)/1e6) + "ms"
	}
	return trimmed(d.Seconds()) + "s"
}

func trimmed(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// Count writes a number with spaces between thousands, and one decimal if it is small.
func Count(v float64) string {
	if v < 1000 && v != float64(int64(v)) {
		return fmt.Sprintf("%.1f", v)
	}
	s := fmt.Sprintf("%.0f", v)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// Text writes the report for people.
func (r *Report) Text(w io.Writer) error {
	var b strings.Builder
	r.title(&b)
	if len(r.Steps) > 0 {
		r.table(&b)
	} else {
		r.figures(&b)
	}
	r.remarks(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) title(b *strings.Builder) {
	l := r.Load
	fmt.Fprintf(b, "%s %s, %s loop", r.Kind, r.Address, l.Loop)
	if l.Loop == "open" {
		fmt.Fprintf(b, ", %s, %s", l.Rate, l.Arrival)
		if l.Burst > 1 {
			fmt.Fprintf(b, " in bursts of %d", l.Burst)
		}
	}
	window := fmt.Sprintf("window %d", l.Window)
	if l.Window == 0 {
		window = "no window"
	}
	switch r.Kind {
	case "pub": // nothing is in flight
		fmt.Fprintf(b, ", %s", plural(l.Connections, "connection"))
	case "fanout":
		fmt.Fprintf(b, ", 1 sender, %s, %s", plural(l.Receivers, "receiver"), window)
	case "router":
		fmt.Fprintf(b, ", %s, %s", plural(l.Connections, "pair"), window)
	case "connect":
		fmt.Fprintf(b, ", %d at a time", l.Connections)
	default:
		fmt.Fprintf(b, ", %s, %s", plural(l.Connections, "connection"), window)
	}
	fmt.Fprintf(b, ", %s", plural(l.Workers, "worker"))
	if l.Idle > 0 {
		fmt.Fprintf(b, ", %d idle beside", l.Idle)
	}
	if r.Kind != "connect" {
		fmt.Fprintf(b, ", %d bytes", l.Size)
	}
	fmt.Fprintf(b, ", %s (+%s warm-up discarded)\n", l.Duration.Round(time.Millisecond), l.Warmup)
	if r.Interrupted {
		fmt.Fprintf(b, "interrupted after %s\n", l.Duration.Round(time.Millisecond))
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (r *Report) figures(b *strings.Builder) {
	c := r.Counts
	lost := Count(float64(c.Lost))
	received := Count(float64(c.Received))
	if !c.LostKnown {
		lost, received = "not known", "not known"
	}
	fmt.Fprintf(b, "sent %s  received %s  lost %s  dup %s  reordered %s", Count(float64(c.Sent)), received, lost, Count(float64(c.Duplicated)), Count(float64(c.Reordered)))
	for _, more := range []struct {
		n    uint64
		name string
	}{{c.Due - min(c.Due, c.Sent), "not sent"}, {c.Late, "late"}, {c.Wrong, "wrong"}, {c.Failed, "failed"}} {
		if more.n > 0 {
			fmt.Fprintf(b, "  %s %s", more.name, Count(float64(more.n)))
		}
	}
	b.WriteByte('\n')
	fmt.Fprintf(b, "achieved %s/s", Count(r.Rate.Achieved))
	if r.Rate.Target > 0 {
		times := ""
		if r.Load.Receivers > 0 {
			times = fmt.Sprintf("%d × ", r.Load.Receivers)
		}
		fmt.Fprintf(b, " (%.1f%% of %s%s/s)", r.Rate.Percent, times, Count(r.Rate.Target))
	}
	fmt.Fprintf(b, "\n\n%-10s %9s %9s %9s %9s %9s %9s\n", "", "p50", "p90", "p99", "p99.9", "max", "mean")
	row := func(name string, l *Latency) {
		if l == nil || l.Count == 0 {
			return
		}
		fmt.Fprintf(b, "%-10s %9s %9s %9s %9s %9s %9s\n", name, Short(l.P50), Short(l.P90), Short(l.P99), Short(l.P999), Short(l.Max), Short(l.Mean))
	}
	row("response", r.Response)
	row("service", r.Service)
	row("delivery", r.Delivery)
	row("late", r.Generator.Late)
	b.WriteByte('\n')
	r.definitions(b)
	r.generator(b)
}

// definitions says what the times are.
func (r *Report) definitions(b *strings.Builder) {
	end, what, sent := "its answer was read", "message", "sent"
	switch r.Kind {
	case "pub":
		end = "the kernel took it"
	case "connect":
		end, what, sent = "it was there", "connection", "begun"
	case "fanout", "router":
		end = "it was received"
	}
	if r.Load.Loop == "closed" {
		fmt.Fprintf(b, "response = service: from when each %s was %s until %s; in a closed loop a %s is due when the one before is done\n", what, sent, end, what)
	} else {
		fmt.Fprintf(b, "response: from when each %s was due until %s; a stall counts for all that were due in it\n", what, end)
		fmt.Fprintf(b, "service:  from when it was really %s until %s\n", sent, end)
	}
	if r.Load.Loop == "open" && len(r.Steps) == 0 {
		fmt.Fprintf(b, "late:     how much later than due the generator sent what it was free to send\n")
	}
	if r.Delivery != nil {
		fmt.Fprintf(b, "delivery: from when each message was due until the service handled it, by the service's clock\n")
	}
}

func (r *Report) generator(b *strings.Builder) {
	g := r.Generator
	fmt.Fprintf(b, "generator: %.2f processors, waited for %.2f, busiest loop %.0f%% busy", g.Cores, g.Queued, 100*g.Busy)
	if g.Late != nil {
		fmt.Fprintf(b, ", late > 1ms: %.2f%%, held back: %s", 100*g.LateShare, Count(float64(g.Held)))
	}
	fmt.Fprintf(b, ", %d collections, pauses %s (longest %s)\n", g.GCs, Short(g.GCPause), Short(g.GCMax))
	if t := r.Target; t != nil {
		fmt.Fprintf(b, "process %d: %s of processor time, %s each, %.1f MiB resident (%+.1f)\n", t.PID, Short(t.CPU), Short(t.PerMessage), float64(t.RSS)/(1<<20), float64(t.RSS-t.RSSBefore)/(1<<20))
	}
}

// table shows the runs of a series.
func (r *Report) table(b *strings.Builder) {
	fmt.Fprintf(b, "%34s %23s\n", "response", "service") // and 80 columns in all
	fmt.Fprintf(b, "%9s %9s %6s %7s %7s %7s %7s %7s %5s %s\n", "target/s", "achieved", "", "p50", "p99", "max", "p50", "p99", "lost", "verdict")
	for _, s := range r.Steps {
		lost := Count(float64(s.Counts.Lost))
		if !s.Counts.LostKnown {
			lost = "?"
		}
		fmt.Fprintf(b, "%9s %9s %5.1f%% %7s %7s %7s %7s %7s %5s %s\n", Count(s.Rate.Target), Count(s.Rate.Achieved), s.Rate.Percent,
			Short(s.Response.P50), Short(s.Response.P99), Short(s.Response.Max), Short(s.Service.P50), Short(s.Service.P99), lost, s.Verdict)
	}
	b.WriteByte('\n')
	r.definitions(b)
	r.generator(b)
	if r.Found > 0 {
		fmt.Fprintf(b, "highest rate that met what was expected: %s/s\n", Count(r.Found))
	}
}

func (r *Report) remarks(b *strings.Builder) {
	for _, n := range r.Notes {
		fmt.Fprintf(b, "note: %s\n", n)
	}
	if c := r.Baseline; c != nil {
		fmt.Fprintf(b, "against %s (Mann-Whitney on seconds, α %g):\n", c.File, c.Alpha)
		for _, m := range c.Metrics {
			w := m.Words()
			fmt.Fprintf(b, "  %-5s %10s -> %10s  %s  p=%.3f  n=%d+%d  %s\n", m.Name, w[0], w[1], w[2], m.P, m.Samples[0], m.Samples[1], m.Verdict)
		}
		for _, d := range c.Differs {
			fmt.Fprintf(b, "  differs: %s\n", d)
		}
	}
	for _, e := range r.Expect {
		is := "met"
		if !e.Met {
			is = "NOT met"
		}
		fmt.Fprintf(b, "expected %s: %s, found %s\n", e.Text, is, e.Found)
	}
	fmt.Fprintf(b, "verdict: %s", r.Verdict)
	if len(r.Reasons) > 0 {
		fmt.Fprintf(b, ": %s", strings.Join(r.Reasons, "; "))
	}
	b.WriteByte('\n')
}
