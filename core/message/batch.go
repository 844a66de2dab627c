package message

// batch is room to index many lines at once: what comes in some 8 KiB.
type batch struct {
	index
	ends   [1 + batchLines + spareLines]lineMark // the first is that before the text
	names  marks
	starts [batchNames + spareNames]uint32
	keys   [batchNames + spareNames]uint64
}

func newBatch() *batch {
	b := &batch{}
	b.ends[0].end = noLine
	b.names = marks{starts: b.starts[:], keys: b.keys[:]}
	return b
}

const (
	batchLines = 128
	batchNames = 512
)

const (
	odd    = 1 << 31   // is a bit of lineMark.end, for lines whose names are not sorted
	noLine = 1<<32 - 1 // is the end of the line before the first, so that the first begins at 0
)

// find indexes the lines at the beginning of p, which is not empty, and returns how many there are.
func (b *batch) find(p []byte) int {
	b.index = index{} // by itself, or the whole of it would be made elsewhere and copied
	b.line, b.lineRoom, b.nameRoom, b.line0, b.name0 = 1, batchLines, batchNames, &b.ends[1], &b.starts[0]
	b.scan(p[:min(len(p), longest)], 0)
	ends := b.ends[1 : 1+b.lines]
	if len(ends) == 0 {
		return 0
	}
	b.names.mixed = b.mixed > 0
	last := int(ends[len(ends)-1].names)
	for at, i := 0, 0; ; i++ {
		if at = b.names.sorted(p, at, last); at == last {
			return len(ends)
		}
		for int(ends[i].names) <= at {
			i++
		}
		at = int(ends[i].names)
		ends[i].end |= odd
	}
}

// known hands on the lines at the beginning of p, as many as a batch has, up to one that cannot be indexed. It returns how many bytes
// are done with.
func (d *feed) known(p []byte) (used int) {
	if d.m.batch == nil {
		d.m.batch = newBatch()
	}
	m, b, limit := d.m, d.m.batch, d.limit()
	p = p[:len(p):len(p)]
	n := b.find(p)
	before := b.ends[0]
	for i, here := range b.ends[1 : 1+n] {
		line, ok := m.take(p, before, here, &b.names)
		before = here
		var err error
		switch {
		case len(line) > limit:
			if d.drop(inLine); d.state != inLine {
				return b.begin(i + 1)
			}
			continue
		case ok:
		case len(line) == 0:
			continue
		default:
			err = m.decode(line)
		}
		if !d.to.OnLine(line[:len(line):len(line)], err) {
			d.stopped = true
			return b.begin(i + 1)
		}
	}
	return b.begin(n)
}

// begin returns where line i begins.
func (b *batch) begin(i int) int { return int((b.ends[i].end + 1) &^ odd) }
