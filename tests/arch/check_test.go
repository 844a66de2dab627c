package arch_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

const module = "github.com/ed-toolbox/ed"

// rules is a policy in the form that is asked.
type rules struct {
	imports    map[string][]string // package pattern -> allowed patterns
	restricted map[string][]string
}

func parseRules(policy, restricted string) rules {
	return rules{imports: parseTable(policy), restricted: parseTable(restricted)}
}

func parseTable(text string) map[string][]string {
	table := map[string][]string{}
	for line := range strings.SplitSeq(text, "\n") {
		if name, list, ok := strings.Cut(line, ":"); ok {
			table[name] = strings.Fields(list)
		}
	}
	return table
}

// matches reports whether name fits one of the patterns: equal, "any", or a prefix before "*".
func matches(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, star := strings.CutSuffix(p, "*")
		return p == "any" || p == name || star && (strings.HasPrefix(name, prefix) || name+"/" == prefix)
	})
}

// lookup finds the line for name: its own, or the longest pattern that it fits.
func lookup(table map[string][]string, name string) (allowed []string, ok bool) {
	best := -1
	for pattern, list := range table {
		if pattern == name {
			return list, true
		}
		if strings.HasSuffix(pattern, "*") && matches(name, []string{pattern}) && len(pattern) > best {
			allowed, ok, best = list, true, len(pattern)
		}
	}
	return allowed, ok
}

// source is one Go file.
type source struct {
	path string // from the root of the module
	pkg  string // its folder
	test bool
	text []byte
	file *ast.File
	pos  *token.FileSet
}

func (s *source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.pos.Position(n.Pos()).Line)
}

// check returns every violation in the tree.
func (r rules) check(tree fs.FS) ([]string, error) {
	sources, found, err := load(tree)
	if err != nil {
		return nil, err
	}
	for _, s := range sources {
		found = append(found, r.checkImports(s)...)
		found = append(found, checkForm(s)...)
		found = append(found, checkCalls(s)...)
	}
	found = append(found, checkState(sources)...)
	slices.Sort(found)
	return found, nil
}

// load parses all Go files; one that does not parse is a violation.
func load(tree fs.FS) (sources []*source, found []string, err error) {
	err = fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := path.Base(name)
		if d.IsDir() && name != "." && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		s := &source{path: name, pkg: path.Dir(name), test: strings.HasSuffix(name, "_test.go"), text: text, pos: token.NewFileSet()}
		if s.file, err = parser.ParseFile(s.pos, name, text, parser.ParseComments); err != nil {
			found = append(found, fmt.Sprintf("%s: does not parse: %v", name, err))
			return nil
		}
		sources = append(sources, s)
		return nil
	})
	return sources, found, err
}

func (r rules) checkImports(s *source) (found []string) {
	allowed, known := lookup(r.imports, s.pkg)
	if !known {
		return []string{fmt.Sprintf("%s: package %s has no line in the policy", s.path, s.pkg)}
	}
	if s.test {
		return nil
	}
	for _, spec := range s.file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		if ours, ok := strings.CutPrefix(name, module+"/"); ok {
			if !matches(ours, allowed) {
				found = append(found, fmt.Sprintf("%s: %s may not import %s", s.at(spec), s.pkg, ours))
			}
			continue
		}
		if list, ok := lookup(r.restricted, name); ok && !matches(s.pkg, list) {
			found = append(found, fmt.Sprintf("%s: %s may not import %s", s.at(spec), s.pkg, name))
		}
	}
	return found
}

// checkForm looks at size, layout and left-overs.
func checkForm(s *source) (found []string) {
	limit := maxSource
	switch {
	case s.test:
		limit = maxTest
	case s.pkg == wholeExample:
	case strings.HasPrefix(s.path, "examples/"):
		limit = maxExample
	}
	if n := bytes.Count(s.text, []byte("\n")); n > limit {
		found = append(found, fmt.Sprintf("%s: %d lines, the limit is %d", s.path, n, limit))
	}
	if want, err := format.Source(s.text); err != nil || !bytes.Equal(want, s.text) {
		found = append(found, s.path+": not in the form of gofmt")
	}
	for _, group := range s.file.Comments {
		for _, c := range group.List {
			if strings.Contains(c.Text, "TO"+"DO") || strings.Contains(c.Text, "FIX"+"ME") {
				found = append(found, s.at(c)+": something is left to do")
			}
		}
	}
	return found
}

// checkCalls looks for calls that only some may make.
func checkCalls(s *source) (found []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		switch name := x.Name + "." + sel.Sel.Name; {
		case name == "os.Exit" || x.Name == "log" && strings.HasPrefix(sel.Sel.Name, "Fatal"):
			if !s.test && !matches(s.pkg, strings.Fields(mayExit)) {
				found = append(found, s.at(call)+": "+name+" outside of a program")
			}
		case name == "time.Sleep":
			if s.test || !matches(s.pkg, strings.Fields(maySleep)) {
				found = append(found, s.at(call)+": time.Sleep, wait for a condition")
			}
		case !s.test && (name == "unix.Sendto" || name == "unix.Recvfrom"):
			found = append(found, s.at(call)+": "+name+" lets go of its buffer too early on 386, where it is a number before the call: unix.Write, unix.Read")
		case s.test && (name == "t.Skip" || name == "t.Skipf" || name == "t.SkipNow"):
			found = append(found, s.at(call)+": a test that is skipped tests nothing")
		}
		return true
	})
	return found
}
