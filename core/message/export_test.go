package message

// Canonical says whether the scan proved that the parameters are written as AppendText would write them.
func (m *Message) Canonical() bool { return m.canonical }

// Special64 is the mask of what is special in a value.
func Special64(p []byte, i int) uint64 { return special64(p, i) }

// NameAt and CommandAt say where what is at p[i] ends.
func NameAt(p []byte, i int) int    { return nameAt(p, i) }
func CommandAt(p []byte, i int) int { return commandAt(p, i) }

// Wide says whether this processor can index.
var Wide = wide

// IndexLine says whether the line is one of those that need no second look.
func (m *Message) IndexLine(line []byte) bool {
	ok := m.single(line) || m.indexLine(line)
	if !ok {
		m.Reset()
	}
	return ok
}

// Single says whether the line is one of those that are looked at as a whole.
func (m *Message) Single(line []byte) bool { return m.single(line) }

// Simple says whether the line is one of those that need no second look where nothing is indexed.
func (m *Message) Simple(line []byte) bool { return m.simple(line) }

// DecodeSimply is Decode as it is where nothing is indexed.
func (m *Message) DecodeSimply(line []byte) error {
	if m.simple(line) {
		return nil
	}
	return m.decode(line)
}

// DecodeSlowly is Decode without an index.
func (m *Message) DecodeSlowly(line []byte) error { return m.decode(line) }

// Sorted is marks.sorted for names that begin there; keys are what it makes of those that are good.
func Sorted(p []byte, starts []uint32) (good int, keys []uint64) {
	m := marks{starts: append(starts, 0, 0, 0), keys: make([]uint64, len(starts)+3)}
	good = m.sorted(p, 0, len(starts))
	return good, m.keys[:good]
}

// KeyOf is the key of a name as Sorted makes it.
func KeyOf(name string) uint64 { return markKey(name) }
