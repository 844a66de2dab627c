package arch_test

import (
	"go/ast"
	"go/token"
	"strings"
)

// checkState finds package-level state: init functions and variables that are more than a name for a value. Allowed are
// "var _", error values, what is embedded, and unexported tables that nothing assigns to.
func checkState(sources []*source) (found []string) {
	byPackage := map[string][]*source{}
	for _, s := range sources {
		if !s.test {
			byPackage[s.pkg] = append(byPackage[s.pkg], s)
		}
	}
	for pkg, files := range byPackage {
		vars := map[string]string{} // name -> where
		for _, s := range files {
			for _, d := range s.file.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					if d.Name.Name == "init" && d.Recv == nil && !matches(pkg, strings.Fields(mayInit)) {
						found = append(found, s.at(d)+": an init function")
					}
				case *ast.GenDecl:
					if d.Tok == token.VAR {
						found = append(found, checkVars(s, d, vars)...)
					}
				}
			}
		}
		for _, s := range files {
			found = append(found, assignments(s, vars)...)
		}
	}
	return found
}

// checkVars reports variables that are state by their nature and notes the others in vars.
func checkVars(s *source, d *ast.GenDecl, vars map[string]string) (found []string) {
	embedded := d.Doc != nil && strings.Contains(directives(d.Doc), "//go:embed")
	for _, spec := range d.Specs {
		v, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		for _, name := range v.Names {
			switch {
			case name.Name == "_" || embedded || v.Doc != nil && strings.Contains(directives(v.Doc), "//go:embed"):
			case strings.HasPrefix(name.Name, "Err"), strings.HasPrefix(name.Name, "err"):
				vars[name.Name] = s.at(name)
			case name.IsExported():
				found = append(found, s.at(name)+": exported variable "+name.Name)
			case mutableByNature(v):
				found = append(found, s.at(name)+": package-level state "+name.Name)
			default:
				vars[name.Name] = s.at(name)
			}
		}
	}
	return found
}

func directives(g *ast.CommentGroup) string {
	var b strings.Builder
	for _, c := range g.List {
		b.WriteString(c.Text + "\n")
	}
	return b.String()
}

// mutableByNature: channels, locks, pools, atomics and what has no value yet.
func mutableByNature(v *ast.ValueSpec) bool {
	if len(v.Values) == 0 {
		return true
	}
	mutable := false
	ast.Inspect(v, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ChanType:
			mutable = true
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && (x.Name == "sync" || x.Name == "atomic") && n.Sel.Name != "OnceValue" && n.Sel.Name != "OnceValues" {
				mutable = true
			}
		}
		return !mutable
	})
	return mutable
}

// assignments finds where a package-level variable is written to, its elements included. Writing through a pointer to it is not seen.
func assignments(s *source, vars map[string]string) (found []string) {
	report := func(e ast.Expr) {
		id := rootIdent(e)
		if id == nil || vars[id.Name] == "" {
			return
		}
		// A name that the parser resolved to something inside the file is the variable only if it is declared there.
		if id.Obj != nil {
			decl, ok := id.Obj.Decl.(ast.Node)
			if !ok || s.at(decl) != vars[id.Name] {
				return
			}
		}
		found = append(found, s.at(e)+": package-level variable "+id.Name+" is written to")
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					report(e)
				}
			}
		case *ast.IncDecStmt:
			report(n.X)
		}
		return true
	})
	return found
}

// rootIdent returns x of x, x[i], x.f, *x.
func rootIdent(e ast.Expr) *ast.Ident {
	for {
		switch t := e.(type) {
		case *ast.Ident:
			return t
		case *ast.IndexExpr:
			e = t.X
		case *ast.SelectorExpr:
			e = t.X
		case *ast.StarExpr:
			e = t.X
		case *ast.ParenExpr:
			e = t.X
		default:
			return nil
		}
	}
}
