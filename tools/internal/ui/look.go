package ui

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Look says what a terminal can show. It is made from the environment alone: asking the terminal can take seconds.
type Look struct {
	Unicode bool
	Colors  bool

	Plain    lipgloss.Style // nothing of the following
	Header   lipgloss.Style // names of columns
	Selected lipgloss.Style // the row of the cursor
	Bar      lipgloss.Style // title and footer
	Active   lipgloss.Style // the view that is shown
	Dim      lipgloss.Style // what has gone
	Fresh    lipgloss.Style // what came
	Changed  lipgloss.Style // what is another than before
	Good     lipgloss.Style
	Bad      lipgloss.Style
}

// NewLook reads TERM, COLORTERM, NO_COLOR and the locale. getenv is os.Getenv. Styles are for w, which nothing is written to.
func NewLook(w io.Writer, getenv func(string) string) *Look {
	profile := termenv.ANSI
	if name := getenv("TERM"); name == "" || name == "dumb" {
		profile = termenv.Ascii // not even bold
	}
	r := lipgloss.NewRenderer(w, termenv.WithProfile(profile), termenv.WithUnsafe())
	r.SetColorProfile(profile)
	r.SetHasDarkBackground(true) // said, so that it is not asked
	l := &Look{Unicode: unicodeOf(getenv), Colors: colorsOf(getenv)}
	s := r.NewStyle
	l.Plain = s()
	if !l.Colors {
		l.Header, l.Selected, l.Bar = s().Bold(true), s().Reverse(true), s().Reverse(true)
		l.Active, l.Dim, l.Fresh, l.Changed = s().Bold(true).Reverse(true), s().Faint(true), s().Bold(true), s().Bold(true) // lipgloss underlines letter by letter
		l.Good, l.Bad = s(), s().Bold(true)
		return l
	}
	color := func(n string) lipgloss.Style { return s().Foreground(lipgloss.Color(n)) }
	l.Header, l.Selected, l.Bar = color("6").Bold(true), s().Reverse(true), s().Foreground(lipgloss.Color("0")).Background(lipgloss.Color("6"))
	l.Active, l.Dim, l.Fresh, l.Changed = s().Bold(true).Reverse(true), color("8"), color("2"), color("3")
	l.Good, l.Bad = color("2"), color("1").Bold(true)
	return l
}

// colorsOf says whether to use colours: 16 of them, which the user chose, and all terminals with colours have. Those without can
// still show what is bold or reversed.
func colorsOf(getenv func(string) string) bool {
	name := getenv("TERM")
	return getenv("NO_COLOR") == "" && name != "" && name != "dumb" && !strings.HasPrefix(name, "vt")
}

// unicodeOf says whether the locale is one of UTF-8, by the first of the three variables that is set.
func unicodeOf(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := strings.ToLower(getenv(name)); value != "" {
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return false
}
