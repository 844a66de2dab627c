package message_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

// line64 is a line of 64 bytes with three parameters.
const line64 = `LOCK object_name=database;service="images; thumbs";timeout=12000`

func TestAllocations(t *testing.T) {
	require.Len(t, line64, 64)
	line, text := []byte(line64), make([]byte, 0, 256)
	escapes := []byte(`A z=\n\n;a="\"x\\";z=2`)
	m, r := &message.Message{}, &message.Message{}
	steps := []struct {
		name string
		do   func() error
	}{
		{"Decode", func() error { return m.Decode(line) }},
		{"Lookup", func() error { m.Lookup("service"); m.Lookup("none"); return nil }},
		{"Has", func() error { m.Has("timeout"); m.Len(); return nil }},
		{"AppendText", func() (err error) { text, err = m.AppendText(text[:0]); return err }},
		{"AppendJSON", func() (err error) { text, err = m.AppendJSON(text[:0]); return err }},
		{"reply", func() (err error) {
			r.Repeat(m)
			text, err = r.AppendText(text[:0])
			return err
		}},
		{"build", func() (err error) {
			r.ReplyTo(m, "DONE")
			r.Set("status", "ok").SetInt("n", 1234567).SetBool("last", true)
			text, err = r.AppendText(text[:0])
			return err
		}},
		{"escapes", func() error {
			if err := m.Decode(escapes); err != nil {
				return err
			}
			m.Lookup("a")
			r.CopyParams(m)
			return nil
		}},
	}
	for _, s := range steps {
		require.NoError(t, s.do(), s.name)
		require.Zero(t, testing.AllocsPerRun(100, func() { _ = s.do() }), s.name)
	}
	// A stream, as a router forwards it.
	stream := []byte("images/" + line64 + "\n" + line64 + "\n<a:b images/X c=1;b=2\n")
	sender, err := message.NewSender("server", "service")
	require.NoError(t, err)
	d := message.NewDecoder(message.DecoderOptions{})
	var to message.Receiver = receiver(func(_ []byte, err error) bool {
		m.SetSender(sender)
		text, _ = m.AppendText(text[:0])
		return err == nil
	})
	forward := func() { _ = d.Decode(stream, m, to) }
	forward()
	require.Equal(t, "<server:service images/X b=2;c=1", string(text))
	require.Zero(t, testing.AllocsPerRun(100, forward))

	// A message that the caller keeps is one allocation for itself and one for its bytes, and one for the list of its parameters where a line
	// is not indexed.
	var kept *message.Message
	itself := testing.AllocsPerRun(100, func() { kept = &message.Message{}; _ = kept.Decode(line) })
	require.LessOrEqual(t, itself, 2.0)
	require.Equal(t, itself+1, testing.AllocsPerRun(100, func() { kept, _ = message.Parse(line) }))
}
