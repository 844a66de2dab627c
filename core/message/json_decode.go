package message

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"unicode/utf8"
)

// decodeJSON fills m from a trimmed line; offset is where it begins in what the caller was given.
func (m *Message) decodeJSON(line []byte, offset int) error {
	m.Reset()
	if len(line) == 0 {
		return ErrEmpty
	}
	m.built, m.ownHead, m.json, m.canonical = true, true, true, false
	m.own, m.fields = m.own[:0], m.fields[:0]
	d := jsonDecoder{m: m, scanner: jsonScanner{text: line}}
	if err := d.message(); err != nil {
		m.Reset()
		err.Offset += offset
		return err
	}
	return nil
}

// jsonDecoder puts into a message what a scanner finds.
type jsonDecoder struct {
	m       *Message
	scanner jsonScanner
	value   []byte // of the member at hand
	raw     []byte // text line of raw_base64
	rawAt   int    // where that was; 0 is nowhere
}

func (d *jsonDecoder) message() *SyntaxError {
	s := &d.scanner
	if !utf8.Valid(s.text) {
		return syntaxError(invalidUTF8(s.text), "JSON has to be UTF-8")
	}
	if err := s.object(d.member); err != nil {
		return err
	}
	if s.space(); s.at < len(s.text) {
		return syntaxError(s.at, "there is text after the JSON object")
	}
	if d.rawAt > 0 {
		return d.rawMessage()
	}
	if !d.m.has(commandName) {
		return syntaxError(len(s.text)-1, "the JSON object has no command")
	}
	d.m.sortFields()
	return nil
}

// rawMessage makes the message the one that raw_base64 carries.
func (d *jsonDecoder) rawMessage() *SyntaxError {
	m := d.m
	from, to := trim(d.raw)
	switch err := m.decodeText(d.raw[from:to], 0).(type) {
	case nil:
		m.json = true
		return nil
	case *SyntaxError:
		return syntaxError(d.rawAt, keyRaw+" at byte "+strconv.Itoa(from+err.Offset)+": "+err.Reason)
	default:
		return syntaxError(d.rawAt, keyRaw+" is an empty line")
	}
}

// member takes one member of the outer object.
func (d *jsonDecoder) member(key []byte) *SyntaxError {
	for i, name := range headKeys {
		if string(key) == name {
			return d.name(i)
		}
	}
	s := &d.scanner
	switch {
	case string(key) == keyParameters && s.peek() != '"':
		if s.peek() != '{' {
			return syntaxError(s.at, "parameters has to be an object")
		}
		return s.object(d.parameter)
	case string(key) == keyRaw && s.peek() == '"':
		return d.rawValue()
	}
	return s.skip(0)
}

// name takes the value of the key of one of the names.
func (d *jsonDecoder) name(i int) *SyntaxError {
	s, at := &d.scanner, d.scanner.at
	if s.peek() != '"' {
		return syntaxError(at, headKeys[i]+" has to be a string")
	}
	value, err := s.str(d.value[:0])
	if err != nil {
		return err
	}
	d.value = value
	if len(value) > 0 || i == commandName {
		if _, reason := checkName(value, &headRules[i].nameRule); reason != "" {
			return syntaxError(at, "bad "+headRules[i].what+": "+reason)
		}
	}
	setName(d.m, i, value)
	return nil
}

// parameter takes one member of a parameters object.
func (d *jsonDecoder) parameter(name []byte) *SyntaxError {
	s, at := &d.scanner, d.scanner.at
	if _, reason := checkName(name, &parameter); reason != "" {
		return syntaxError(s.keyAt, "bad parameter name: "+reason)
	}
	value, err := s.scalar(d.value[:0])
	if err != nil {
		return err
	}
	d.value = value
	if bytes.IndexByte(value, 0) >= 0 {
		return syntaxError(at, "the value of "+string(name)+" has a NUL, which no message can carry as text")
	}
	d.m.push(name, value)
	return nil
}

// rawValue takes the value of raw_base64.
func (d *jsonDecoder) rawValue() *SyntaxError {
	at := d.scanner.at
	value, err := d.scanner.str(d.value[:0])
	if err != nil {
		return err
	}
	d.value = value
	raw, bad := base64.StdEncoding.AppendDecode(nil, value)
	if bad != nil {
		return syntaxError(at, keyRaw+" is not base64")
	}
	d.raw, d.rawAt = raw, at
	return nil
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8.
func invalidUTF8(p []byte) int {
	at := 0
	for at < len(p) {
		r, n := utf8.DecodeRune(p[at:])
		if r == utf8.RuneError && n <= 1 {
			break
		}
		at += n
	}
	return at
}
