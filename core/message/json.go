package message

import (
	"unicode/utf8"
)

// The keys of the JSON form.
const (
	keyFromServer  = "sent-from-server"
	keyFromService = "sent-from-service"
	keyServer      = "server"
	keyService     = "service"
	keyCommand     = "command"
	keyParameters  = "parameters"
	keyRaw         = "raw_base64"
)

// headKeys are the keys of the names, in the order in which they are written. It is never written to.
var headKeys = [nameCount]string{
	fromServer: keyFromServer, fromService: keyFromService, toServer: keyServer, toService: keyService, commandName: keyCommand,
}

// AppendJSON appends the message as one line of JSON, without a line end. Every value is a string, so that nothing is
// lost. On error dst is returned as it was: ErrNotUTF8 when a value is not UTF-8, else that of Check.
func (m *Message) AppendJSON(dst []byte) ([]byte, error) {
	if err := m.Check(); err != nil {
		return dst, err
	}
	start := len(dst)
	dst = append(dst, '{')
	for i, key := range headKeys {
		if m.has(i) {
			dst = appendJSONKey(dst, key)
			dst = appendJSONString(dst, m.name(i))
			dst = append(dst, ',')
		}
	}
	if m.Len() > 0 {
		dst = appendJSONKey(dst, keyParameters)
		dst = append(dst, '{')
		for i := range m.Len() {
			name, value := m.at(i)
			if !utf8.Valid(value) {
				return dst[:start], ErrNotUTF8
			}
			dst = append(dst, '"')
			dst = append(dst, name...)
			dst = append(dst, '"', ':')
			dst = appendJSONString(dst, value)
			dst = append(dst, ',')
		}
		dst[len(dst)-1] = '}'
		return append(dst, '}'), nil
	}
	dst[len(dst)-1] = '}' // in the place of the last comma: there is a command at least
	return dst, nil
}

func appendJSONKey(dst []byte, key string) []byte {
	dst = append(dst, '"')
	dst = append(dst, key...)
	return append(dst, '"', ':')
}

// appendJSONString appends s, which is UTF-8, in double quotes.
func appendJSONString(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i, c := range s {
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}
