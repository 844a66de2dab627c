package message_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

func TestSender(t *testing.T) {
	for _, names := range [][2]string{{"", "beta"}, {"n1", ""}, {"n 1", "beta"}, {"n1", "*"}, {"*", "beta"}} {
		_, err := message.NewSender(names[0], names[1])
		require.Error(t, err, "%v", names)
	}
	s, err := message.NewSender("n1", "beta")
	require.NoError(t, err)

	for in, want := range map[string]string{
		"STOP":                           "<n1:beta STOP",
		"STOP b=2;a=1":                   "<n1:beta STOP a=1;b=2",
		"alpha/PING":                     "<n1:beta alpha/PING",
		"n2:alpha/PING a=1;b=x y":        "<n1:beta n2:alpha/PING a=1;b=x y",
		"<:evil alpha/PING a=1":          "<n1:beta alpha/PING a=1",
		"<x:evil n2:alpha/PING b=2;a=\"": "",
		"<x: alpha/PING b=2;a=1;":        "<n1:beta alpha/PING a=1;b=2",
		"*/RELOAD":                       "<n1:beta */RELOAD",
		`{"service":"alpha","command":"PING","parameters":{"a":"1"}}`: "<n1:beta alpha/PING a=1",
	} {
		m, err := message.Parse([]byte(in))
		if want == "" {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err, in)
		if line, ok := m.AppendFrom([]byte("| "), s); ok {
			require.Equal(t, "| "+want, string(line))
			require.NotContains(t, in, "{")
		} else {
			require.Equal(t, "| ", string(line))
			require.NotContains(t, []string{"alpha/PING", "n2:alpha/PING a=1;b=x y", "<:evil alpha/PING a=1", "*/RELOAD"}, in)
		}
		m.SetSender(s)
		require.Equal(t, want, m.String(), in)
		require.LessOrEqual(t, len(want), m.TextBound())
		require.LessOrEqual(t, m.TextBound(), 4*len(want)+16)
		require.Equal(t, "n1", m.SentFromServer())
		require.Equal(t, "beta", m.SentFromService())
		again, err := message.Parse([]byte(want))
		require.NoError(t, err)
		require.True(t, m.Equal(again), in)
		require.True(t, m.Clone().Equal(again), in)

		// What is changed afterwards counts.
		m.SetService("gamma")
		m.SetServer("n3")
		m.Set("z", "9")
		text, err := m.AppendText(nil)
		require.NoError(t, err)
		require.LessOrEqual(t, len(text), m.TextBound())
		require.Contains(t, string(text), "<n1:beta n3:gamma/"+again.Command())
		m.SetSender(s)
		require.Equal(t, string(text), m.String())
		m.SetService("not a name")
		_, err = m.AppendText(nil)
		require.Error(t, err, "names that were set are still checked")
	}
	m, err := message.Parse([]byte("n2:STOP"))
	require.NoError(t, err)
	m.SetSender(s)
	_, err = m.AppendText(nil)
	require.Error(t, err, "a server without a service cannot be sent")
}

func TestHasEither(t *testing.T) {
	for in, want := range map[string]bool{
		"STOP": false, "STOP a=1": false, "STOP cache=": true, "STOP a=1;cache=no": true, "STOP transmission_report=failure;x=1": true,
		"STOP cach=1;transmission_repor=2": false, "STOP caches=1;transmission_reports=2": false, "STOP cache=1;a=2": true,
		"STOP c=1;t=cache": false, `{"command":"STOP","parameters":{"cache":"1"}}`: true, `{"command":"STOP"}`: false,
	} {
		var m message.Message
		require.NoError(t, m.Decode([]byte(in)), in)
		require.Equal(t, want, m.HasEither("cache", "transmission_report"), in)
		require.Equal(t, want, m.HasEither("transmission_report", "cache"), in)
		m.Set("b", "1")
		require.Equal(t, want, m.HasEither("transmission_report", "cache"), in)
	}
}
