package report

import "time"

// Version is the version of the JSON form. It changes when a field changes its meaning or goes; new fields do not change it.
const Version = 1

// Verdicts of a run.
const (
	OK      = "ok"      // it ran as asked, and met what was expected
	Failed  = "failed"  // it ran as asked, and did not meet what was expected
	Invalid = "invalid" // it is no measurement of what was asked for
)

// Report is all that a run found out. Durations are in nanoseconds, rates in messages a second.
type Report struct {
	V           int       `json:"v"`
	Kind        string    `json:"kind"` // "request", "pub", "fanout", "connect", "router"
	Address     string    `json:"address"`
	Started     time.Time `json:"started"`
	Verdict     string    `json:"verdict"`
	Reasons     []string  `json:"reasons"` // why it is not ok
	Notes       []string  `json:"notes"`   // what a reader should know besides
	Interrupted bool      `json:"interrupted"`

	Load      Load      `json:"load"`
	Counts    Counts    `json:"counts"`
	Rate      Rate      `json:"rate"`
	Response  *Latency  `json:"response"` // from when each message was due
	Service   *Latency  `json:"service"`  // from when it was sent
	Delivery  *Latency  `json:"delivery,omitempty"`
	Generator Generator `json:"generator"`
	Target    *Process  `json:"target,omitempty"` // the process of --pid
	Machine   Machine   `json:"machine"`

	Seconds  []Second    `json:"seconds"`
	Expect   []Checked   `json:"expect"`
	Found    float64     `json:"found_rate,omitempty"` // of --rate find
	Steps    []*Report   `json:"steps,omitempty"`      // of --rate step and find, in the order they ran
	Baseline *Comparison `json:"baseline,omitempty"`
}

// Load says what was asked for.
type Load struct {
	Loop        string        `json:"loop"` // "open": messages are due by the clock; "closed": when the one before was answered
	Rate        string        `json:"rate"` // as given
	Arrival     string        `json:"arrival,omitempty"`
	Burst       int           `json:"burst,omitempty"`
	Connections int           `json:"connections"`
	Window      int           `json:"window"`              // in flight on each connection at most; 0: no limit, as of what nobody answers
	Receivers   int           `json:"receivers,omitempty"` // of each message; what is received and lost counts for each
	Workers     int           `json:"workers"`
	Idle        int           `json:"idle,omitempty"`  // further connections that do nothing
	Size        int           `json:"size"`            // bytes of a message on average, without its line end
	Message     string        `json:"message"`         // the first one
	Messages    int           `json:"messages"`        // different ones
	Count       int           `json:"count,omitempty"` // of messages to end after
	Duration    time.Duration `json:"duration_ns"`     // measured
	Warmup      time.Duration `json:"warmup_ns"`
}

// Counts are of the messages that were due after the warm-up, except where they say otherwise.
type Counts struct {
	Due        uint64 `json:"due"`
	Sent       uint64 `json:"sent"`
	Received   uint64 `json:"received"`   // sent ones that were answered, or arrived
	Lost       uint64 `json:"lost"`       // sent ones that were not
	LostKnown  bool   `json:"lost_known"` // false: nobody could tell
	Duplicated uint64 `json:"duplicated"`
	Reordered  uint64 `json:"reordered"`
	Late       uint64 `json:"late"`   // answered after the time-out; received, too
	Wrong      uint64 `json:"wrong"`  // replies that were not the expected one
	Failed     uint64 `json:"failed"` // attempts to connect, and connections that ended
	BytesOut   uint64 `json:"bytes_out"`
	BytesIn    uint64 `json:"bytes_in"`
}

// Rate compares what was asked for with what was.
type Rate struct {
	Target   float64 `json:"target"` // of what was due; 0 in a closed loop
	Sent     float64 `json:"sent"`
	Achieved float64 `json:"achieved"` // answered, or taken, within the time measured
	Percent  float64 `json:"percent"`  // of the target
}

// Generator is what the load generator says of itself.
type Generator struct {
	Late      *Latency      `json:"late,omitempty"` // how much later than due it sent what it was free to send; open loop only
	LateShare float64       `json:"late_over_1ms"`  // share of messages that were more than 1 ms late
	Held      uint64        `json:"held"`           // messages that waited for room in the window or in the connection
	CPU       time.Duration `json:"cpu_ns"`         // processor time of this process while it measured
	Cores     float64       `json:"cores"`          // the same, as processors in use
	Busy      float64       `json:"busy"`           // share of the time in which the busiest worker's loop did not wait
	Queued    float64       `json:"queued"`         // threads of this process that were ready and waited for a processor, on average
	GCs       uint32        `json:"gc_count"`
	GCPause   time.Duration `json:"gc_pause_ns"`     // in all
	GCMax     time.Duration `json:"gc_pause_max_ns"` // the longest
}

// Process is what a process used while the run measured.
type Process struct {
	PID        int           `json:"pid"`
	CPU        time.Duration `json:"cpu_ns"`
	PerMessage time.Duration `json:"cpu_per_message_ns"`
	RSS        int64         `json:"rss_bytes"`        // at the end
	RSSBefore  int64         `json:"rss_before_bytes"` // when the measurement began
}

// Machine names where the generator ran.
type Machine struct {
	Host string `json:"host"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
}

// Second is one sample.
type Second struct {
	At       time.Duration `json:"at_ns"` // its begin, from the end of the warm-up
	Length   time.Duration `json:"length_ns"`
	Sent     uint64        `json:"sent"`
	Received uint64        `json:"received"`
	Response Sample        `json:"response"`
	Service  Sample        `json:"service"`
	Heat     []Heat        `json:"heat"` // response times

	// The histograms of the sample, for the hlog form; nil after reading a report.
	response, service []byte
}

// Sample is a few percentiles.
type Sample struct {
	Count uint64        `json:"count"`
	P50   time.Duration `json:"p50_ns"`
	P99   time.Duration `json:"p99_ns"`
	Max   time.Duration `json:"max_ns"`
}

// Heat is one cell of the heat map: how many times lay from 1000 × 2^(Step/2) ns up to the next step.
type Heat struct {
	Step  int    `json:"step"`
	Count uint64 `json:"count"`
}

// All returns the report itself or, of several runs, each of them.
func (r *Report) All() []*Report {
	if len(r.Steps) == 0 {
		return []*Report{r}
	}
	return r.Steps
}
