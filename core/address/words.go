package address

import (
	"errors"
	"strconv"
	"strings"
)

// WordsError says why a text is no command line.
type WordsError struct {
	Line   string
	Offset int // of the byte that is wrong, from 0
	Reason string
}

func (e *WordsError) Error() string {
	return "split " + quote(e.Line) + ": byte " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// SplitWords divides a command line into words as a shell does, and runs none: blanks divide; in single quotes everything is
// meant as it is; in double quotes a backslash before " \ $ ` takes their meaning away, and elsewhere one before any byte
// does; a backslash at the end of a line joins it to the next. Nothing is expanded or redirected: $ * ~ | > ; & # are
// bytes like others. It reads the command of
// an Exec address. The error is a *WordsError.
func SplitWords(line string) ([]string, error) {
	if i := strings.IndexByte(line, 0); i >= 0 {
		return nil, &WordsError{Line: line, Offset: i, Reason: "a word holds no NUL byte"}
	}
	s := splitter{line: line}
	for s.at < len(line) {
		if reason := s.next(line[s.at]); reason != "" {
			return nil, &WordsError{Line: line, Offset: s.at, Reason: reason}
		}
	}
	s.end()
	if len(s.words) == 0 {
		return nil, &WordsError{Line: line, Reason: "there is no command"}
	}
	return s.words, nil
}

// checkCommand says what is wrong with the command of an Exec address.
func checkCommand(line string) (reason string) {
	_, err := SplitWords(line)
	if wrong, ok := errors.AsType[*WordsError](err); ok {
		return "byte " + strconv.Itoa(wrong.Offset) + " of the command: " + wrong.Reason
	}
	return ""
}

type splitter struct {
	line   string
	at     int
	word   []byte
	inWord bool // a word has begun, if only with a quote
	words  []string
}

// next takes one byte, or a quoted part.
func (s *splitter) next(b byte) (reason string) {
	switch b {
	case ' ', '\t', '\n', '\r':
		s.end()
		s.at++
	case '\'':
		s.inWord = true
		n := strings.IndexByte(s.line[s.at+1:], '\'')
		if n < 0 {
			return "the single quote is never closed"
		}
		s.word = append(s.word, s.line[s.at+1:s.at+1+n]...)
		s.at += n + 2
	case '"':
		return s.doubleQuoted()
	case '\\':
		if s.at+1 == len(s.line) {
			return "nothing follows the backslash"
		}
		if s.line[s.at+1] != '\n' {
			s.take(s.line[s.at+1])
		}
		s.at += 2
	default:
		s.take(b)
		s.at++
	}
	return ""
}

func (s *splitter) doubleQuoted() (reason string) {
	s.inWord = true
	for i := s.at + 1; i < len(s.line); i++ {
		switch b := s.line[i]; {
		case b == '"':
			s.at = i + 1
			return ""
		case b == '\\' && i+1 < len(s.line) && strings.IndexByte("\"\\$`\n", s.line[i+1]) >= 0:
			if i++; s.line[i] != '\n' {
				s.word = append(s.word, s.line[i])
			}
		default:
			s.word = append(s.word, b)
		}
	}
	return "the double quote is never closed"
}

func (s *splitter) take(b byte) {
	s.word, s.inWord = append(s.word, b), true
}

func (s *splitter) end() {
	if s.inWord {
		s.words = append(s.words, string(s.word))
		s.word, s.inWord = s.word[:0], false
	}
}

// plainBytes need no quotes, for SplitWords nor for a shell.
const plainBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%"

// JoinWords is the inverse of SplitWords: a line that a shell reads the same way, too.
func JoinWords(words ...string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		if w != "" && strings.Trim(w, plainBytes) == "" {
			b.WriteString(w)
			continue
		}
		b.WriteString("'" + strings.ReplaceAll(w, "'", `'\''`) + "'")
	}
	return b.String()
}
