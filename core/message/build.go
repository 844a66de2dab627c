package message

import (
	"bytes"
	"slices"
	"sort"
)

// field is one parameter of a built message. The room of both parts is used again when the message is.
type field struct{ name, value []byte }

// Set gives a parameter a value, which may be any bytes but NUL, and returns m so that calls can be chained. It never
// fails: Check and the encoders verify name and value.
func (m *Message) Set(name, value string) *Message {
	f := m.field(name)
	f.value = append(f.value, value...)
	return m
}

// Delete removes a parameter, if it is there.
func (m *Message) Delete(name string) {
	if !m.Has(name) {
		return
	}
	m.build()
	i, _ := m.find(name)
	last := len(m.fields) - 1
	gone := m.fields[i]
	copy(m.fields[i:], m.fields[i+1:])
	m.fields[last] = gone // behind the end, its room is used again
	m.fields = m.fields[:last]
}

// field returns the field of that name with an empty value, made if it was not there.
func (m *Message) field(name string) *field {
	m.build()
	m.unchecked |= paramsBit
	i, ok := m.find(name)
	if !ok {
		n := len(m.fields)
		m.push(nil, nil)
		spare := m.fields[n]
		copy(m.fields[i+1:], m.fields[i:n])
		spare.name = append(spare.name, name...)
		m.fields[i] = spare
	}
	f := &m.fields[i]
	f.value = f.value[:0]
	return f
}

// push adds a field at the end, in the room of one that was there before. Name and value are copied.
func (m *Message) push(name, value []byte) {
	n := len(m.fields)
	if n == cap(m.fields) {
		m.fields = append(m.fields, field{})
	}
	m.fields = m.fields[:n+1]
	f := &m.fields[n]
	f.name = append(f.name[:0], name...)
	f.value = append(f.value[:0], value...)
}

// find returns where the field of that name is, or would have to be.
func (m *Message) find(name string) (int, bool) {
	i := sort.Search(len(m.fields), func(i int) bool { return string(m.fields[i].name) >= name })
	return i, i < len(m.fields) && string(m.fields[i].name) == name
}

// build turns a decoded message into one whose parameters can be changed.
func (m *Message) build() {
	if m.built {
		return
	}
	m.fields = m.fields[:0]
	for i := range m.Len() {
		m.push(m.at(i))
	}
	m.params, m.built, m.canonical, m.verbatim = m.params[:0], true, false, false
}

// sortFields puts fields that were pushed in any order into theirs, and drops all but the last of the same name.
func (m *Message) sortFields() {
	byName := func(a, b field) int { return bytes.Compare(a.name, b.name) }
	if !slices.IsSortedFunc(m.fields, byName) {
		slices.SortStableFunc(m.fields, byName)
	}
	n := 0
	for i := range m.fields {
		if i+1 < len(m.fields) && bytes.Equal(m.fields[i].name, m.fields[i+1].name) {
			continue
		}
		m.fields[n], m.fields[i] = m.fields[i], m.fields[n]
		n++
	}
	m.fields = m.fields[:n]
}

// checkFields verifies the names and values that Set was given.
func (m *Message) checkFields() error {
	for i := range m.fields {
		f := &m.fields[i]
		if _, reason := checkName(f.name, &parameter); reason != "" {
			return &NameError{What: "parameter", Name: string(f.name), Reason: reason}
		}
		if bytes.IndexByte(f.value, 0) >= 0 {
			return &ParamError{Command: m.Command(), Name: string(f.name), Value: string(f.value), Reason: nulReason}
		}
	}
	return nil
}

const nulReason = "it has a NUL byte, which no message can carry"
