package arch_test

import (
	"go/ast"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	linkTo    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	pathIn    = regexp.MustCompile("`((?:core|transport|tools|cmd|examples|scripts|docs|man|packaging|tests)/[A-Za-z0-9_./-]+)`")
	fenced    = regexp.MustCompile("(?ms)^```.*?^```$")
	goBlock   = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")
	heading   = regexp.MustCompile(`(?m)^#+ (.+)$`)
	nameInDoc = regexp.MustCompile(`(?:^|[^\w./"])([a-z]+)\.([A-Z]\w*)(?:\.([A-Z]\w*))?`)
)

// pages calls f with every Markdown file of the tree but those of testdata.
func pages(t *testing.T, f func(name, text string)) {
	tree := os.DirFS(filepath.Join("..", ".."))
	require.NoError(t, fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (base[0] == '.' || base == "testdata"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".md":
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		f(name, string(text))
		return err
	}))
}

// TestPagesLeadSomewhere: what a page links to, and what it names as a path from the root, is there.
func TestPagesLeadSomewhere(t *testing.T) {
	pages(t, func(name, text string) {
		text = fenced.ReplaceAllString(text, "")
		for _, m := range linkTo.FindAllStringSubmatch(text, -1) {
			file, section, _ := strings.Cut(m[1], "#")
			if strings.Contains(m[1], "://") {
				continue
			}
			target := filepath.Join("..", "..", path.Dir(name), file)
			if file == "" {
				target = filepath.Join("..", "..", name)
			}
			content, err := os.ReadFile(target)
			if info, e := os.Stat(target); e == nil && info.IsDir() {
				err = nil
			}
			require.NoError(t, err, "%s links to %s", name, m[1])
			require.True(t, section == "" || hasHeading(string(content), section), "%s links to %s", name, m[1])
		}
		for _, m := range pathIn.FindAllStringSubmatch(text, -1) {
			found, err := filepath.Glob(filepath.Join("..", "..", m[1]) + "*") // a program may be called without the .c of its source
			require.NoError(t, err)
			require.NotEmpty(t, found, "%s tells of %s", name, m[1])
		}
	})
}

func hasHeading(text, anchor string) bool {
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		plain := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(m[1]), "")
		if strings.ReplaceAll(plain, " ", "-") == anchor {
			return true
		}
	}
	return false
}

// TestReadmeShowsTheExamples: each line of Go in README.md stands in an example, which is compiled and run.
func TestReadmeShowsTheExamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "examples", "*", "*.go"))
	require.NoError(t, err)
	lines := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			lines[strings.TrimSpace(line)] = true
		}
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	blocks := goBlock.FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		for line := range strings.Lines(block[1]) {
			require.True(t, lines[strings.TrimSpace(line)], "README.md has Go that no example has: %s", line)
		}
	}
}

// TestDocumentsNameWhatExists: package.Name in pages and comments is exported by one of our packages of that name.
func TestDocumentsNameWhatExists(t *testing.T) {
	sources, found, err := load(os.DirFS(filepath.Join("..", "..")))
	require.NoError(t, err)
	require.Empty(t, found)
	known := exported(sources)
	require.True(t, known["reactor"]["Loop.Hold"])
	check := func(where, text string) {
		for _, m := range nameInDoc.FindAllStringSubmatch(text, -1) {
			names := known[m[1]]
			if names == nil || strings.ToUpper(m[2]) == m[2] && !names[m[2]] {
				continue // another's package, or a name with something to fill in
			}
			assert.True(t, names[m[2]], "%s tells of %s.%s", where, m[1], m[2])
			assert.True(t, m[3] == "" || names[m[2]+".*"] || names[m[2]+"."+m[3]], "%s tells of %s.%s.%s", where, m[1], m[2], m[3])
		}
	}
	for _, s := range sources {
		for _, group := range s.file.Comments {
			check(s.at(group), group.Text())
		}
	}
	pages(t, check)
}

// isPackage says whether a file is of a package that others import.
func isPackage(path string) bool {
	top, _, _ := strings.Cut(path, "/")
	return slices.Contains([]string{"core", "transport", "tools"}, top)
}

// TestExportedNamesAreDocumented: go doc has something to say of each name of our packages but those that say it themselves.
func TestExportedNamesAreDocumented(t *testing.T) {
	plain := []string{"Error", "Unwrap", "String"}
	sources, _, err := load(os.DirFS(filepath.Join("..", "..")))
	require.NoError(t, err)
	for _, s := range sources {
		if s.test || !isPackage(s.path) {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				hidden := d.Recv != nil && !ast.IsExported(receiver(d.Recv.List[0].Type))
				ok := d.Doc != nil || hidden || !d.Name.IsExported() || slices.Contains(plain, d.Name.Name)
				assert.True(t, ok, "%s: %s has no comment", s.at(d), d.Name)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if name, ok := documented(spec); !ok && d.Doc == nil {
						assert.Fail(t, "no comment", "%s: %s", s.at(spec), name)
					}
				}
			}
		}
	}
}

// documented says whether a spec has a comment of its own, or needs none.
func documented(spec ast.Spec) (name string, ok bool) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		return spec.Name.Name, !spec.Name.IsExported() || spec.Doc != nil
	case *ast.ValueSpec:
		return spec.Names[0].Name, !spec.Names[0].IsExported() || spec.Doc != nil || spec.Comment != nil
	}
	return "", true
}

// exported lists Name and Type.Member of each package; Type.* stands for a type that embeds others.
func exported(sources []*source) map[string]map[string]bool {
	known := map[string]map[string]bool{}
	for _, s := range sources {
		if s.test || !isPackage(s.path) {
			continue
		}
		names := known[s.file.Name.Name]
		if names == nil {
			names = map[string]bool{}
			known[s.file.Name.Name] = names
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					names[d.Name.Name] = true
				} else {
					names[receiver(d.Recv.List[0].Type)+"."+d.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					addSpec(names, spec)
				}
			}
		}
	}
	return known
}

func addSpec(names map[string]bool, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, n := range spec.Names {
			names[n.Name] = true
		}
	case *ast.TypeSpec:
		names[spec.Name.Name] = true
		var fields *ast.FieldList
		switch form := spec.Type.(type) {
		case *ast.StructType:
			fields = form.Fields
		case *ast.InterfaceType:
			fields = form.Methods
		default:
			return
		}
		for _, field := range fields.List {
			if len(field.Names) == 0 {
				names[spec.Name.Name+".*"] = true
			}
			for _, n := range field.Names {
				names[spec.Name.Name+"."+n.Name] = true
			}
		}
	}
}

// receiver is the name of the type that a method belongs to.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
