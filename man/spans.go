package man

import "strings"

// Style is how a piece of a line looks.
type Style uint8

// The styles of pages.
const (
	Plain   Style = iota
	Bold          // as it is typed
	Slanted       // stands for something else
)

// Spans cuts a line that is no example into pieces of one style, in their order. Marks are told from stars and underscores that are meant,
// also where one ends and another begins: *NAME***.***PID*.
func Spans(line string, put func(text string, style Style)) {
	var piece strings.Builder
	bold, slanted, afterMark := "", "", true
	end := func() {
		style := Plain
		switch {
		case bold != "":
			style = Bold
		case slanted != "":
			style = Slanted
		}
		if piece.Len() > 0 {
			put(piece.String(), style)
			piece.Reset()
		}
		afterMark = true
	}
	for l := line; l != ""; {
		next := strings.TrimLeft(l, "*_")
		switch {
		case len(l) > 1 && l[0] == '\\':
			piece.WriteByte(l[1])
			l, afterMark = l[2:], false
		case bold != "" && strings.HasPrefix(l, bold):
			end()
			l, bold = l[2:], ""
		case bold == "" && (strings.HasPrefix(l, "**") || strings.HasPrefix(l, "__")):
			if slanted != "" && slanted == l[:1] && len(l) > 2 && l[2] == l[0] { // of three the first is the end
				end()
				l, slanted = l[1:], ""
				continue
			}
			end()
			l, bold = l[2:], l[:2]
		case slanted != "" && strings.HasPrefix(l, slanted):
			end()
			l, slanted = l[1:], ""
		case bold == "" && slanted == "" && (l[0] == '*' || l[0] == '_' && afterMark) && next != "" && next[0] != ' ':
			end()
			l, slanted = l[1:], l[:1]
		default:
			piece.WriteByte(l[0])
			afterMark = !isWordByte(l[0])
			l = l[1:]
		}
	}
	end()
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
}
