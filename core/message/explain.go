package message

import "bytes"

// explain says what is wrong with a line that the scan refused. Speed does not matter here: it goes byte by byte.
func explain(line []byte) *SyntaxError {
	body, err := explainHead(line)
	for err == nil && body < len(line) {
		body, err = explainParam(line, body)
	}
	if err == nil {
		err = &SyntaxError{Reason: "it is malformed"} // not reached: the scan refuses nothing else
	}
	return err
}

func syntaxError(offset int, reason string) *SyntaxError {
	return &SyntaxError{Offset: offset, Reason: reason}
}

// explainHead returns where the parameters begin, or the mistake before them.
func explainHead(line []byte) (next int, err *SyntaxError) {
	from := 0
	if line[0] == '<' {
		to := delimiter(line, 1, ": ")
		if to == len(line) || line[to] == ' ' {
			return 0, syntaxError(to, "the sender after '<' has no ':'")
		}
		if err := explainName(line, 1, to, "sent-from server", &senderServer); err != nil && to > 1 {
			return 0, err
		}
		from, to = to+1, delimiter(line, to+1, " ")
		if to == len(line) {
			return 0, syntaxError(to, "there is no command after the sender")
		}
		if err := explainName(line, from, to, "sent-from service", &sender); err != nil && to > from {
			return 0, err
		}
		from = to + 1
	}
	to := delimiter(line, from, ":/ ")
	if to < len(line) && line[to] == ':' {
		if err := explainName(line, from, to, "server", &server); err != nil {
			return 0, err
		}
		from, to = to+1, delimiter(line, to+1, ":/ ")
		if to < len(line) && line[to] == ':' {
			return 0, syntaxError(to, "there is a second ':'")
		}
	}
	if to < len(line) && line[to] == '/' {
		if err := explainName(line, from, to, "service", &service); err != nil {
			return 0, err
		}
		from, to = to+1, delimiter(line, to+1, ":/ ")
		if to < len(line) && line[to] != ' ' {
			return 0, syntaxError(to, "there is a "+quoteByte(line[to])+" after the service")
		}
	}
	return to + 1, explainName(line, from, to, "command", &command)
}

// delimiter returns where the first of the given bytes is, at or after from; len(line) if there is none.
func delimiter(line []byte, from int, any string) int {
	if i := bytes.IndexAny(line[from:], any); i >= 0 {
		return from + i
	}
	return len(line)
}

func explainName(line []byte, from, to int, what string, r *nameRule) *SyntaxError {
	at, reason := checkName(line[from:to], r)
	if reason == "" {
		return nil
	}
	return syntaxError(from+at, "bad "+what+": "+reason)
}

// explainParam returns where the parameter after the one at from begins, or the mistake in this one.
func explainParam(line []byte, from int) (next int, err *SyntaxError) {
	eq := from
	for eq < len(line) && classes[line[eq]]&nameByte != 0 {
		eq++
	}
	switch {
	case eq == from && line[from] == '=':
		return 0, syntaxError(from, "there is no parameter name before '='")
	case eq == from && line[from] == ';':
		return 0, syntaxError(from, "there is no parameter before ';'")
	case eq == from:
		return 0, syntaxError(from, "a parameter name cannot begin with "+quoteByte(line[from]))
	case classes[line[from]]&digitByte != 0:
		return 0, syntaxError(from, "a parameter name cannot begin with a digit")
	case eq == len(line) || line[eq] == ';':
		return 0, syntaxError(eq, "there is no '=' after the parameter name")
	case line[eq] != '=':
		return 0, syntaxError(eq, quoteByte(line[eq])+" is not allowed in a parameter name, only "+parameter.accept)
	}

	at := eq + 1
	isQuoted := at < len(line) && line[at] == '"'
	if isQuoted {
		at++
	}
	for ; at < len(line); at++ {
		switch c := line[at]; {
		case c == 0:
			return 0, syntaxError(at, "there is a NUL byte")
		case c == '\n':
			return 0, syntaxError(at, "there is a line feed inside the message")
		case c == ';' && !isQuoted:
			return at + 1, nil
		case c == '"' && isQuoted:
			if at+1 < len(line) && line[at+1] != ';' {
				return 0, syntaxError(at+1, "there is text after the closing quote")
			}
			return at + 2, nil
		case c == '\\' && isQuoted && at+1 < len(line) && (line[at+1] == '"' || line[at+1] == '\\'):
			at++
		}
	}
	if isQuoted {
		return 0, syntaxError(eq+1, "the quote is not closed")
	}
	return at, nil
}
