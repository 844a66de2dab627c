package message

import "math/bits"

// marks says for each of 64 bytes, as bits from the lowest on, what it is. Bits behind a stop mean nothing.
type marks struct {
	name      uint64 // A-Z a-z 0-9 _
	digit     uint64 // 0-9
	lower     uint64 // a-z
	equals    uint64
	semicolon uint64
	quote     uint64
	blank     uint64 // SP
	stop      uint64 // control bytes, among them LF, and '\'; and the end of what there is
}

// within is the bits below the first stop, and the bit of that.
func (m *marks) within() (below, end uint64) {
	end = m.stop & -m.stop
	return end - 1, end // all bits when there is no stop
}

// joined is what one block of 64 bytes hands on to the next: the words whose uppermost bit means something for the first byte of
// the next block, and the carries of additions.
type joined struct {
	outer, equals, opens, closes, blank uint64
	inside                              uint64 // all bits when a quote is open
	nameCarry, plainCarry               uint64
}

// after moves bits to the bytes behind, where the first comes from the block before.
func after(word, before uint64) uint64 { return word<<1 | before>>63 }

// structure finds where names begin and the '=' behind them in a block, from the byte on that first has a bit for. It says
// whether that is sure: that parameters are written as AppendText would write them, apart from their order. All is done for
// 64 bytes at once, without a branch.
//
// An addition finds the ends of runs: where the first bit of a run of ones is added, the carry goes through them, and comes out
// in the first zero behind (simdjson does so for backslashes: Langdale and Lemire, Parsing Gigabytes of JSON per Second).
func (j *joined) structure(m *marks, first uint64) (starts, equals uint64, ok bool) {
	below, end := m.within()
	quote, blanks := m.quote&below, after(m.blank&below, j.blank)
	inside := prefixXor(quote) ^ j.inside // from an opening quote on, until before the closing one
	semicolon := m.semicolon & below
	outer := semicolon &^ inside

	names := m.name & below
	starts = after(outer, j.outer) | first
	sum, nameCarry := bits.Add64(names, starts, j.nameCarry)
	equals = sum &^ names // the byte behind each name
	wrong := equals&^(m.equals&below) | starts&^names | starts&m.digit

	opens, closes := quote&inside, quote&^inside
	wrong |= opens &^ after(equals, j.equals)             // a quote inside of a value
	wrong |= after(closes, j.closes) &^ (semicolon | end) // text behind a quote
	wrong |= blanks&(outer|end) | inside&end              // AppendText quotes that; the quote is not closed
	plain := inside &^ opens &^ semicolon                 // runs of these up to the closing quote
	sum, plainCarry := bits.Add64(plain, after(opens, j.opens), j.plainCarry)
	wrong |= sum &^ plain & closes &^ blanks // quotes that are not needed

	if end == 0 {
		j.outer, j.equals, j.opens, j.closes, j.blank = outer, equals, opens, closes, m.blank
		j.inside, j.nameCarry, j.plainCarry = uint64(int64(inside)>>63), nameCarry, plainCarry
	}
	return starts, equals, wrong == 0
}

// prefixXor returns for each bit whether the number of ones up to it is odd.
func prefixXor(x uint64) uint64 {
	x ^= x << 1
	x ^= x << 2
	x ^= x << 4
	x ^= x << 8
	x ^= x << 16
	return x ^ x<<32
}
