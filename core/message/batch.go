package message

// batch is room to index many lines at once: what comes in some 8 KiB.
type batch struct {
	index
	ends [batchLines + spareLines]lineMark
	room [batchNames + spareNames]uint32
}

const (
	batchLines = 128
	batchNames = 512
)

// odd is a bit of lineMark.end, for lines whose names are not sorted.
const odd = 1 << 31

// find indexes the lines at the beginning of p, which is not empty.
func (b *batch) find(p []byte) []lineMark {
	b.index = index{line: 1, lineRoom: batchLines, nameRoom: batchNames, line0: &b.ends[0], name0: &b.room[0]}
	b.scan(p[:min(len(p), longest)], 0)
	ends := b.ends[:b.lines]
	if len(ends) == 0 {
		return nil
	}
	names := b.room[:ends[len(ends)-1].names]
	for at, i := 0, 0; ; i++ {
		if at += sorted(p, names[at:]); at == len(names) {
			return ends
		}
		for int(ends[i].names) <= at {
			i++
		}
		at = int(ends[i].names)
		ends[i].end |= odd
	}
}

// known hands on the whole lines of p, which begins where a line does, up to one that cannot be indexed. It returns how many bytes
// are done with.
func (d *feed) known(p []byte) (used int) {
	if d.m.batch == nil {
		d.m.batch = new(batch)
	}
	for used < len(p) && !d.stopped && d.state == inLine {
		n := d.known1(p[used:])
		if n == 0 {
			break
		}
		used += n
	}
	return used
}

// known1 is known for as many lines as one batch has.
func (d *feed) known1(p []byte) (used int) {
	m, b, limit := d.m, d.m.batch, d.limit()
	from, first := uint32(0), uint32(0)
	for _, mark := range b.find(p) {
		end, last := mark.end&^odd, mark.names
		line := p[from:end:end]
		switch {
		case len(line) > limit:
			d.drop(inLine)
		case mark.end&odd == 0 && m.adopt(line, from, b.room[first:last], b.mixed > 0):
			d.stopped = !d.to.OnLine(line, nil)
		case len(line) > 0:
			d.stopped = !d.to.OnLine(line, m.decode(line))
		}
		if from, first = end+1, last; d.stopped || d.state != inLine {
			break
		}
	}
	return int(from)
}
