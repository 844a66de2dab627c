// Unhook makes an overlay for go build that takes the trace hooks and the control socket out of a program, so that
// scripts/perf-hooks can tell what they cost while nobody looks.
//
//	go run ./scripts/unhook FOLDER		writes FOLDER/overlay.json and the changed sources
//
// Functions are found by their names and return at once in the copy; whatever else is in the files stays. A function that is
// not there any more is an error: the list below has to follow the code.
package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cut is a function that is to return at once.
type cut struct {
	folder   string
	function string // TYPE.NAME for a method
	returns  string // what it is to return
}

func cuts() []cut {
	return []cut{
		{"core/dispatch", "Hooks.Any", "false"},
		{"core/dispatch", "Hooks.Doze", "false"},
		{"core/dispatch", "Hooks.Run", ""},
		{"core/dispatch", "Hooks.Glance", ""},
		{"core/dispatch", "Dispatcher.Traced", "false"},
		{"core/dispatch", "Dispatcher.Trace", ""},
		{"transport/link", "shared.traced", "false"},
		{"transport/link", "shared.trace", ""},
		{"transport/control", "Offer", "nil"},
	}
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: unhook FOLDER")
	}
	if err := write(os.Args[1]); err != nil {
		log.Fatal("unhook: ", err)
	}
}

// write makes the overlay of the module in the current folder.
func write(to string) error {
	files := map[string][]byte{} // path -> what it becomes
	for _, c := range cuts() {
		if err := c.apply(files); err != nil {
			return err
		}
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for path, source := range files {
		from, err := filepath.Abs(path)
		if err != nil {
			return fmt.Errorf("find %s: %w", path, err)
		}
		copied := filepath.Join(to, strings.ReplaceAll(path, "/", "_"))
		if copied, err = filepath.Abs(copied); err != nil {
			return fmt.Errorf("find %s: %w", to, err)
		}
		if err := os.WriteFile(copied, source, 0o666); err != nil {
			return fmt.Errorf("write the copy of %s: %w", path, err)
		}
		overlay.Replace[from] = copied
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return fmt.Errorf("write the overlay: %w", err)
	}
	if err := os.WriteFile(filepath.Join(to, "overlay.json"), text, 0o666); err != nil {
		return fmt.Errorf("write the overlay: %w", err)
	}
	return nil
}

// apply puts a return in front of the function, in whichever file of the folder it is.
func (c cut) apply(files map[string][]byte) error {
	paths, err := filepath.Glob(filepath.Join(c.folder, "*.go"))
	if err != nil {
		return fmt.Errorf("list %s: %w", c.folder, err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source := files[path]
		if source == nil {
			if source, err = os.ReadFile(path); err != nil {
				return fmt.Errorf("read %s: %w", path, err)
			}
		}
		set := token.NewFileSet()
		tree, err := parser.ParseFile(set, path, source, parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		for _, d := range tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil && nameOf(f) == c.function {
				at := set.Position(f.Body.Lbrace).Offset + 1
				files[path] = slices.Concat(source[:at], []byte(" return "+c.returns+"; "), source[at:])
				return nil
			}
		}
	}
	return fmt.Errorf("%s has no function %s: the list in scripts/unhook does not fit the code any more", c.folder, c.function)
}

// nameOf is TYPE.NAME for a method.
func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	kind := f.Recv.List[0].Type
	if star, ok := kind.(*ast.StarExpr); ok {
		kind = star.X
	}
	if name, ok := kind.(*ast.Ident); ok {
		return name.Name + "." + f.Name.Name
	}
	return f.Name.Name
}
