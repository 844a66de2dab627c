package top

import "github.com/ed-toolbox/ed/tools/internal/ui"

// action is what a key does.
type action uint8

const (
	none action = iota
	quit
	help
	nextView
	nextTable
	sortNext
	sortPrevious
	reverse
	filter
	rates
	pause
	details
	slower
	faster
	stopIt
	rotate
	disconnect
	redraw
	suspend
	back
	toView // one of the digits
)

// keys is the key table of ed top. It is made anew for whoever asks, so that nobody can change it.
func keys() ui.Keys[action] {
	return ui.Keys[action]{
		{Action: quit, Keys: []string{"q", "ctrl+c"}, Help: "end", Short: "quit"},
		{Action: help, Keys: []string{"?", "h", "f1"}, Help: "this page", Short: "help"},
		{Action: toView, Keys: []string{"1", "2", "3", "4", "5", "6", "7"}, Help: "services, connections, timers, messages, commands, loop, router"},
		{Action: nextView, Keys: []string{"tab"}, Help: "the next of these"},
		{Action: nextTable, Keys: []string{"t"}, Help: "the next table of this view", Short: "table"},
		{Action: filter, Keys: []string{"/", "f"}, Help: "show rows with these words only; !word: without it", Short: "filter"},
		{Action: sortNext, Keys: []string{">", "."}, Help: "sort by the next column; so does a click on its head", Short: "sort"},
		{Action: sortPrevious, Keys: []string{"<", ","}, Help: "sort by the column before"},
		{Action: reverse, Keys: []string{"r"}, Help: "sort the other way round"},
		{Action: rates, Keys: []string{"c"}, Help: "counters as rates, or as totals", Short: "rates"},
		{Action: pause, Keys: []string{"p", " "}, Help: "hold the screen; what happens meanwhile is kept", Short: "pause"},
		{Action: details, Keys: []string{"enter"}, Help: "all of this row", Short: "details"},
		{Action: slower, Keys: []string{"+"}, Help: "look less often"},
		{Action: faster, Keys: []string{"-"}, Help: "look more often"},
		{Action: stopIt, Keys: []string{"S"}, Help: "send STOP to this service, after a question"},
		{Action: rotate, Keys: []string{"L"}, Help: "send LOG_ROTATE to it, after a question"},
		{Action: disconnect, Keys: []string{"D"}, Help: "end this connection, after a question"},
		{Action: redraw, Keys: []string{"ctrl+l"}, Help: "draw the screen anew, where something else got into it"},
		{Action: suspend, Keys: []string{ui.SuspendKey}, Help: "stop; fg of the shell goes on"},
		{Action: back, Keys: []string{"esc"}, Help: "leave what is open; take the filter off"},
	}
}

// helpPage is all of it, and what the view of messages has besides.
func helpPage() []string {
	lines := append(keys().Help(), ui.MoveKeys().Help()...)
	lines = append(lines, "", "in the view of messages:")
	return append(lines, ui.MessageKeys().Help()...)
}
