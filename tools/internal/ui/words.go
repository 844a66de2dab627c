package ui

import (
	"slices"
	"strings"

	"github.com/ed-toolbox/ed/core/dispatch"
	"github.com/ed-toolbox/ed/core/inspect"
	"github.com/ed-toolbox/ed/transport/control"
)

// Words are what somebody typed to see less: all of them have to be there, those with '!' before them must not.
type Words []word

// word is one of them.
type word struct {
	text      string // in lower case
	not       bool
	condition inspect.Filter // of a message: outcome=failed, took>=10ms; nil for a word that is looked for in texts
}

// ParseWords reads words with spaces between them.
func ParseWords(text string) Words {
	var all Words
	for one := range strings.FieldsSeq(strings.ToLower(text)) {
		rest, not := strings.CutPrefix(one, "!")
		if rest != "" {
			all = append(all, word{text: rest, not: not})
		}
	}
	return all
}

// parseTraceWords is ParseWords for messages, of which some words tell more than their text: conditions as ed watch
// --filter takes them, such as outcome=failed, param.serial or took>=10ms.
func parseTraceWords(text string) Words {
	var all Words
	for one := range strings.FieldsSeq(text) {
		if strings.ContainsAny(one, "=<>") || strings.HasPrefix(strings.TrimPrefix(one, "!"), "param.") {
			if f, err := inspect.ParseFilter(one); err == nil {
				all = append(all, word{condition: f})
				continue
			}
		}
		all = append(all, ParseWords(one)...)
	}
	return all
}

// Match says whether the cells of a row are what the words want. Conditions hold for any row.
func (w Words) Match(cells []string) bool {
	for i := range w {
		if w[i].condition == nil && slices.ContainsFunc(cells, w[i].in) == w[i].not {
			return false
		}
	}
	return true
}

// in says whether s has the word in it.
func (w *word) in(s string) bool {
	return len(s) >= len(w.text) && (strings.Contains(s, w.text) || strings.Contains(strings.ToLower(s), w.text))
}

// matchItem is Match for what a service did. What is no message is always shown.
func (w Words) matchItem(item *control.Followed) bool {
	r := item.Record
	if r == nil || len(w) == 0 {
		return true
	}
	var event *dispatch.Event // made once: it takes decoding the message
	for i := range w {
		if w[i].condition == nil {
			continue
		}
		if event == nil {
			e := r.Event(nil)
			event = &e
		}
		if !w[i].condition.Match(event) {
			return false
		}
	}
	return w.Match([]string{item.From.String(), r.Direction.String(), r.Peer, r.Outcome.String(), r.Handler, r.Error, string(r.Text)})
}
