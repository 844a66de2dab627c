package reactor

const (
	placeBits  = 8
	placeChunk = 1 << placeBits
	fdBits     = 10
	fdChunk    = 1 << fdBits
)

// places keeps the sources by number. It grows by chunks that never move: ten thousand connections leave no outgrown tables
// behind for the garbage collector, and no turn copies a large one. Chunks are kept for later use.
type places struct {
	slots  []*[placeChunk]slot  // what a turn touches
	owners []*[placeChunk]owner // handlers and names
	byFD   []*[fdChunk]uint32   // fd -> slot+1 of its last source, see lost; nil where no descriptor was used
	made   int                  // numbers handed out so far
	taken  int                  // of them, those in use
	free   uint32               // the first place that is free, plus one; its fd is the next
	label  *label               // of the last source
}

// label is what a source is called. The connections of one listener share theirs.
type label struct{ name, kind string }

func (p *places) slot(id uint32) *slot { return &p.slots[id>>placeBits][id&(placeChunk-1)] }

func (p *places) owner(id uint32) *owner { return &p.owners[id>>placeBits][id&(placeChunk-1)] }

// take gives a number; its slot has its generation and nothing else.
func (p *places) take() uint32 {
	p.taken++
	if p.free != 0 {
		id := p.free - 1
		s := p.slot(id)
		p.free, s.fd = uint32(s.fd), 0
		return id
	}
	if p.made == len(p.slots)<<placeBits {
		p.slots = append(p.slots, new([placeChunk]slot))
		p.owners = append(p.owners, new([placeChunk]owner))
	}
	p.made++
	id := uint32(p.made - 1)
	p.slot(id).gen = 1
	return id
}

// give takes a number back. Its slot begins the next generation.
func (p *places) give(id uint32) {
	p.taken--
	s := p.slot(id)
	*s = slot{gen: s.gen + 1, fd: int32(p.free)}
	*p.owner(id) = owner{}
	p.free = id + 1
}

// holder is the slot+1 of the last source of a descriptor; 0: none.
func (p *places) holder(fd int) uint32 {
	if i := fd >> fdBits; i < len(p.byFD) && p.byFD[i] != nil {
		return p.byFD[i][fd&(fdChunk-1)]
	}
	return 0
}

// setHolder notes who has a descriptor.
func (p *places) setHolder(fd int, holder uint32) {
	i := fd >> fdBits
	for i >= len(p.byFD) {
		p.byFD = append(p.byFD, nil)
	}
	if p.byFD[i] == nil {
		p.byFD[i] = new([fdChunk]uint32)
	}
	p.byFD[i][fd&(fdChunk-1)] = holder
}

// knows says whether there is room for a descriptor already.
func (p *places) knows(fd int) bool { i := fd >> fdBits; return i < len(p.byFD) && p.byFD[i] != nil }

// call makes a label, or finds that it is that of the source before.
func (p *places) call(name, kind string) *label {
	if p.label == nil || p.label.name != name || p.label.kind != kind {
		p.label = &label{name, kind}
	}
	return p.label
}
