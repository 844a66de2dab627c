package reactor

const (
	chunkBits = 11
	chunkSize = 1 << chunkBits
)

// slab keeps values by number. It grows by chunks that never move: no pause to copy a million of them, and pointers to
// values stay good. Number 0 is none. Its memory is kept for later use.
type slab[T any] struct {
	chunks []*[chunkSize]T
	free   []uint32
	used   uint32 // numbers handed out so far, with 0
}

func (s *slab[T]) at(id uint32) *T { return &s.chunks[id>>chunkBits][id&(chunkSize-1)] }

// take gives a number; its value is what it was when it was given back, or zero.
func (s *slab[T]) take() uint32 {
	if n := len(s.free); n > 0 {
		id := s.free[n-1]
		s.free = s.free[:n-1]
		return id
	}
	return s.more()
}

// more gives a number that was not used before.
func (s *slab[T]) more() uint32 {
	if s.used == 0 {
		s.used = 1
	}
	if int(s.used>>chunkBits) == len(s.chunks) {
		s.chunks = append(s.chunks, new([chunkSize]T))
	}
	s.used++
	return s.used - 1
}

func (s *slab[T]) give(id uint32) { s.free = append(s.free, id) }
