package message

import (
	"bytes"
	"slices"
)

// Message is one message, either decoded from a line or built with setters. The zero value is an empty message.
// It must not be copied; use Clone.
//
// Strings it hands out are copies and safe to keep. Slices of bytes are borrowed: they are valid until the message is
// changed, reset or decoded into again, and must not be written to.
type Message struct {
	_ noCopy

	// The names: spans of own, or of line while ownHead is unset.
	names [nameCount]span

	status
	body   uint32 // where the parameters begin in line; its length when there are none. Not behind names: see take
	before uint32 // where line begins in what marked counts from
	first  uint32 // the first name of a parameter in marked
	last   uint32 // and the one behind the last
	marked *marks // the names of the parameters, while no more is known of them; else nil
	line   []byte // borrowed, or a copy after Parse and Clone; without white space around it

	// What is in these counts only if something above says so.
	own     []byte
	params  []param
	scratch []byte // unescaped values
	fields  []field

	batch      *Batch // for Decoder.Decode, which makes it
	near       marks  // for Decode
	nearStarts [nearNames + spareNames]uint32
	nearKeys   [nearNames + spareNames]uint64
}

// status is what is so of a message, and set together.
type status struct {
	ownHead   bool
	printed   bool  // own is the head as AppendText prints it
	json      bool  // came as JSON
	built     bool  // the parameters are in fields
	ordered   bool  // params is sorted by name, without duplicates
	canonical bool  // line[body:] is what AppendText would print
	verbatim  bool  // line is, and begins with the command, as there is no other name
	unscanned bool  // params is not filled before it is needed: line[body:] is canonical
	unchecked uint8 // bit per name, and paramsBit: set by setters, cleared by Check
}

// nearNames is as many parameters as nearly all messages have.
const nearNames = 12

// span is a part of a buffer. Offsets of 32 bits keep a Message small.
type span struct{ from, to uint32 }

// The names of a message, in the order in which they are written.
const (
	fromServer = iota
	fromService
	toServer
	toService
	commandName
	nameCount

	paramsBit uint8 = 1 << nameCount // in Message.unchecked
)

// noCopy makes go vet report copies of a Message, whose params may point into itself.
type noCopy struct{}

func (noCopy) Lock()   {}
func (noCopy) Unlock() {}

// New returns a message to be built. The command is checked by Check and when the message is encoded.
func New(command string) *Message {
	m := &Message{}
	m.SetCommand(command)
	return m
}

// Parse decodes a line, text or JSON, into a message that owns its bytes. Errors are those of Decode.
func Parse(line []byte) (*Message, error) {
	m := &Message{}
	if err := m.Decode(bytes.Clone(line)); err != nil {
		return nil, err
	}
	return m, nil
}

// Decode replaces m by what the line says: JSON if it begins with "{", else text. The whole line is checked; nothing is
// allocated for text. The message borrows line until it is changed to something else: line must stay as it is for as long as m is
// in use. On error (*SyntaxError, or ErrEmpty for a blank line) m is left empty.
func (m *Message) Decode(line []byte) error {
	if m.single(line) || m.indexLine(line) {
		return nil
	}
	return m.decode(line)
}

// decode is Decode for any line.
func (m *Message) decode(line []byte) error {
	from, to := trim(line)
	if from < to && line[from] == '{' {
		return m.decodeJSON(line[from:to], from)
	}
	return m.decodeText(line[from:to], from)
}

// DecodeText is Decode for a line that must be text.
func (m *Message) DecodeText(line []byte) error {
	from, to := trim(line)
	return m.decodeText(line[from:to], from)
}

// DecodeJSON is Decode for a line that must be JSON. The message does not borrow the line.
//
// Values of parameters may be strings, numbers (their text is kept as it is written), true, false and null (""). Unknown
// keys are ignored, and so is a string named "parameters"; two objects of that name are merged. An object with the key
// "raw_base64" carries a text line, whose values may be any bytes; other keys are then ignored.
func (m *Message) DecodeJSON(line []byte) error {
	from, to := trim(line)
	return m.decodeJSON(line[from:to], from)
}

// trim returns where the line begins and ends without the white space around it.
func trim(line []byte) (from, to int) {
	to = len(line)
	for from < to && classes[line[from]]&blankByte != 0 {
		from++
	}
	for from < to && classes[line[to-1]]&blankByte != 0 {
		to--
	}
	return from, to
}

// Reset makes m an empty message. Its buffers are kept for the next one.
func (m *Message) Reset() {
	m.reset(nil, 0, 0, nil)
	m.verbatim = false
}

// reset makes m the message of a line with these parameters, which are canonical. It begins with a command of this length; there are no
// other names.
func (m *Message) reset(line []byte, command, body uint32, names *marks) {
	m.names, m.body = [nameCount]span{commandName: {0, command}}, body
	m.status = status{ordered: true, canonical: true, verbatim: true, unscanned: true}
	m.marked, m.line = names, line
}

// Clone returns an independent copy that owns its bytes.
func (m *Message) Clone() *Message {
	c := &Message{
		names: m.names, status: m.status,
		line: bytes.Clone(m.line), body: m.body,
	}
	if m.ownHead {
		c.own = bytes.Clone(m.own)
	}
	if !m.unscanned {
		c.params, c.scratch = slices.Clone(m.params), bytes.Clone(m.scratch)
	}
	if m.built {
		for i := range m.fields {
			c.push(m.fields[i].name, m.fields[i].value)
		}
	}
	return c
}

// Equal says whether both messages have the same names and parameters, whatever form they came in.
func (m *Message) Equal(o *Message) bool {
	for i := range m.names {
		if !bytes.Equal(m.name(i), o.name(i)) {
			return false
		}
	}
	if m.Len() != o.Len() {
		return false
	}
	for i := range m.Len() {
		mn, mv := m.at(i)
		on, ov := o.at(i)
		if !bytes.Equal(mn, on) || !bytes.Equal(mv, ov) {
			return false
		}
	}
	return true
}

// IsJSON says whether the message was decoded from JSON.
func (m *Message) IsJSON() bool { return m.json }
