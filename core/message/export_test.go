package message

// Canonical says whether the scan proved that the parameters are written as AppendText would write them.
func (m *Message) Canonical() bool { return m.canonical }

// Masks and MasksGo are the masks of the scan, as this processor finds them and as every processor can.
func Masks(p []byte, i int) (special, name uint64)   { return masks(p, i) }
func MasksGo(p []byte, i int) (special, name uint64) { return masksGo(p, i) }

// Wide says whether this processor finds marks; FindMarks looks for them.
var Wide = wide

type Marks struct{ Name, Digit, Lower, Equals, Semicolon, Quote, Blank, Stop uint64 }

func FindMarks(p []byte, i int) Marks {
	var m marks
	m.find(p, i)
	return Marks{m.name, m.digit, m.lower, m.equals, m.semicolon, m.quote, m.blank, m.stop}
}

// ScanTight says whether the line at the beginning of p is one of those that need no second look.
func (m *Message) ScanTight(p []byte) bool {
	m.Reset()
	end, ok := m.scanTight(p)
	return ok && (end == len(p) || p[end] == '\n')
}
