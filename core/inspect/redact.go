package inspect

import (
	"bytes"
	"strings"

	"github.com/ed-toolbox/ed/core/message"
	"github.com/ed-toolbox/ed/core/secret"
)

// secrets remembers what secret.Is said about the names that are used, which are few.
type secrets map[string]bool

// maxNames and maxName bound the memory: peers choose the names.
const (
	maxNames = 4096
	maxName  = 64 // bytes of one that is remembered
)

func (s secrets) has(name []byte) bool {
	if len(name) > maxName {
		return secret.Is(name)
	}
	hide, known := s[string(name)]
	if !known {
		if len(s) >= maxNames {
			clear(s)
		}
		hide = secret.Is(name)
		s[string(name)] = hide
	}
	return hide
}

// shown is what was done to a message to show it.
type shown struct {
	size   int  // bytes of its text, as long as it was
	hidden int  // values that were hidden
	cut    bool // values were cut or left out
}

// appendShown appends the text of m with all secrets hidden, and with at most so many bytes of values; limit < 0 is no
// limit. Values are cut in the order of their names, so that what is left is a message still.
func (s secrets) appendShown(dst []byte, m *message.Message, limit int) ([]byte, shown) {
	start := len(dst)
	dst = m.AppendReceived(dst)
	text := dst[start:]
	sh := shown{size: len(text)}
	body := paramsAt(text)
	if body == len(text) {
		return dst, sh
	}
	quotes := string(m.CommandBytes()) == "INVALID" // it may quote what it complains of
	if limit < 0 || limit >= len(text)-body {
		if !s.any(text[body:], quotes) {
			return dst, sh
		}
		limit = len(text)
	}
	params := bytes.Clone(text[body:])
	dst = dst[:start+body-1]
	mark := byte(' ')
	for len(params) > 0 {
		name, value, rest := nextParam(params)
		params = rest
		switch {
		case s.hides(name, value, quotes):
			value = []byte(secret.Hidden)
			sh.hidden++
		case limit <= 0 && len(value) > 0:
			sh.cut = true
			continue
		default:
			whole := len(value)
			value = cutValue(value, limit)
			sh.cut = sh.cut || len(value) < whole
			limit -= whole
		}
		dst = append(append(append(append(dst, mark), name...), '='), value...)
		mark = ';'
	}
	return dst, sh
}

// hides says whether a value is not shown. An INVALID tells in its parameter message what was wrong with which parameter,
// and often the value of that.
func (s secrets) hides(name, value []byte, quotes bool) bool {
	if s.has(name) {
		return true
	}
	return quotes && string(name) == "message" && secret.Is(value)
}

// any says whether one of the parameters is a secret.
func (s secrets) any(params []byte, quotes bool) bool {
	for len(params) > 0 {
		name, value, rest := nextParam(params)
		if s.hides(name, value, quotes) {
			return true
		}
		params = rest
	}
	return false
}

// paramsAt returns where the parameters begin in a canonical text, its length without any.
func paramsAt(text []byte) int {
	at := 0
	if len(text) > 0 && text[0] == '<' {
		at = bytes.IndexByte(text, ' ') + 1
	}
	if i := bytes.IndexByte(text[at:], ' '); i >= 0 {
		return at + i + 1
	}
	return len(text)
}

// nextParam takes the first parameter of a canonical text; value is as it is written.
func nextParam(params []byte) (name, value, rest []byte) {
	eq := bytes.IndexByte(params, '=')
	if eq < 0 {
		return params, nil, nil // cannot be
	}
	name, value = params[:eq], params[eq+1:]
	end := bytes.IndexByte(value, ';')
	if len(value) > 0 && value[0] == '"' {
		end = 1
		for end < len(value) && value[end] != '"' {
			if value[end] == '\\' {
				end++
			}
			end++
		}
		end = min(end+1, len(value))
		if end == len(value) {
			end = -1
		}
	}
	if end < 0 {
		return name, value, nil
	}
	return name, value[:end], value[end+1:]
}

// cutValue cuts a value as it is written, so that it can still be read: no quote is left open, no escape divided.
func cutValue(value []byte, limit int) []byte {
	if limit = max(limit, 0); len(value) <= limit {
		return value
	}
	quoted := value[0] == '"'
	end := 0
	if quoted {
		end = 1
	}
	for end < limit {
		n := 1
		if value[end] == '\\' && end+1 < len(value) {
			n = 2
		}
		if end+n > limit {
			break
		}
		end += n
	}
	if !quoted {
		return bytes.TrimRight(value[:end], " \t\v\f")
	}
	return append(bytes.Clone(value[:end]), '"')
}

// brokenText is what may be shown of a line that is no message: all up to the first word that announces a secret, since
// nobody can tell where the secret ends.
func brokenText(line []byte) (text []byte, hidden bool) {
	end, found := secret.Announced(line)
	if !found {
		return line, false
	}
	return line[:end], end < len(line)
}

// maxError is how much of an error's text is told, in bytes.
const maxError = 512

func clip(s string) string {
	if len(s) > maxError {
		return strings.ToValidUTF8(s[:maxError], "") + "…"
	}
	return s
}

// errorText is the text of an error about m, unless it may tell a secret: errors quote values.
func (s secrets) errorText(m *message.Message, text string) string {
	for name, value := range m.Params() {
		if s.has([]byte(name)) && mayTell(text, value[:min(len(value), 3)]) {
			return "(hidden, it may tell a secret)"
		}
	}
	return clip(text)
}

// mayTell says whether a text may quote a value that begins so. What would be written with a backslash, in one of many ways, is not
// looked for.
func mayTell(text, begin string) bool {
	for i := range len(begin) {
		if c := begin[i]; c < ' ' || c >= 0x7f || strings.IndexByte(`"'\<>&`+"`", c) >= 0 {
			return true
		}
	}
	return begin != "" && strings.Contains(text, begin)
}
