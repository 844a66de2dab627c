package message

import (
	"math"
	"math/bits"
	"slices"
)

// scanTight decodes the line at the beginning of p if its parameters are written as AppendText would write them, their order
// apart, and none has an escape. The line ends before the first control byte or '\', or with p; the caller looks at what is there.
//
// That is how nearly all lines come. Others, and all on processors that find no marks, are left to decodeText: ok is false then,
// right or wrong, and m is to be reset.
func (m *Message) scanTight(p []byte) (end int, ok bool) {
	if !wide || int64(len(p)) > math.MaxUint32 {
		return 0, false
	}
	var k marks
	k.find(p, 0)
	below, _ := k.within()
	to := bits.TrailingZeros64(^(k.name & below))
	if to == 0 || to >= 63 || k.lower<<(64-to) != 0 || k.digit&1 != 0 {
		return m.scanTightAddressed(p)
	}
	m.names[commandName] = span{0, uint32(to)}
	if k.stop>>to&1 != 0 {
		m.line, m.body = p[:to:to], uint32(to)
		m.ordered, m.canonical = true, true
		return to, true
	}
	if k.blank>>to&1 == 0 {
		return m.scanTightAddressed(p)
	}
	return m.scanTightParams(p, &k, 0, to+1)
}

// scanTightAddressed is scanTight for a line whose head is more than a command.
func (m *Message) scanTightAddressed(p []byte) (end int, ok bool) {
	if len(p) == 0 {
		return 0, false
	}
	m.names[commandName], m.line = span{}, p
	body, ok := m.scanHead()
	if !ok || body >= len(p) {
		return 0, false
	}
	var k marks
	k.find(p, body)
	return m.scanTightParams(p, &k, body, body)
}

// scanTightParams does the part of scanTight from body on. The marks k begin at base.
func (m *Message) scanTightParams(p []byte, k *marks, base, body int) (end int, ok bool) {
	params := m.room()
	params = params[:cap(params)]
	n, ordered, last := 0, true, &params[0]
	state, first := joined{}, uint64(1)<<uint(body-base)
	name := -1 // where the name begins that goes on in the next block
	for {
		starts, equals, ok := state.structure(k, first)
		if !ok {
			return 0, false
		}
		if n+bits.OnesCount64(equals) > len(params) {
			params = slices.Grow(params, len(params)+64)
			params = params[:cap(params)]
			last = &params[max(n-1, 0)]
		}
		for ; equals != 0; equals &= equals - 1 {
			if name < 0 {
				name = base + bits.TrailingZeros64(starts)
				starts &= starts - 1
			}
			eq := base + bits.TrailingZeros64(equals)
			key := nameKey(p, name, eq)
			if n > 0 && key <= last.key && ordered {
				ordered = follows(p, name, eq, last)
			}
			last.value.to = uint32(name - 1)
			last = &params[n]
			last.key, last.name, last.eq, last.value.from, last.form = key, uint32(name), uint32(eq), uint32(eq+1), whole
			n, name = n+1, -1
		}
		if starts != 0 {
			name = base + bits.TrailingZeros64(starts)
		}
		if k.stop != 0 {
			break
		}
		base, first = base+64, 0
		k.find(p, base)
	}
	end = base + bits.TrailingZeros64(k.stop)
	last.value.to = uint32(end)
	m.line, m.body, m.params = p[:end:end], uint32(body), params[:n]
	m.ordered, m.canonical = ordered, ordered
	return end, true
}
