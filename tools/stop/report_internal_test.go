package stop

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/toolkit"
	"github.com/ed-toolbox/ed/tools/toolkit/toolkittest"
)

// What is denied cannot be had for real where the tests run as root, so the events are made by hand.
func TestResult(t *testing.T) {
	end := event{PID: 5, Command: "x", Step: "end", Outcome: survived, tried: []string{"INT"}}
	no := event{PID: 6, Command: "y\x1b", Step: "INT", Outcome: denied, Reason: "it belongs to root"}
	broken := event{PID: 7, Command: "z", Step: "INT", Outcome: failed, Reason: "why"}
	off := []absent{{"a", toolkit.NotRunning, "ended"}, {"b", toolkit.NoSuch, "unknown"}}
	for _, c := range []struct {
		name    string
		options options
		events  []event
		absent  []absent
		kind    toolkit.Kind
		text    string
	}{
		{"nothing", options{}, nil, off, toolkit.Other, ""},
		{"denied", options{}, []event{no}, nil, toolkit.Permission, `y\x1B[6] may not be sent INT: it belongs to root`},
		{"denied before all others", options{strict: true}, []event{end, broken, no}, off, toolkit.Permission, "x[5] survived INT"},
		{"failed before survived", options{}, []event{end, broken}, nil, toolkit.Other, "z[7]: INT: why"},
		{"survived", options{strict: true}, []event{end}, off, toolkit.Timeout, "x[5] survived INT"},
		{"survived, as in C++", options{compatExit: true}, []event{end}, nil, toolkit.Other, ""},
		{"strict", options{strict: true}, nil, off, toolkit.NoSuch, "b: unknown"},
		{"strict, known", options{strict: true}, nil, off[:1], toolkit.NotRunning, "a: ended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := toolkittest.New(t)
			r := newReporter(w.Env, w.Env.Output(toolkit.Common{}))
			for _, e := range c.events {
				r.take(e)
			}
			err := r.result(c.options, &resolution{absent: c.absent})
			if c.text == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.text)
			require.Equal(t, c.kind, toolkit.KindOf(err))
		})
	}
}

func TestOutputThatFails(t *testing.T) {
	w := toolkittest.New(t)
	w.Stdout.Writer = failing{}
	r := newReporter(w.Env, w.Env.Output(toolkit.Common{JSON: true}))
	r.report(event{Step: "find"})
	r.report(event{Step: "find"})
	err := r.result(options{}, &resolution{})
	require.Equal(t, toolkit.IO, toolkit.KindOf(err))
}

func TestParentOfTheOthers(t *testing.T) {
	root, one, two := proc.Process{PID: 10, PPID: 1}, proc.Process{PID: 11, PPID: 10}, proc.Process{PID: 12, PPID: 10}
	const hint = "; 10 is the parent of the others"
	require.ErrorContains(t, ambiguous("x", []proc.Process{one, root, two}), hint)
	require.NotContains(t, ambiguous("x", []proc.Process{root, one, {PID: 13, PPID: 11}}).Error(), "parent")
}

// TestItsOwnAncestorsAreLeftAlone: --all means what else has the name.
func TestItsOwnAncestorsAreLeftAlone(t *testing.T) {
	w := toolkittest.New(t)
	var list []proc.Process
	for _, pid := range []int{os.Getpid(), os.Getppid()} {
		p, err := proc.System{}.Look(pid)
		require.NoError(t, err)
		list = append(list, p)
	}
	v := &resolver{options: options{all: true}, found: &resolution{}, r: newReporter(w.Env, w.Env.Output(toolkit.Common{}))}
	parent := list[1].String()
	require.NoError(t, v.openNamed("x", list))
	require.Empty(t, v.found.targets)
	require.Contains(t, w.Err.String(), parent+" is left alone: this command descends from it\n")
}

// TestProgressOfSeveral: the line is about the step that has been under way for longest.
func TestProgressOfSeveral(t *testing.T) {
	w := toolkittest.New(t)
	w.Terminal(80)
	r := newReporter(w.Env, w.Env.Output(toolkit.Common{}))
	now := time.Now()
	for pid := 1; pid <= 3; pid++ {
		r.running[pid] = event{PID: pid, Command: "x", Step: "INT", Time: now.Add(-time.Duration(pid) * time.Minute), limit: time.Hour}
	}
	r.progress()
	require.Contains(t, w.Err.String(), "x[3]: INT, waiting 3m0s of 1h0m, and 2 more")
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestDuration(t *testing.T) {
	for text, d := range map[string]time.Duration{
		"0ms": 0, "999ms": 999 * time.Millisecond, "1.4s": 1440 * time.Millisecond, "59s": 59 * time.Second,
		"1m30s": 90 * time.Second, "2h1m": 121 * time.Minute, "3d2h": 74 * time.Hour,
	} {
		require.Equal(t, text, duration(d))
	}
}

func TestParsePlan(t *testing.T) {
	plan, err := parsePlan(" Message , sigint:5,TERM:1m, 9:0")
	require.NoError(t, err)
	require.Equal(t, []step{
		{messageStep, 0, 10 * time.Second}, {"INT", 2, 5 * time.Second}, {"TERM", 15, time.Minute}, {"KILL", 9, 0},
	}, plan)
	require.Equal(t, "for as long as it takes", plan[3].limit())
	sum, unlimited := total(plan)
	require.Equal(t, 75*time.Second, sum)
	require.True(t, unlimited)
	plan, err = parsePlan(defaultPlan)
	require.NoError(t, err)
	require.Equal(t, 3*time.Second, withTimeout(plan, 3*time.Second)[1].wait)
	for _, text := range []string{"", "INT,", "FOO", "INT:", "INT:x", "INT:-1", "0"} {
		_, err := parsePlan(text)
		require.Error(t, err, text)
	}
}
