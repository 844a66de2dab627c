package definition

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/ed-toolbox/ed/core/message"
)

// MaxFile is the most bytes that a definition file may have.
const MaxFile = 64 << 10

// extension ends the name of every definition file.
const extension = ".conf"

//go:embed messages/*.conf
var messages embed.FS

// Builtin returns the definitions of the default commands that come with the library.
func Builtin() fs.FS {
	sub, err := fs.Sub(messages, "messages")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return sub
}

// Default returns the built-in definition of one command, nil where it has none. It reads that file alone, each time: for
// programs that check a message or two.
func Default(command string) (*Definition, error) {
	builtin, name := Builtin(), command+extension
	if _, err := fs.Stat(builtin, name); err != nil {
		return nil, nil // nothing else can be wrong with a file that is compiled in
	}
	return load(builtin, name, command, "built-in:"+name)
}

// Options say where definitions are. The zero value is the built-in ones alone.
type Options struct {
	Dirs  []string // searched in this order, before the others; each must exist
	Extra fs.FS    // searched after Dirs: what a program adds of its own. Nil: nothing
	FS    fs.FS    // searched last. Nil: Builtin()
}

// Set is the definitions found in a list of directories. It may be used from any goroutine.
type Set struct {
	options Options
	loaded  atomic.Pointer[contents]
}

// contents is what one reading of the directories gave. It is never changed.
type contents struct {
	definitions map[string]*Definition
	broken      map[string]Problems // commands whose file has faults
	problems    Problems
}

// Open reads all definition files. It blocks for as long as that takes. The error names a directory that could not be
// read; faults inside files are kept for For, Check and Err.
func Open(o Options) (*Set, error) {
	if o.FS == nil {
		o.FS = Builtin()
	}
	s := &Set{options: o}
	if err := s.Reload(); err != nil {
		return nil, err
	}
	return s, nil
}

// Reload reads all files again. On error everything stays as it was.
func (s *Set) Reload() error {
	c := &contents{definitions: make(map[string]*Definition), broken: make(map[string]Problems)}
	for _, dir := range s.options.Dirs {
		if err := c.read(os.DirFS(dir), func(name string) string { return filepath.Join(dir, name) }); err != nil {
			return fmt.Errorf("read message definitions in %s: %w", dir, err)
		}
	}
	if s.options.Extra != nil {
		if err := c.read(s.options.Extra, func(name string) string { return "built-in:" + name }); err != nil {
			return fmt.Errorf("read message definitions of the program: %w", err)
		}
	}
	if err := c.read(s.options.FS, func(name string) string { return "built-in:" + name }); err != nil {
		return fmt.Errorf("read built-in message definitions: %w", err)
	}
	s.loaded.Store(c)
	return nil
}

// For returns the definition of command, nil when there is none, or the Problems of its file. It reads no file.
func (s *Set) For(command string) (*Definition, error) {
	c := s.loaded.Load()
	if d := c.definitions[command]; d != nil {
		return d, nil
	}
	if p := c.broken[command]; p != nil {
		return nil, p
	}
	return nil, nil
}

// Check holds m against the definition of its command: nil when it is valid or has no definition, a *CheckError, or the
// Problems of a broken file. It allocates as Definition.Check does. A nil Set accepts everything.
func (s *Set) Check(m *message.Message) error {
	if s == nil {
		return nil
	}
	c := s.loaded.Load()
	command := m.CommandBytes()
	if d := c.definitions[string(command)]; d != nil {
		return d.Check(m)
	}
	if p := c.broken[string(command)]; p != nil {
		return p
	}
	return nil
}

// Commands returns the commands that have a valid definition, sorted.
func (s *Set) Commands() []string {
	return slices.Sorted(maps.Keys(s.loaded.Load().definitions))
}

// Err returns the Problems of all files, also of those hidden by an earlier directory's, or nil.
func (s *Set) Err() error {
	if p := s.loaded.Load().problems; len(p) > 0 {
		return p
	}
	return nil
}

// read adds the files of one directory; what an earlier one gave stays.
func (c *contents) read(dir fs.FS, path func(name string) string) error {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		command, found := strings.CutSuffix(entry.Name(), extension)
		if !found || entry.IsDir() {
			continue
		}
		d, err := load(dir, entry.Name(), command, path(entry.Name()))
		if err != nil {
			problems, _ := errors.AsType[Problems](err)
			c.problems = append(c.problems, problems...)
			if !c.has(command) {
				c.broken[command] = problems
			}
			continue
		}
		if !c.has(command) {
			c.definitions[command] = d
		}
	}
	return nil
}

func (c *contents) has(command string) bool {
	return c.definitions[command] != nil || c.broken[command] != nil
}

// Load reads one file, named COMMAND.conf. The error is Problems.
func Load(path string) (*Definition, error) {
	name := filepath.Base(path)
	command, found := strings.CutSuffix(name, extension)
	if !found {
		return nil, Problems{{File: path, Reason: "the name of a definition file ends in " + extension}}
	}
	return load(os.DirFS(filepath.Dir(path)), name, command, path)
}

// load reads one file. Its error is Problems.
func load(dir fs.FS, name, command, path string) (*Definition, error) {
	data, err := readFile(dir, name)
	if err != nil {
		return nil, Problems{{File: path, Reason: err.Error()}}
	}
	return Parse(command, path, data)
}

// readFile reads a regular file of at most MaxFile bytes: a FIFO among the definitions must not stop the program.
func readFile(dir fs.FS, name string) ([]byte, error) {
	info, err := fs.Stat(dir, name)
	if err != nil {
		return nil, plain(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	file, err := dir.Open(name)
	if err != nil {
		return nil, plain(err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	if err != nil {
		return nil, plain(err)
	}
	if len(data) > MaxFile {
		return nil, fmt.Errorf("longer than %d bytes", MaxFile)
	}
	return data, nil
}

// plain drops the path of an error, which Problem gives in full.
func plain(err error) error {
	if bad, ok := errors.AsType[*fs.PathError](err); ok {
		return bad.Err
	}
	return err
}
