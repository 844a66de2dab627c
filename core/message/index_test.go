package message_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/ed-toolbox/ed/core/message"
)

// TestIndexed says which lines have to be indexed, so that it is quick, and which are simple where nothing is.
func TestIndexed(t *testing.T) {
	m := &message.Message{}
	whole := make([]byte, 2*unix.Getpagesize()) // begins with a page
	usual := []string{"C", "STOP", "CMD", "CMD a=", "CMD a=1", strings.Repeat("C", 64), strings.Repeat("C", 127), strings.Repeat("C", 70) + " a=1", `CMD a=x;b="y;z";c="q "`, "svc/CMD a=1", "<a:b c:d/CMD b=1;c=2", "CMD a=" + strings.Repeat("v", 300)}
	for _, line := range corpus(t) {
		usual = append(usual, string(line))
	}
	for _, line := range usual {
		bare := 'A' <= line[0] && line[0] <= 'Z'
		require.Equal(t, bare, m.Simple([]byte(line)), line)
		if message.Wide {
			require.True(t, m.IndexLine([]byte(line)), line)
			require.Equal(t, bare && len(line) < 128, m.Single(whole[:copy(whole, line)]), line)
		}
	}
	for _, line := range []string{"CMD longer_name=1;longer_names=2", "CMD longer_1=;longer_2=;longer_3="} { // names that one word does not tell apart
		require.True(t, m.IndexLine([]byte(line)), line)
		require.True(t, m.Simple([]byte(line)), line)
	}
	for _, line := range []string{"CMD a=;b=;c=;d=;e=;f=;g=;h=;i=;j=;k=;l=;m=", "C a=;b=;c=;d=;e=;f=;g=;h=;i=;j=;k=;l=;m=;n=;o=;p=;q=;r=;s=;t=;u=;v=;w=;x=;y=;z="} {
		require.False(t, m.Single(whole[:copy(whole, line)]), line) // there is room for twelve parameters
		require.False(t, m.Simple([]byte(line)), line)
	}
	for _, line := range []string{"", "CMD a=1;", `CMD a="x"`, `CMD a=""`, `CMD a=x"y`, "CMD a= ", `CMD a=\\`, "CMD a=x;b", `CMD a="x`, `CMD a=x="y;"`, `CMD a=x="y;b=2"`, `CMD a=="y;b=2"`, `CMD a="x;"y`, "CMD ", "cmd", "CMD 1=2", "9 a=1", "CMD\ta=1", "CMD b=1;a=2", "CMD longer_names=1;longer_name=2"} {
		require.False(t, m.IndexLine([]byte(line)), line)
		require.False(t, m.Simple([]byte(line)), line)
	}
}

// TestLongValues: blocks of 64 bytes in the middle of a value are passed over, and whatever is in them is found all the same.
func TestLongValues(t *testing.T) {
	indexed, slow := &message.Message{}, &message.Message{}
	for _, special := range []string{" ", "=", ";", "; ", `"`, `\`, "\x01", "é", " ;b=c", ";b=c", `";b=c`, ` "`, "=;", `;"`, `="`, "<x:y z", " a=", ":t u:v/C a=", "/C a="} {
		for _, head := range []string{"C a=", `C a="`, "svc/COMMAND a=", "C ", "C a=1;", "", "<", "<s:", "<s:t "} {
			for _, n := range []int{70, 140, 205} {
				for at := range n + 1 {
					value := strings.Repeat("v", at) + special + strings.Repeat("w", n-at)
					if head == "" {
						value = strings.ToUpper(strings.Repeat("v", at)) + special + strings.Repeat("w", n-at)
					}
					requireAlike(t, indexed, slow, head+value)
				}
				requireAlike(t, indexed, slow, head+strings.Repeat("v", n/2)+special+strings.Repeat("w", n)+`"`)
			}
		}
	}
}

// TestShortLines does the same where a line is looked at as a whole: every length up to there, and every place for what matters.
func TestShortLines(t *testing.T) {
	indexed, slow := &message.Message{}, &message.Message{}
	for n := range 135 {
		long := strings.Repeat("v", n)
		requireAlike(t, indexed, slow, long, strings.ToUpper(long), "C a="+long, `C a="`+long+` ;"`, `C a="`+long+` "`, `C a="`+long+`;"`, `C a="`+long+`"`,
			"C "+long+"=1", "C a=1;"+long+"=1", "C a="+long+";b=2;c=3", "C b="+long+";a=1", "C a=x;a="+long, strings.ToUpper(long)+" a=;b=2", strings.ToUpper(long)+` a=" ";b=2`,
			"C a="+strings.Repeat(";b=", n), "C "+strings.Repeat("a=1;", n)+"b=1", "C a1="+long+";a2=;a3=3;a4=4;a5=5;a6=6;a7=7;a8=8;a9=9;b1=1;b2=2;b3=3;b4=4")
		for _, special := range []string{" ", "=", ";", `"`, `\`, "\x00", "\n", "\x0b", "\x7f", "\xff", ";b=", `;b="`, `";b=`, ` ";b=`} {
			requireAlike(t, indexed, slow, "C a="+long+special, `C a="`+long+special+` "`, "C a="+long+special+strings.Repeat("w", 126-n%127), special+long)
		}
	}
}

// TestAllSmallLines goes through all that the bytes that matter can make of a few places.
func TestAllSmallLines(t *testing.T) {
	quick, slow := &message.Message{}, &message.Message{}
	alike := func(line []byte, decode func([]byte) error) bool {
		errQuick, errSlow := decode(line), slow.DecodeSlowly(line)
		for _, name := range []string{"a", "b"} {
			value, ok := quick.Lookup(name)
			if want, there := slow.Lookup(name); ok != there || string(value) != string(want) {
				return false
			}
		}
		return (errQuick == nil) == (errSlow == nil) && quick.Canonical() == slow.Canonical() && quick.Equal(slow)
	}
	const bytes, places = `="; \ab`, 6
	line := []byte("C a=")
	var all func(left int)
	all = func(left int) {
		if !alike(line, quick.Decode) || !alike(line, quick.DecodeSimply) {
			require.Fail(t, "not decoded alike", "%s", line)
		}
		for i := 0; i < len(bytes) && left > 0; i++ {
			line = append(line, bytes[i])
			all(left - 1)
			line = line[:len(line)-1]
		}
	}
	all(places)
}

// TestReadsNoFurther: where a line ends at the end of what can be read, nothing behind it is read.
func TestReadsNoFurther(t *testing.T) {
	size := unix.Getpagesize()
	pages, err := unix.Mmap(-1, 0, 3*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	require.NoError(t, err)
	defer func() { require.NoError(t, unix.Munmap(pages)) }()
	require.NoError(t, unix.Mprotect(pages[:size], unix.PROT_NONE))
	require.NoError(t, unix.Mprotect(pages[2*size:], unix.PROT_NONE))
	page := pages[size : 2*size : 2*size]
	m, slow := &message.Message{}, &message.Message{}
	for n := range 400 {
		line := "C a=" + strings.Repeat("v", n/2) + ";b=" + strings.Repeat("w", n/2)
		if n >= 270 {
			line = "C a=" + strings.Repeat("v", n-270) + ";b=" // the last name is as far behind as it can be
		}
		for behind := range 200 {
			at := page[size-len(line)-behind:][:len(line):len(line)]
			copy(at, line)
			require.NoError(t, slow.DecodeSlowly([]byte(line)))
			require.True(t, message.Alike(at), line)
			for _, decode := range []func([]byte) error{m.Decode, m.DecodeSimply, m.DecodeSlowly} {
				require.NoError(t, decode(at))
				require.True(t, m.Equal(slow), line)
			}
		}
		for _, at := range [][]byte{page[:len(line)+1], page[size-len(line)-1:]} {
			copy(at, line+"\n")
			lines := 0
			require.NoError(t, message.NewDecoder(message.DecoderOptions{}).Decode(at, m, receiver(func([]byte, error) bool { lines++; return true })))
			require.Equal(t, 1, lines)
			require.NoError(t, m.Decode(at[:len(line)]))
		}
	}
}

// requireAlike holds lines to being decoded alike in all ways.
func requireAlike(t *testing.T, quick, slow *message.Message, lines ...string) {
	t.Helper()
	for _, line := range lines {
		errSlow := slow.DecodeSlowly([]byte(line))
		for _, decode := range []func([]byte) error{quick.Decode, quick.DecodeSimply} {
			require.Equal(t, errSlow, decode([]byte(line)), "%q", line)
			if errSlow == nil {
				requireTheSame(t, quick, slow, line)
			}
		}
	}
}

// requireTheSame holds a line to having been decoded alike twice.
func requireTheSame(t *testing.T, indexed, slow *message.Message, line string) {
	t.Helper()
	for name, value := range slow.Params() {
		got, ok := indexed.Get(name)
		require.True(t, ok && got == value, "%q: %q is %q", line, name, got)
	}
	require.False(t, indexed.Has("none"))
	text, err := indexed.AppendText(nil)
	require.NoError(t, err)
	want, err := slow.AppendText(nil)
	require.NoError(t, err)
	require.Equal(t, string(want), string(text))
	require.True(t, indexed.Equal(slow), "%q", line)
}

// TestLongValuesInAStream is the same for many lines in one portion.
func TestLongValuesInAStream(t *testing.T) {
	var text strings.Builder
	var want []string
	for n := range 300 {
		for _, line := range []string{"C a=" + strings.Repeat("v", n), `C a="` + strings.Repeat("v ", n) + `;";b=` + strings.Repeat("=", n), "C"} {
			text.WriteString(line + "\n")
			want = append(want, line)
		}
	}
	var got []string
	m := &message.Message{}
	to := receiver(func(line []byte, err error) bool {
		require.NoError(t, err)
		printed, err := m.AppendText(nil)
		require.NoError(t, err)
		got = append(got, string(printed))
		return true
	})
	d := message.NewDecoder(message.DecoderOptions{})
	require.NoError(t, d.Decode([]byte(text.String()), m, to))
	require.Equal(t, want, got)
}

// TestLinesAnywhere: wherever in the blocks of a stream a line begins and ends, and whatever is right or wrong in it, it is decoded as if it
// were alone, and so are the lines around it.
func TestLinesAnywhere(t *testing.T) {
	lines := []string{"C", "C_9 a=", "COMMAND a=1;b=2;c=3;d=4;e=5;f=6;g=7;h=8;i=9", `C a="x;y";b="z "`, `C a=" ";b=" x ";c=x y;d="; "`, "C a=" + strings.Repeat("v", 150), `C a="` + strings.Repeat(";", 150) + `"`, strings.Repeat("C", 140),
		"C " + strings.Repeat("n", 140) + "=1", "s/C a=1", "s:t/C", "<:s C", "<s:t u:v/C a=1", "", "C ", "C a", "C a=1;", "C a=1;b", "C a=1 ;b=2", "C a= ", "c a=1", "9 a=1", " C a=1", "a=1", "C  a=1", "C 9=1", "C a=1;9=2",
		`C a="x"`, `C a=""`, `C a="x;"y;b=1`, `C a="x;`, `C a=x"y`, `C a=x"` + strings.Repeat("v", 70) + `;z"`, `C a=x"y;z"`, `C a=1;b="`, `C a="x;";b="y`, `C a=x"`, `C a=1;"b=2`, "C b=1;a=2", "C a=1;a=2", `C a=x\ny`, "C a=x\x00", "C a=x\r;b=1", "C a=\xc3\xa9;b=\xff", "C\ta=1", "C a-b=1", "CMd a=1"}
	m, slow := &message.Message{}, &message.Message{}
	for _, line := range lines {
		for n := range 130 {
			want := []string{"C a=" + strings.Repeat("v", n), line, line, "D b=" + strings.Repeat("v", 130), line, `E a="x;` + strings.Repeat("w ", n) + `";b=3;c=`, "F", line, "G a=" + strings.Repeat("v", 300), "H b=1;c=2;d=3"}
			text, next := []byte(strings.Join(want, "\n")+"\n"), 0
			require.True(t, message.Alike(text), "%q", text)
			err := message.NewDecoder(message.DecoderOptions{}).Decode(text, m, receiver(func(got []byte, err error) bool {
				for want[next] == "" {
					next++ // empty lines are no messages
				}
				require.Equal(t, want[next], string(got))
				next++
				errSlow := slow.DecodeSlowly(got)
				require.Equal(t, errSlow, err, "%q", got)
				if err == nil {
					requireTheSame(t, m, slow, string(got))
				}
				return true
			}))
			require.NoError(t, err)
			require.Equal(t, len(want), next)
		}
	}
}
