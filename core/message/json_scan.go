package message

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep values of unknown keys may nest.
const maxDepth = 64

// jsonScanner reads JSON (RFC 8259) from a text that is UTF-8. It is our own because offsets have to be exact, numbers have to keep
// their text, and C++ services write control bytes into strings as they are, which encoding/json refuses.
type jsonScanner struct {
	text  []byte
	at    int // of the next byte
	keyAt int // of the key of the member at hand
}

// peek returns the next byte, 0 at the end.
func (s *jsonScanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

// space skips white space.
func (s *jsonScanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// take skips white space and one byte, which must be c.
func (s *jsonScanner) take(c byte) *SyntaxError {
	if s.space(); s.peek() != c || s.at == len(s.text) {
		return s.unexpected(quoteByte(c))
	}
	s.at++
	return nil
}

// unexpected says what was expected at this place.
func (s *jsonScanner) unexpected(what string) *SyntaxError {
	if s.at == len(s.text) {
		return syntaxError(s.at, "the JSON ends where "+what+" was expected")
	}
	return syntaxError(s.at, "there is "+quoteByte(s.text[s.at])+" where "+what+" was expected")
}

// object reads an object, and calls member for each of its keys (borrowed) to read the value that is next.
func (s *jsonScanner) object(member func(key []byte) *SyntaxError) *SyntaxError {
	if err := s.take('{'); err != nil {
		return err
	}
	if s.space(); s.peek() == '}' {
		s.at++
		return nil
	}
	var key []byte
	for {
		s.space()
		at := s.at
		if s.peek() != '"' {
			return s.unexpected("a key in double quotes")
		}
		var err *SyntaxError
		if key, err = s.str(key[:0]); err != nil {
			return err
		}
		if err = s.take(':'); err != nil {
			return err
		}
		s.space()
		s.keyAt = at
		if err = member(key); err != nil {
			return err
		}
		if s.space(); s.peek() == '}' {
			s.at++
			return nil
		}
		if s.peek() != ',' {
			return s.unexpected("',' or '}'")
		}
		s.at++
	}
}

// skip reads a value of any type.
func (s *jsonScanner) skip(depth int) *SyntaxError {
	if depth == maxDepth {
		return syntaxError(s.at, "the JSON is nested too deep")
	}
	switch s.peek() {
	case '{':
		return s.object(func([]byte) *SyntaxError { return s.skip(depth + 1) })
	case '[':
		return s.array(depth)
	}
	_, err := s.scalar(nil)
	return err
}

func (s *jsonScanner) array(depth int) *SyntaxError {
	s.at++ // the '['
	if s.space(); s.peek() == ']' {
		s.at++
		return nil
	}
	for {
		s.space()
		if err := s.skip(depth + 1); err != nil {
			return err
		}
		if s.space(); s.peek() == ']' {
			s.at++
			return nil
		}
		if s.peek() != ',' {
			return s.unexpected("',' or ']'")
		}
		s.at++
	}
}

// scalar appends the text of a string, a number (as it is written), true, false or null (nothing).
func (s *jsonScanner) scalar(dst []byte) ([]byte, *SyntaxError) {
	switch c := s.peek(); {
	case c == '"':
		return s.str(dst)
	case c == '-' || '0' <= c && c <= '9':
		return s.number(dst)
	case c == '{' || c == '[':
		return nil, syntaxError(s.at, "a value has to be a string, a number, true, false or null")
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(s.text[s.at:], []byte(word)) {
			s.at += len(word)
			if word == "null" {
				return dst, nil
			}
			return append(dst, word...), nil
		}
	}
	return nil, s.unexpected("a value")
}

// number appends a number as it is written.
func (s *jsonScanner) number(dst []byte) ([]byte, *SyntaxError) {
	start := s.at
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
	} else if err := s.digits(); err != nil {
		return nil, err
	}
	if s.peek() == '.' {
		s.at++
		if err := s.digits(); err != nil {
			return nil, err
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		if err := s.digits(); err != nil {
			return nil, err
		}
	}
	return append(dst, s.text[start:s.at]...), nil
}

// digits skips one digit or more.
func (s *jsonScanner) digits() *SyntaxError {
	start := s.at
	for classes[s.peek()]&digitByte != 0 {
		s.at++
	}
	if s.at == start {
		return s.unexpected("a digit")
	}
	return nil
}

// str appends the text that a string stands for. Control bytes are taken as they are, but for NUL and LF.
func (s *jsonScanner) str(dst []byte) ([]byte, *SyntaxError) {
	open := s.at
	s.at++
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case '"':
			s.at++
			return dst, nil
		case '\\':
			var err *SyntaxError
			if dst, err = s.escape(dst); err != nil {
				return nil, err
			}
		case 0:
			return nil, syntaxError(s.at, "there is a NUL byte")
		case '\n':
			return nil, syntaxError(s.at, "there is a line feed inside a string")
		default:
			dst = append(dst, c)
			s.at++
		}
	}
	return nil, syntaxError(open, "the string is not closed")
}

// escape appends what the backslash at this place and what follows it stand for.
func (s *jsonScanner) escape(dst []byte) ([]byte, *SyntaxError) {
	start := s.at
	s.at++
	c := s.peek()
	s.at++
	switch c {
	case '"', '\\', '/':
		return append(dst, c), nil
	case 'b':
		return append(dst, '\b'), nil
	case 'f':
		return append(dst, '\f'), nil
	case 'n':
		return append(dst, '\n'), nil
	case 'r':
		return append(dst, '\r'), nil
	case 't':
		return append(dst, '\t'), nil
	case 'u':
		r, ok := s.hex4()
		if ok && utf16.IsSurrogate(r) {
			// A character beyond U+FFFF: the second half has to follow.
			var low rune
			if ok = bytes.HasPrefix(s.text[s.at:], []byte(`\u`)); ok {
				s.at += 2
				low, ok = s.hex4()
			}
			if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
				return nil, syntaxError(start, "the JSON escape is one half of a character, and the other half is missing")
			}
		}
		if ok {
			return utf8.AppendRune(dst, r), nil
		}
	}
	return nil, syntaxError(start, "the backslash does not begin a JSON escape")
}

// hex4 reads four hexadecimal digits.
func (s *jsonScanner) hex4() (r rune, ok bool) {
	if len(s.text)-s.at < 4 {
		return 0, false
	}
	for _, c := range s.text[s.at : s.at+4] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	s.at += 4
	return r, true
}
