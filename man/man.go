// Package man holds the manual pages, one Markdown file a page: ed-signal.1.md becomes ed-signal(1).
//
// README.md beside this file describes their form; `go run ./man/build DIR` writes them as roff.
package man

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed *.1.md *.5.md *.7.md
var pages embed.FS

// Names lists the pages as "ed-signal.1", sorted.
func Names() []string {
	files, err := fs.Glob(pages, "*.md")
	if err != nil {
		return nil // the pattern is good
	}
	names := make([]string, 0, len(files))
	for _, f := range files {
		names = append(names, strings.TrimSuffix(path.Base(f), ".md"))
	}
	slices.Sort(names)
	return names
}

// Page returns the Markdown text of a page, "ed-signal.1"; fs.ErrNotExist where there is none.
func Page(name string) (string, error) {
	text, err := pages.ReadFile(name + ".md")
	return string(text), err
}

// Sections splits a page's text at its headings of the first level: "NAME" to the text below it.
func Sections(text string) map[string]string {
	sections, title := map[string]string{}, ""
	for _, line := range strings.SplitAfter(text, "\n") {
		if name, ok := strings.CutPrefix(line, "# "); ok {
			title = strings.TrimSpace(name)
			continue
		}
		sections[title] += line
	}
	return sections
}
