package message

import (
	"bytes"
	"iter"
	"math/bits"
	"slices"
	"strings"
)

// Has says whether there is a parameter of that name.
func (m *Message) Has(name string) bool {
	_, ok := m.Lookup(name)
	return ok
}

// Get returns a copy of a parameter's value, and whether the parameter is there.
func (m *Message) Get(name string) (string, bool) {
	value, ok := m.Lookup(name)
	return string(value), ok
}

// Lookup returns the value of a parameter, borrowed from the message, and whether the parameter is there. It allocates
// nothing, except when a value with escapes is asked for the first time and is longer than any before it.
func (m *Message) Lookup(name string) ([]byte, bool) {
	if m.marked != nil {
		return m.indexed(name)
	}
	if m.built {
		if i, ok := m.find(name); ok {
			return m.fields[i].value, true
		}
		return nil, false
	}
	if p := m.param(name); p != nil {
		return m.value(p), true
	}
	return nil, false
}

// Len returns how many parameters there are.
func (m *Message) Len() int {
	if m.built {
		return len(m.fields)
	}
	m.order()
	return len(m.params)
}

// Params yields copies of the parameters' names and values, sorted by the bytes of the names. The message must not be changed
// during it.
func (m *Message) Params() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := range m.Len() {
			if name, value := m.at(i); !yield(string(name), string(value)) {
				return
			}
		}
	}
}

// at returns parameter i of Len in order, borrowed.
func (m *Message) at(i int) (name, value []byte) {
	if m.built {
		return m.fields[i].name, m.fields[i].value
	}
	p := &m.params[i]
	return m.line[p.name:p.eq], m.value(p)
}

// indexed is Lookup for a message of which is known where the names of its parameters begin. It compares four keys at once, as there is
// room behind the last: how many parameters a message has cannot be guessed.
func (m *Message) indexed(name string) ([]byte, bool) {
	key := uint64(0) // is markKey(name), which would be a call
	if len(name) < 4 {
		key = shortKey(name) >> 8
	} else {
		key = wordKey(name) >> 8
	}
	for at := m.first; at < m.last; at += 4 {
		if hits := equals(m.marked.four(at), key); hits > 0 {
			return m.among(at, hits, key, name)
		}
	}
	return nil, false
}

// among is indexed from four parameters on, some of which have the key.
func (m *Message) among(at uint32, hits uint, key uint64, name string) ([]byte, bool) {
	for {
		for ; hits > 0; hits &= hits - 1 {
			i := at + uint32(bits.TrailingZeros(hits))
			if i >= m.last {
				return nil, false
			}
			if value, ok := m.valueAt(i-m.first, name); ok {
				return value, true
			}
		}
		if at += 4; at >= m.last {
			return nil, false
		}
		hits = equals(m.marked.four(at), key)
	}
}

// equals returns a bit for each of the keys that is equal to another, without a branch.
func equals(keys *[4]uint64, key uint64) (hits uint) {
	if keys[0] == key {
		hits |= 1
	}
	if keys[1] == key {
		hits |= 2
	}
	if keys[2] == key {
		hits |= 4
	}
	if keys[3] == key {
		hits |= 8
	}
	return hits
}

// valueAt returns the value of parameter i of those that are marked, if it has that name.
func (m *Message) valueAt(i uint32, name string) ([]byte, bool) {
	line, starts := m.line, m.marked.starts[m.first:]
	from := int(starts[i] - m.before)
	eq := from + len(name)
	if eq >= len(line) || line[eq] != '=' || string(line[from:eq]) != name || len(name) > 7 && strings.IndexByte(name[7:], '=') >= 0 {
		return nil, false // the last is for those who ask for what cannot be a name: the keys are of no more than seven bytes
	}
	to := len(line)
	if m.first+i+1 < m.last {
		to = int(starts[i+1]-m.before) - 1
	}
	if eq++; eq < to && line[eq] == '"' {
		eq, to = eq+1, to-1
	}
	return line[eq:to:to], true
}

// param finds a parameter of a decoded message: the last one of that name. A loop over the few that messages have is faster
// than any index.
func (m *Message) param(name string) *param {
	if m.unscanned {
		m.scan()
	}
	key := keyOf(name)
	for i := len(m.params) - 1; i >= 0; i-- {
		p := &m.params[i]
		if p.key == key && int(p.eq-p.name) == len(name) && (len(name) <= 8 || string(m.line[p.name:p.eq]) == name) {
			return p
		}
	}
	return nil
}

// value returns what a parameter's value means. It is unescaped when it is asked for the first time.
func (m *Message) value(p *param) []byte {
	switch {
	case p.form&unescaped != 0:
		return m.scratch[p.value.from:p.value.to:p.value.to]
	case p.form&escaped != 0:
		return m.unescape(p)
	}
	return m.line[p.value.from:p.value.to:p.value.to]
}

func (m *Message) unescape(p *param) []byte {
	from := len(m.scratch)
	m.scratch = appendUnescaped(m.scratch, m.line[p.value.from:p.value.to], p.form&quoted != 0)
	p.value = span{uint32(from), uint32(len(m.scratch))}
	p.form = p.form&^escaped | unescaped
	return m.scratch[from:len(m.scratch):len(m.scratch)]
}

// scan finds the parameters in a line where they were proven to be right.
func (m *Message) scan() {
	m.unscanned, m.marked, m.params = false, nil, m.params[:0]
	if int(m.body) < len(m.line) {
		m.scanParams()
	}
}

// order sorts the parameters of a decoded message by name, and drops all but the last of the same name.
func (m *Message) order() {
	if m.unscanned {
		m.scan()
	}
	if m.ordered {
		return
	}
	line := m.line
	slices.SortStableFunc(m.params, func(a, b param) int {
		return bytes.Compare(line[a.name:a.eq], line[b.name:b.eq])
	})
	n := 0
	for i, p := range m.params {
		next := i + 1
		if next < len(m.params) && bytes.Equal(line[p.name:p.eq], line[m.params[next].name:m.params[next].eq]) {
			continue
		}
		m.params[n] = p
		n++
	}
	m.params, m.ordered = m.params[:n], true
}
