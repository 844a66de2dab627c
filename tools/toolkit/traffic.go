package toolkit

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/ed-toolbox/ed/core/message"
)

// Traffic says how a message came or went. Fields at their zero value are left out of what is printed.
type Traffic struct {
	Time      time.Time
	Peer      string // the other side's address
	Link      uint64 // serial of the connection
	Direction string // "in" or "out"
}

// AppendMessage appends m as the line of JSON that every tool prints with --json, without a line end: the names of the wire
// plus v, time, peer, link and direction. A message that is not UTF-8 has "raw_base64" in place of its fields.
// MessageReader takes such lines back.
func AppendMessage(dst []byte, m *message.Message, t Traffic) ([]byte, error) {
	dst = appendTraffic(dst, t)
	brace := len(dst)
	dst, err := m.AppendJSON(dst)
	switch {
	case err == nil:
		dst[brace] = ',' // the object goes on with the fields of the message
		return dst, nil
	case !errors.Is(err, message.ErrNotUTF8):
		return dst, err
	}
	text, err := m.AppendText(nil)
	if err != nil {
		return dst, err
	}
	return append(appendRaw(dst, text), '}'), nil
}

// AppendBroken appends the line of JSON for a received line that is no message: why, at which byte of it, and the line itself.
func AppendBroken(dst, line []byte, cause error, t Traffic) []byte {
	dst = append(appendTraffic(dst, t), `,"error":`...)
	dst = appendString(dst, cause.Error())
	if syntax, ok := errors.AsType[*message.SyntaxError](cause); ok {
		dst = strconv.AppendInt(append(dst, `,"offset":`...), int64(syntax.Offset), 10)
	} else if long, ok := errors.AsType[*message.TooLongError](cause); ok {
		dst = strconv.AppendInt(append(dst, `,"offset":`...), int64(long.Limit), 10)
	}
	return append(appendRaw(dst, line), '}')
}

func appendTraffic(dst []byte, t Traffic) []byte {
	dst = append(dst, `{"v":1`...)
	if !t.Time.IsZero() {
		dst = append(dst, `,"time":"`...)
		dst = append(t.Time.AppendFormat(dst, time.RFC3339Nano), '"')
	}
	if t.Peer != "" {
		dst = appendString(append(dst, `,"peer":`...), t.Peer)
	}
	if t.Link != 0 {
		dst = strconv.AppendUint(append(dst, `,"link":`...), t.Link, 10)
	}
	if t.Direction != "" {
		dst = appendString(append(dst, `,"direction":`...), t.Direction)
	}
	return dst
}

func appendRaw(dst, raw []byte) []byte {
	dst = append(dst, `,"raw_base64":"`...)
	return append(base64.StdEncoding.AppendEncode(dst, raw), '"')
}

// appendString appends s as a JSON string; bytes that are not UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	plain := utf8.ValidString(s)
	for i := 0; i < len(s) && plain; i++ {
		plain = s[i] >= 0x20 && s[i] != '"' && s[i] != '\\'
	}
	if plain {
		return append(append(append(dst, '"'), s...), '"')
	}
	b, err := json.Marshal(s)
	if err != nil {
		return append(dst, `""`...) // json.Marshal does not fail on strings
	}
	return append(dst, b...)
}
