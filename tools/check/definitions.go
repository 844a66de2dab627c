package check

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/ed-toolbox/ed/core/definition"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// definitionOptions is the command line of `ed check definitions`.
type definitionOptions struct {
	toolkit.Common
	paths []string
}

// definitionFile is one file, as JSON.
type definitionFile struct {
	V          int         `json:"v"`
	OK         bool        `json:"ok"`
	File       string      `json:"file"`
	Command    string      `json:"command,omitempty"`
	Parameters []parameter `json:"parameters,omitempty"`
	Problems   []problem   `json:"problems,omitempty"`
}

type parameter struct {
	Name  string   `json:"name"`
	Type  string   `json:"type"`
	Flags []string `json:"flags"`
}

type problem struct {
	Line  int    `json:"line,omitempty"` // from 1; not there for the file as a whole
	Error string `json:"error"`
}

// checkDefinitions reads every *.conf file of the directories, each for itself, and reports all problems.
func checkDefinitions(env *toolkit.Env, o definitionOptions) error {
	c := &definitionChecker{out: env.Output(o.Common)}
	for _, path := range o.paths {
		if path == "" {
			return toolkit.Errorf(toolkit.Usage, "the name of a directory or file is empty")
		}
		files, err := definitionFiles(path)
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := c.check(file); err != nil {
				return err
			}
		}
	}
	c.out.Say("%s, %s", toolkit.Plural(c.files, "definition file"), toolkit.Plural(c.problems, "problem"))
	if c.problems > 0 {
		return toolkit.Silent(toolkit.Data)
	}
	return nil
}

// definitionFiles returns path itself if it is a file, else the files in it.
func definitionFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		if !entry.IsDir() && strings.HasSuffix(entry.Name(), ".conf") {
			files = append(files, filepath.Join(path, entry.Name()))
		}
	}
	if len(files) == 0 {
		return nil, toolkit.Errorf(toolkit.NoInput, "%s has no definition files, which are named COMMAND.conf", path)
	}
	return files, nil
}

type definitionChecker struct {
	out      *toolkit.Output
	files    int
	problems int
}

// check reports on one file. Its error is one of writing.
func (c *definitionChecker) check(file string) error {
	c.files++
	d, err := definition.Load(file)
	var problems definition.Problems
	if err != nil && !errors.As(err, &problems) {
		problems = definition.Problems{{File: file, Reason: err.Error()}}
	}
	c.problems += len(problems)
	if c.out.JSON {
		return c.out.JSONLine(describeFile(file, d, problems))
	}
	for _, p := range problems {
		if err := c.out.Line("%s", c.out.Received(p.Error())); err != nil {
			return err
		}
	}
	if d != nil && c.out.Verbose > 0 {
		return c.show(d)
	}
	return nil
}

// show prints what a definition says.
func (c *definitionChecker) show(d *definition.Definition) error {
	if err := c.out.Line("%s: %s", d.Source, c.out.Paint.Bold(d.Command)); err != nil {
		return err
	}
	for _, p := range d.Parameters {
		if err := c.out.Line("  %s %s %s", p.Name, p.Type, strings.Join(flags(p), ",")); err != nil {
			return err
		}
	}
	return nil
}

func describeFile(file string, d *definition.Definition, problems definition.Problems) definitionFile {
	f := definitionFile{V: 1, OK: len(problems) == 0, File: file}
	for _, p := range problems {
		f.Problems = append(f.Problems, problem{p.Line, p.Reason})
	}
	if d == nil {
		return f
	}
	f.Command = d.Command
	for _, p := range d.Parameters {
		f.Parameters = append(f.Parameters, parameter{p.Name, p.Type.String(), flags(p)})
	}
	return f
}

// flags returns the words for p in a definition file.
func flags(p definition.Parameter) []string {
	words := []string{}
	for _, flag := range []struct {
		set  bool
		word string
	}{{p.Required, "required"}, {p.Forbidden, "forbidden"}, {p.Empty, "empty"}} {
		if flag.set {
			words = append(words, flag.word)
		}
	}
	if !p.Required && !p.Forbidden {
		words = append([]string{"optional"}, words...)
	}
	return words
}
