package reactor

// Local gives what is kept under key for this loop; the first call has it made. It is where a package keeps
// what all its objects on one loop share (a pool, a counter) instead of in package state: key is a value of
// an unexported type of that package.
func (l *Loop) Local(key any, make func() any) any {
	l.check("Local")
	v, ok := l.locals[key]
	if !ok {
		v = make()
		if l.locals == nil {
			l.locals = map[any]any{}
		}
		l.locals[key] = v
	}
	return v
}
