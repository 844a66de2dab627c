package message_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

// TestReplyBorrows changes replies that have head and parameters from the line of the request, in every order.
func TestReplyBorrows(t *testing.T) {
	decode := func(line string) *message.Message {
		m := &message.Message{}
		require.NoError(t, m.Decode([]byte(line)))
		return m
	}
	cases := []struct {
		name, request, want string
		change              func(r *message.Message)
	}{
		{"nothing", "CMD a=1;b=2", "CMD a=1;b=2", func(r *message.Message) {}},
		{"nothing at all", "CMD", "CMD", func(r *message.Message) {}},
		{"command", "CMD a=1;b=2", "OTHER a=1;b=2", func(r *message.Message) { r.SetCommand("OTHER") }},
		{"service", "CMD a=1;b=2", "svc/CMD a=1;b=2", func(r *message.Message) { r.SetService("svc") }},
		{"set", "CMD a=1;b=2", "CMD a=1;b=3", func(r *message.Message) { r.Set("b", "3") }},
		{"set the first", "CMD", "CMD b=3", func(r *message.Message) { r.Set("b", "3") }},
		{"delete", "CMD a=1;b=2", "CMD b=2", func(r *message.Message) { r.Delete("a") }},
		{"look up", "CMD a=1;b=2", "CMD a=1;b=2", func(r *message.Message) { require.True(t, r.Has("b")); require.Equal(t, 2, r.Len()) }},
		{"look up nothing", "CMD", "CMD", func(r *message.Message) { require.False(t, r.Has("b")); require.Zero(t, r.Len()) }},
		{"other parameters", "CMD a=1;b=2", "CMD c=3", func(r *message.Message) { r.CopyParams(decode("CMD c=3")) }},
		{"no parameters", "CMD a=1;b=2", "CMD", func(r *message.Message) { r.CopyParams(decode("OTHER")) }},
		{"parameters again", "CMD a=1;b=2", "CMD a=2;b=1", func(r *message.Message) { r.CopyParams(decode("CMD b=1;a=2")) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m, r := decode(c.request), message.New("OLD").Set("z", "9")
			r.ReplyTo(m, "")
			requireText(t, "CMD", r)
			require.Zero(t, r.Len())
			r.CopyParams(m)
			kept := r.Clone()
			c.change(r)
			requireText(t, c.want, r)
			requireText(t, c.want, r.Clone())
			requireText(t, c.request, m)
			c.change(kept)
			requireText(t, c.want, kept)
		})
	}
}

func TestReplyKeepsNothingBorrowed(t *testing.T) {
	line := []byte("CMD a=1")
	m := &message.Message{}
	require.NoError(t, m.Decode(line))
	r := m.Reply("")
	copy(line, "XXXXXXX")
	requireText(t, "CMD", r)
}

// TestReplyBorrowsOfOneBuffer: that a reply begins where another message does says neither that it has the same command nor that it may be read
// as far.
func TestReplyBorrowsOfOneBuffer(t *testing.T) {
	for _, line := range []string{"CMD a=1", "CMDS a=1"} {
		text := []byte(line)
		var part, whole, r message.Message
		require.NoError(t, part.Decode(text[:len("CMD")]))
		require.NoError(t, whole.Decode(text))
		r.ReplyTo(&part, "")
		r.CopyParams(&whole)
		requireText(t, "CMD a=1", &r)
	}
}
