package message_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/message"
)

// corpus returns thousands of different lines: one that is repeated would teach the branch predictor the answer.
func corpus(t testing.TB) [][]byte {
	text, err := os.ReadFile("../../tests/perf/corpus.txt")
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	require.Greater(t, len(lines), 1000)
	return lines
}

func BenchmarkDecodeCorpus(b *testing.B) {
	lines, m := corpus(b), &message.Message{}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := m.Decode(lines[i%len(lines)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecodeLine decodes the same line again and again: what is left when the processor guesses every branch right.
func BenchmarkDecodeLine(b *testing.B) {
	line, m := []byte(line64), &message.Message{}
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Decode(line); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendCorpus(b *testing.B) {
	var all []*message.Message
	for _, line := range corpus(b) {
		m, err := message.Parse(line)
		require.NoError(b, err)
		all = append(all, m)
	}
	var text []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		var err error
		if text, err = all[i%len(all)].AppendText(text[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	m, err := message.Parse([]byte(line64))
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := m.Lookup("service"); !ok {
			b.Fatal("missing")
		}
	}
}

// BenchmarkReply is what an echo service does for each message: decode, look one parameter up, and send all of it back.
func BenchmarkReply(b *testing.B) {
	lines, m, r := corpus(b), &message.Message{}, &message.Message{}
	var text []byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := m.Decode(lines[i%len(lines)]); err != nil {
			b.Fatal(err)
		}
		m.Lookup("timeout")
		r.ReplyTo(m, "")
		r.CopyParams(m)
		var err error
		if text, err = r.AppendText(text[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParse makes messages that own their bytes.
func BenchmarkParse(b *testing.B) {
	lines := corpus(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := message.Parse(lines[i%len(lines)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecoder cuts and decodes what comes in portions of 4,000 bytes.
func BenchmarkDecoder(b *testing.B) {
	stream := append(bytes.Join(corpus(b), []byte("\n")), '\n')
	benchmarkStream(b, stream, func(*message.Message) error { return nil })
}

// BenchmarkForward is what a router does besides with each message: it looks at the address, stamps the sender and prints.
func BenchmarkForward(b *testing.B) {
	var stream, text []byte
	for _, line := range corpus(b) {
		stream = append(append(append(stream, "images/"...), line...), '\n')
	}
	sender, err := message.NewSender("server", "service")
	require.NoError(b, err)
	benchmarkStream(b, stream, func(m *message.Message) error {
		if string(m.ServiceBytes()) != "images" {
			return message.ErrEmpty
		}
		m.SetSender(sender)
		text, err = m.AppendText(text[:0])
		return err
	})
}

func benchmarkStream(b *testing.B, stream []byte, do func(m *message.Message) error) {
	m, d, n := &message.Message{}, message.NewDecoder(message.DecoderOptions{}), 0
	each := receiver(func(_ []byte, err error) bool {
		if err == nil {
			err = do(m)
		}
		if n++; err != nil {
			b.Fatal(err)
		}
		return true
	})
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	for b.Loop() {
		n = 0
		for rest := stream; len(rest) > 0; {
			size := min(4000, len(rest))
			if err := d.Decode(rest[:size], m, each); err != nil {
				b.Fatal(err)
			}
			rest = rest[size:]
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/message")
}
