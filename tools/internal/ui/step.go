package ui

// Step is a move on the screen.
type Step uint8

// The steps that MoveKeys has.
const (
	Up Step = iota + 1
	Down
	PageUp
	PageDown
	First
	Last
	ToLeft
	ToRight
)

// MoveKeys are the keys that move in every view.
func MoveKeys() Keys[Step] {
	return Keys[Step]{
		{Action: Up, Keys: []string{"up", "k"}, Help: "a row up; so does the wheel"},
		{Action: Down, Keys: []string{"down", "j"}, Help: "a row down"},
		{Action: PageUp, Keys: []string{"pgup", "ctrl+b"}, Help: "a screen up"},
		{Action: PageDown, Keys: []string{"pgdown", "ctrl+f"}, Help: "a screen down"},
		{Action: First, Keys: []string{"home", "g"}, Help: "to the first row"},
		{Action: Last, Keys: []string{"end", "G"}, Help: "to the last row"},
		{Action: ToLeft, Keys: []string{"left"}, Help: "columns to the left"},
		{Action: ToRight, Keys: []string{"right"}, Help: "columns to the right"},
	}
}

// rows is how many rows a step goes down of count, where so many are on the screen.
func (s Step) rows(page, count int) int {
	switch s {
	case Up:
		return -1
	case Down:
		return 1
	case PageUp:
		return -page
	case PageDown:
		return page
	case First:
		return -count
	case Last:
		return count
	}
	return 0
}
