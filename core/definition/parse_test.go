package definition_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ed-toolbox/ed/core/definition"
)

// files are definition files with what they read as: the parameters in one line each, or the faults.
var files = []struct {
	name    string
	command string // X when empty
	text    string
	want    []string
	faults  []string
}{
	{name: "empty file", text: ""},
	{name: "only comments", text: "# a\n; b\n\n   # c\n"},
	{name: "no flags key means required and empty", text: "[a]\n", want: []string{"a string required empty line 1"}},
	{name: "flags key starts from nothing", text: "[a]\nflags=\n", want: []string{"a string line 1"}},
	{name: "required alone must not be empty", text: "[a]\nflags = required\n", want: []string{"a string required line 1"}},
	{name: "all flags", text: "[a]\nflags = required , empty,\n[b]\nflags=forbidden\n[c]\nflags=optional,defined,allowed",
		want: []string{"a string required empty line 1", "b string forbidden line 3", "c string line 5"}},
	{name: "types", text: "[a]\ntype=string\n[b]\ntype=default\n[c]\ntype=integer\n[d]\ntype=address\n[e]\ntype=timespec\n[f]\ntype=bool\n[g]\ntype=duration",
		want: []string{"a string required empty line 1", "b string required empty line 3", "c integer required empty line 5", "d address required empty line 7",
			"e timespec required empty line 9", "f bool required empty line 11", "g duration required empty line 13"}},
	{name: "dash is underscore", text: "[my-name]\n", want: []string{"my_name string required empty line 1"}},
	{name: "carriage returns and blanks", text: " [ a ] \r\n\t type\t=\tinteger \r\n", want: []string{"a integer required empty line 1"}},
	{name: "comment after a section", text: "[a] # the first\n[b];x\n", want: []string{"a string required empty line 1", "b string required empty line 2"}},
	{name: "continuation", text: "[a]\nflags = required, \\\n  empty\n[b]\n", want: []string{"a string required empty line 1", "b string required empty line 4"}},
	{name: "continuation at the end", text: "[a]\nflags = optional \\", want: []string{"a string line 1"}},
	{name: "comments are not continued", text: "# a \\\n[a]\n", want: []string{"a string required empty line 2"}},
	{name: "descriptions", text: "description = x = y # z\n[a]\ndescription =\n", want: []string{"a string required empty line 2"}},

	{name: "unknown type", text: "[a]\ntype = int\n", faults: []string{`x.conf:2: unknown type "int": use string, integer, address, timespec, bool or duration`}},
	{name: "empty type", text: "[a]\ntype =\n", faults: []string{`x.conf:2: unknown type ""`}},
	{name: "unknown flag", text: "[a]\n\nflags = required,optionnal\n", faults: []string{`x.conf:3: unknown flag "optionnal"`}},
	{name: "unknown key", text: "[a]\ndescritpion = b\n", faults: []string{`x.conf:2: unknown key "descritpion"`}},
	{name: "key before the sections", text: "type = integer\n[a]\n", faults: []string{`x.conf:1: key type stands before the first section`}},
	{name: "section that is no name", text: "[a b]\ntype = integer\n[1a]\n", faults: []string{`x.conf:1: section [a b] is not the name of a parameter`, `x.conf:3: section [1a]`}},
	{name: "empty section", text: "[]\n", faults: []string{`x.conf:1: section []`}},
	{name: "open section", text: "[a\ntype = integer\n", faults: []string{`x.conf:1: a section needs a closing bracket`}},
	{name: "text after a section", text: "[a] type = integer\n", faults: []string{`x.conf:1: text after the closing bracket`}},
	{name: "section twice", text: "[a-b]\n[a_b]\n", faults: []string{`x.conf:2: section [a_b] was given before, in line 1`}},
	{name: "key twice", text: "[a]\ntype = integer\ntype = integer\n", faults: []string{`x.conf:3: key type was given before, in line 2`}},
	{name: "no equals sign", text: "[a]\nrequired\n", faults: []string{`x.conf:2: neither a [section] nor a key = value`}},
	{name: "no key", text: "[a]\n= integer\n", faults: []string{`x.conf:2: a key without a name`}},
	{name: "required and forbidden", text: "[a]\nflags=required,forbidden\n", faults: []string{`x.conf:1: parameter a is both required and forbidden`}},
	{name: "all faults are told", text: "[a]\ntype = x\nflags = y, z\nu = v\n",
		faults: []string{"x.conf:2: unknown type", "x.conf:3: unknown flag", "x.conf:3: unknown flag", "x.conf:4: unknown key"}},
	{name: "file name that is no command", command: "x-y", text: "", faults: []string{"x.conf: the name of the file is not a command"}},
}

func TestParse(t *testing.T) {
	for _, test := range files {
		t.Run(test.name, func(t *testing.T) {
			command := "X"
			if test.command != "" {
				command = test.command
			}
			d, err := definition.Parse(command, "x.conf", []byte(test.text))
			if test.faults != nil {
				require.Nil(t, d)
				lines := strings.Split(err.Error(), "\n")
				require.Len(t, lines, len(test.faults), err.Error())
				for i, want := range test.faults {
					require.True(t, strings.HasPrefix(lines[i], want), "got %q, want %q", lines[i], want)
				}
				var first *definition.Problem
				require.ErrorAs(t, err, &first)
				require.Equal(t, "x.conf", first.File)
				return
			}
			require.NoError(t, err)
			require.Equal(t, command, d.Command)
			require.Equal(t, test.want, show(d))
		})
	}
}

// TestParseByteOrderMark: what some editors write before the first line is none of it.
func TestParseByteOrderMark(t *testing.T) {
	d, err := definition.Parse("X", "x.conf", []byte("\ufeff[a]\ntype = integer\n"))
	require.NoError(t, err)
	require.Equal(t, definition.Integer, d.Parameters[0].Type)
	_, err = definition.Parse("X", "x.conf", []byte("[a]\n\ufefftype = integer\n"))
	require.Error(t, err)
}

func TestParseKeepsDescriptions(t *testing.T) {
	d, err := definition.Parse("X", "x.conf", []byte("description = all \\\n  of it\n[a]\ndescription = a; b\n"))
	require.NoError(t, err)
	require.Equal(t, "all of it", strings.Join(strings.Fields(d.Description), " "))
	require.Equal(t, "a; b", d.Parameters[0].Description)
}

// FuzzParse: no file makes the parser panic, every fault has a line inside the file, and every definition that comes out
// can be written down and read back.
func FuzzParse(f *testing.F) {
	for _, file := range files {
		f.Add([]byte(file.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := definition.Parse("X", "x.conf", data)
		lines := strings.Count(string(data), "\n") + 1
		if err != nil {
			var problems definition.Problems
			require.ErrorAs(t, err, &problems)
			require.NotEmpty(t, problems)
			for _, p := range problems {
				require.Positive(t, p.Line, p.Error())
				require.LessOrEqual(t, p.Line, lines, p.Error())
			}
			return
		}
		again, err := definition.Parse("X", "x.conf", write(d))
		require.NoError(t, err)
		require.Len(t, again.Parameters, len(d.Parameters))
		for i, p := range d.Parameters {
			p.Line = again.Parameters[i].Line
			p.Description = ""
			require.Equal(t, p, again.Parameters[i])
		}
	})
}

// show returns the parameters of d, one line each.
func show(d *definition.Definition) []string {
	var lines []string
	for _, p := range d.Parameters {
		words := append([]string{p.Name, p.Type.String()}, flags(p)...)
		lines = append(lines, strings.Join(append(words, "line", number(p.Line)), " "))
	}
	return lines
}

// write returns a file that reads as d, without its descriptions.
func write(d *definition.Definition) []byte {
	var b strings.Builder
	for _, p := range d.Parameters {
		b.WriteString("[" + p.Name + "]\ntype = " + p.Type.String() + "\nflags = " + strings.Join(flags(p), ",") + "\n")
	}
	return []byte(b.String())
}

func flags(p definition.Parameter) []string {
	var words []string
	if p.Required {
		words = append(words, "required")
	}
	if p.Empty {
		words = append(words, "empty")
	}
	if p.Forbidden {
		words = append(words, "forbidden")
	}
	return words
}
