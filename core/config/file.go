package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gopkg.in/ini.v1"
)

const (
	maxFile      = 1 << 20         // bytes; a configuration is written by hand
	pipePatience = 2 * time.Second // for the whole of one that comes by a pipe, as a shell's <(…) does
)

// entry is one line NAME=VALUE.
type entry struct {
	section string // "" before the first [section]
	name    string // as written
	value   string
	line    int
}

// fullName is the name by which a key outside of the tool's own section is known.
func (e entry) fullName() string {
	if e.section == "" {
		return e.name
	}
	return e.section + "::" + e.name
}

// readFile returns the entries of an ini file in the order of their lines, and what is wrong with the others.
func readFile(path string) ([]entry, []error) {
	data, err := ReadFile(path)
	if err != nil {
		return nil, []error{err}
	}
	return parse(path, data)
}

// ReadFile returns a file that an option names and people write: of at most 1 MiB, and without waiting for more than 2 s where it
// comes by a pipe or from a terminal. The error is a *FileError.
func ReadFile(path string) ([]byte, error) {
	data, err := readLimited(path)
	if err != nil {
		return nil, &FileError{File: path, Err: err}
	}
	return data, nil
}

func readLimited(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // opening a FIFO would wait for a writer
	if err != nil {
		return nil, cause(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, cause(err)
	}
	fifo := info.Mode()&fs.ModeNamedPipe != 0
	_ = f.SetReadDeadline(time.Now().Add(pipePatience)) // a file on a disk has none, and does not wait
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fmt.Errorf("it is a pipe or a terminal whose writer has not ended within %s", pipePatience)
	}
	if err != nil {
		return nil, cause(err)
	}
	if fifo && len(data) == 0 {
		return nil, errors.New("it is a FIFO that nobody writes to")
	}
	if len(data) > maxFile {
		return nil, errors.New("it has more than 1 MiB")
	}
	return data, nil
}

// cause drops operation and path, which the error around it shows.
func cause(err error) error {
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return pe.Err
	}
	return err
}

// parse takes an ini file apart. ini.v1 knows the structure but neither tells lines nor keeps values as they are (it takes
// backquotes for its own), so it is given the number of its line in place of each value.
func parse(path string, data []byte) ([]entry, []error) {
	lines := strings.Split(strings.TrimPrefix(string(data), "\ufeff"), "\n")
	numbered, errs := number(path, lines)
	f, err := ini.LoadSources(ini.LoadOptions{
		IgnoreInlineComment:     true,
		IgnoreContinuation:      true,
		KeyValueDelimiters:      "=",
		PreserveSurroundedQuote: true,
		AllowBooleanKeys:        true,
		AllowShadows:            true,
	}, numbered)
	if err != nil {
		return nil, append(errs, &FileError{File: path, Err: err})
	}
	byLine := make([]entry, len(lines)+1)
	for _, section := range f.Sections() {
		name, named := strings.CutPrefix(section.Name(), sectionMark)
		if !named {
			name = ""
		}
		for _, key := range section.Keys() {
			for _, text := range key.ValueWithShadows() {
				n, err := strconv.Atoi(text)
				if err != nil || n < 1 || n > len(lines) {
					return nil, append(errs, &FileError{File: path, Err: errors.New("the ini parser lost a line")})
				}
				byLine[n] = entry{section: name, name: key.Name(), value: valueOf(lines[n-1]), line: n}
			}
		}
	}
	entries := make([]entry, 0, len(lines))
	for _, e := range byLine {
		if e.line > 0 {
			entries = append(entries, e)
		}
	}
	return entries, errs
}

// sectionMark stands before the names that ini.v1 is given: it has one of its own for what is before the first section.
const sectionMark = ":"

// number rewrites the lines for ini.v1 without those that it would misread, which are errors. After a section that has no good name
// all is passed over until the next one.
func number(path string, lines []string) ([]byte, []error) {
	var out bytes.Buffer
	var errs []error
	lost := false
	for i, line := range lines {
		text, good := trim(line), ""
		reason := ""
		switch {
		case strings.IndexByte(line, 0) >= 0:
			reason = "there is a NUL byte"
		case text == "" || text[0] == '#' || text[0] == ';':
		case text[0] == '[':
			name, rest, ok := strings.Cut(text[1:], "]")
			name, rest = trim(name), trim(rest)
			switch {
			case !ok:
				reason = "the section is not closed by ]"
			case !validName(name):
				reason = strconv.Quote(name) + " is no name for a section"
			case rest != "" && rest[0] != '#' && rest[0] != ';':
				reason = "only a comment may follow the section"
			}
			good, lost = "["+sectionMark+name+"]", reason != ""
		default:
			name, _, ok := strings.Cut(text, "=")
			if name = trim(name); !validName(name) {
				reason = strconv.Quote(name) + " is no name for a key"
				if !ok {
					reason += ", and there is no = behind one"
				}
			}
			good = name + "=" + strconv.Itoa(i+1)
		}
		switch {
		case reason != "":
			errs = append(errs, &FileError{File: path, Line: i + 1, Err: errors.New(reason)})
		case !lost:
			out.WriteString(good)
		}
		out.WriteByte('\n')
	}
	return out.Bytes(), errs
}

func valueOf(line string) string {
	_, value, ok := strings.Cut(line, "=")
	if !ok {
		return "true"
	}
	return trim(value)
}

// trim removes ASCII white space only: a no-break space at the end of a secret is part of it.
func trim(s string) string { return strings.Trim(s, " \t\r\v\f") }

// validName is a letter or underscore followed by letters, digits and any of "_-.:".
func validName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || !('0' <= c && c <= '9' || c == '-' || c == '.' || c == ':')) {
			return false
		}
	}
	return s != ""
}
