// Package message holds the one-line messages that services exchange: their text and JSON forms, the parameters in them,
// and the decoder that cuts a stream of bytes into lines.
//
//	<from_server:from_service server:service/COMMAND name=value;name="a;b"
//
// # Use
//
//	m := message.New("LOCK").Set("object_name", "db").SetInt("timeout", 5)
//	m.SetService("cluck")
//	line, err := m.AppendText(nil) // cluck/LOCK object_name=db;timeout=5
//
//	got, err := message.Parse(line)
//	seconds, err := got.Int("timeout")
//
// Where many lines pass, one Message is used for all of them: Decoder.Decode cuts a stream into lines and validates many of them at
// once, Lookup finds a parameter in place, ReplyTo, CopyParams, Repeat and AppendText answer without allocating. What nobody asks for is not
// taken apart: a router that looks at the address alone never pays for the parameters. Lines are found and checked, and not decoded at
// all, by Lines.
//
// White space (SP TAB LF VT FF CR) around a line is ignored, and in a value "\\", "\n", "\r" (and "\"" inside quotes) are
// undone in one pass from left to right; any other backslash stays. When a parameter is given twice the last one counts.
//
// # Threads
//
// A Message belongs to one goroutine at a time, even for reading: looking a parameter up may unescape it in place.
// Nothing here blocks.
//
// # Errors
//
// Decoding gives *SyntaxError with the offset of the offending byte and the reason in plain words, or ErrEmpty for a blank
// line; a message that failed to decode is left empty. Encoding gives *NameError (a bad or missing name) or *ParamError
// (a NUL in a value, which no form can carry), and ErrNotUTF8 when the message has no JSON form. Typed getters give
// *ParamError, which is ErrMissing when the parameter is not there.
//
// # Limits
//
// Names, values and lines have no length of their own; the Decoder limits lines (65,536 bytes by default). Memory used by
// decoding is in proportion to the line. Unknown JSON values may nest 64 deep.
package message
