package message

// Lines finds the lines of a text without decoding them, for those who pass most of them on as they are. The zero value is ready for
// use; Find makes room of some 8 KiB.
type Lines struct {
	b    *Batch
	text []byte
	n    int
}

// Find indexes the lines at the beginning of p, which begins where a line does and is borrowed until the next call. It returns how
// many were found: whole ones, each of which is a message as AppendText would write it if Decode takes it, but for the sender "<: " of
// nobody, which AppendText leaves out; or something that is wrong with its head. Not more than fit are found, and none from the first on
// that is written otherwise: that one may be right.
func (l *Lines) Find(p []byte) int {
	l.text, l.n = p[:len(p):len(p)], 0
	if !wide || len(p) == 0 {
		return 0
	}
	if l.b == nil {
		l.b = newBatch()
	}
	found := l.b.find(p)
	for l.n < found && l.b.ends[l.n+1].end < odd {
		l.n++
	}
	return l.n
}

// Len is how many lines Find has found.
func (l *Lines) Len() int { return l.n }

// Line returns line i of Find with its line feed, borrowed, and how long its head is: what comes before the blank and the parameters.
func (l *Lines) Line(i int) (line []byte, head int) {
	at, here, name := l.b.begin(i), &l.b.ends[i+1], l.b.ends[i].names
	head = int(here.end) - at
	if name < here.names {
		head = int(l.b.starts[name]) - at - 1
	}
	return l.text[at : here.end+1 : here.end+1], head
}

// Same says which lines belong together: they have one head, and none of a few parameters.
type Same struct {
	Head   []byte    // with all that comes before the parameters, but for the blank
	From   int       // how many bytes at the beginning of the head are left out, and
	Sender *Sender   // what is put there instead
	Limit  int       // of bytes that a line may have before and afterwards, without its line feed
	never  [3]uint64 // keys of names
}

// Never says which parameters the lines must not have, nor others that begin with the same seven bytes: three at most.
func (s *Same) Never(names ...string) {
	s.never = [3]uint64{}
	for i, name := range names {
		s.never[i] = markKey(name)
	}
}

// Append appends lines to dst within its capacity, from line i on, up to one that is not the same. It returns what dst is then, how
// many lines were appended, and how many bytes they were before.
func (l *Lines) Append(dst []byte, i int, same *Same) (out []byte, lines, bytes int) {
	at, name := l.b.begin(i), l.b.ends[i].names
	begin, text, prefix := at, l.text, same.Sender.text
	for ; i < l.n; i++ {
		mark := l.b.ends[i+1]
		head := text[at:mark.end]
		if name < mark.names {
			head = text[at : l.b.starts[name]-1]
		}
		if string(head) != string(same.Head) {
			break
		}
		line := text[at : mark.end+1]
		length := len(prefix) + len(line) - same.From
		if max(length, len(line)) > same.Limit+1 || length > cap(dst)-len(dst) || hasKey(l.b.keys[name:mark.names], &same.never) {
			break
		}
		dst = append(append(dst, prefix...), line[same.From:]...)
		at, name = int(mark.end+1), mark.names
		lines++
	}
	return dst, lines, at - begin
}

// hasKey says whether one of the names has one of three keys.
func hasKey(names []uint64, keys *[3]uint64) bool {
	for _, k := range names {
		if k == keys[0] || k == keys[1] || k == keys[2] {
			return true
		}
	}
	return false
}

// Decode decodes line i into m, which borrows it. False: it is no message, or it is an empty line.
func (l *Lines) Decode(i int, m *Message) bool {
	before, here := l.b.ends[i], l.b.ends[i+1]
	from := l.b.begin(i)
	line := l.text[from:here.end]
	if len(line) > 0 {
		m.take(line, uint32(from), before.names, here.names, &l.b.names)
		if m.rightHead() {
			return true
		}
	}
	m.Reset()
	return false
}

// Destination is where in the line the address begins that m goes to; 0 if m was not decoded from one that has such a part.
func (m *Message) Destination() int {
	switch {
	case m.ownHead || !m.has(toService):
		return 0
	case m.has(toServer):
		return int(m.names[toServer].from)
	}
	return int(m.names[toService].from)
}

// Between says that the next byte of the stream begins a line, and that nothing is kept.
func (d *Decoder) Between() bool { return len(d.held) == 0 && d.state == inLine }

// Begun says that all that is kept is the beginning of a line.
func (d *Decoder) Begun() bool { return len(d.held) > 0 && !d.lines && d.state == inLine }
