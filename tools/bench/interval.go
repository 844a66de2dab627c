package bench

import (
	"cmp"
	"errors"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/ed-toolbox/ed/tools/bench/report"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/transport"
)

// warming is the index of the interval before the measurement begins; the intervals after it count from 0.
const warming = -1

// interval is what one worker measured in about a second. The worker fills it and hands it to the run.
type interval struct {
	index     int
	length    int64 // nanoseconds
	last      bool  // the worker has no more
	scheduled int64 // nanoseconds in which what --count asks for was due, in the last interval; 0: the time that was measured
	response  *hdrhistogram.Histogram
	service   *hdrhistogram.Histogram
	late      *hdrhistogram.Histogram

	sent, arrived          uint64 // in this time
	due                    uint64 // messages that were due in the time measured, and were sent; or never were
	unsent, kept           uint64 // kept: by the service
	recorded               uint64
	inTime                 uint64 // of them
	lost, overdue          int64
	duplicated, reordered  uint64
	wrongs, failures       uint64
	lacking                uint64 // failures of this machine, not of the service
	held, lateOver         uint64
	unfinished             uint64 // neither answered nor lost when it ended, in the last interval
	bytesIn, bytesOut      uint64
	wrongText, failureText string // of the first

	tally *tally  // of one-way messages, in the last interval
	busy  float64 // share of the time measured in which the loop did not wait, in the last interval
}

func newInterval() *interval {
	return &interval{response: report.NewHistogram(), service: report.NewHistogram(), late: report.NewHistogram()}
}

// reset makes an interval that was used like new.
func (i *interval) reset(index int) {
	response, service, late := i.response, i.service, i.late
	response.Reset()
	service.Reset()
	late.Reset()
	*i = interval{index: index, response: response, service: service, late: late}
}

// wrong counts an answer that was not the expected one.
func (i *interval) wrong(text string) {
	if i.wrongs++; i.wrongs == 1 {
		i.wrongText = text
	}
}

// failure counts what went wrong with a connection; nil: the other side closed it.
func (i *interval) failure(err error) {
	if i.failures++; i.failures == 1 {
		i.failureText = toolkit.Told(cmp.Or(err, transport.ErrClosed))
	}
	if op, ok := errors.AsType[*transport.OpError](err); ok && op.Exhausted() {
		i.lacking++
	}
}

// add puts the figures of another worker, or of another time, to those of i.
func (i *interval) add(o *interval) {
	i.response.Merge(o.response)
	i.service.Merge(o.service)
	i.late.Merge(o.late)
	i.length = max(i.length, o.length)
	i.scheduled = max(i.scheduled, o.scheduled)
	i.sent += o.sent
	i.arrived += o.arrived
	i.due += o.due
	i.unsent += o.unsent
	i.kept += o.kept
	i.recorded += o.recorded
	i.inTime += o.inTime
	i.lost += o.lost
	i.overdue += o.overdue
	i.duplicated += o.duplicated
	i.reordered += o.reordered
	i.wrongs += o.wrongs
	i.failures += o.failures
	i.lacking += o.lacking
	i.held += o.held
	i.lateOver += o.lateOver
	i.unfinished += o.unfinished
	i.bytesIn += o.bytesIn
	i.bytesOut += o.bytesOut
	if i.wrongText == "" {
		i.wrongText = o.wrongText
	}
	if i.failureText == "" {
		i.failureText = o.failureText
	}
}
