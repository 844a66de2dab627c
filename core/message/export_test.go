package message

// Canonical says whether the scan proved that the parameters are written as AppendText would write them.
func (m *Message) Canonical() bool { return m.canonical }
