package message

// Canonical says whether the scan proved that the parameters are written as AppendText would write them.
func (m *Message) Canonical() bool { return m.canonical }

// Masks and MasksGo are the masks of the scan, as this processor finds them and as every processor can.
func Masks(p []byte, i int) (special, name uint64)   { return masks(p, i) }
func MasksGo(p []byte, i int) (special, name uint64) { return masksGo(p, i) }
