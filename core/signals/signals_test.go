package signals_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/ed-toolbox/ed/core/signals"
)

func TestNames(t *testing.T) {
	for s, want := range map[signals.Signal]string{
		signals.HUP: "HUP", signals.INT: "INT", signals.KILL: "KILL", signals.PIPE: "PIPE", signals.TERM: "TERM",
		0: "0", 32: "32", 34: "RTMIN", 37: "RTMIN+3", 64: "RTMAX", 65: "65", -1: "-1",
	} {
		require.Equal(t, want, signals.Name(s))
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]signals.Signal{
		"TERM": 15, "SIGTERM": 15, "term": 15, "sigterm": 15, "15": 15, "1": 1, "64": 64,
		"RTMIN": 34, "RTMIN+3": 37, "SIGRTMIN+3": 37, "RTMAX": 64, "rtmax-1": 63, "RTMIN+30": 64, "CHLD": 17,
	} {
		got, err := signals.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "0", "65", "-1", "+1", "SIG", "TERMX", "RTMIN-1", "RTMAX+1", "RTMIN+31", "RTMIN+", "RTMAX-31", "1.0", "SIG15", "INT ", "2x"} {
		_, err := signals.Parse(text)
		require.Error(t, err, text)
	}
	rapid.Check(t, func(t *rapid.T) {
		want := signals.Signal(rapid.IntRange(1, 64).Draw(t, "signal"))
		got, err := signals.Parse(signals.Name(want))
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}
