package on

// maxPatterns bounds what one pattern with braces stands for.
const maxPatterns = 1000

// expandBraces gives the patterns that one with {a,b} stands for, as a shell does: people quote patterns, and then no shell does it.
// Braces without a comma are letters, and so is what a backslash stands before. False: they are too many.
func expandBraces(pattern string) (list []string, ok bool) {
	begin, end, commas := findBraces(pattern)
	if begin < 0 {
		return []string{pattern}, true
	}
	from := begin + 1
	for _, to := range append(commas, end) {
		rest, ok := expandBraces(pattern[:begin] + pattern[from:to] + pattern[end+1:])
		if !ok || len(list)+len(rest) > maxPatterns {
			return nil, false
		}
		list = append(list, rest...)
		from = to + 1
	}
	return list, true
}

// findBraces finds the first pair of braces with a comma between them that belongs to no pair within.
func findBraces(s string) (begin, end int, commas []int) {
	for at := 0; at < len(s); at++ {
		switch s[at] {
		case '\\':
			at++
		case '{':
			if end, commas := closeBrace(s, at); len(commas) > 0 {
				return at, end, commas
			}
		}
	}
	return -1, -1, nil
}

// closeBrace finds the end of the pair that begins at a place, and the commas in it; none if it has no end.
func closeBrace(s string, begin int) (end int, commas []int) {
	depth := 0
	for at := begin + 1; at < len(s); at++ {
		switch {
		case s[at] == '\\':
			at++
		case s[at] == '{':
			depth++
		case s[at] == ',' && depth == 0:
			commas = append(commas, at)
		case s[at] == '}' && depth == 0:
			return at, commas
		case s[at] == '}':
			depth--
		}
	}
	return -1, nil
}
