package reactor

import (
	"fmt"
	"runtime/debug"
)

// PanicError is a panic of a callback, as given to OnPanic.
type PanicError struct {
	Callback string // name of the source or timer, or what kind of callback it was
	Value    any    // what was given to panic
	Stack    []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic in %s: %v", e.Callback, e.Value) }

// Unwrap gives the value if it was an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// guard runs one phase of a turn to its end, whatever its callbacks do. A phase moves on before it calls, so that taking
// it up again after a panic goes on with the next callback: many callbacks share one deferred function.
func (l *Loop) guard(phase func(*Loop)) {
	for !l.attempt(phase) {
		l.mark()
	}
}

func (l *Loop) attempt(phase func(*Loop)) (done bool) {
	defer l.rescue()
	phase(l)
	return true
}

func (l *Loop) rescue() {
	if v := recover(); v != nil {
		l.panicked(v)
	}
}

func (l *Loop) panicked(v any) {
	err := &PanicError{l.callback(), v, debug.Stack()}
	l.logPanic("panic in callback", err)
	switch l.cur.kind {
	case inSource:
		s := Source{l, l.cur.id, l.cur.gen}
		if !s.Valid() {
			return
		}
		if p, ok := l.places.owner(s.slot).handler.(Panicker); !ok || !l.tell(p, s, err) {
			s.Remove()
		}
	case inTimer:
		Timer{l, newKey(l.cur.id, l.cur.gen)}.drop()
	case inHook:
		l.cur.hooks.dropCurrent()
	case inEnder:
		if p, ok := l.enders.flushing[l.enders.next-1].(Panicker); ok {
			l.tell(p, Source{}, err)
		}
	}
}

// tell calls OnPanic; false when that panics too.
func (l *Loop) tell(p Panicker, s Source, err *PanicError) (told bool) {
	defer func() {
		if v := recover(); v != nil {
			l.logPanic("panic in OnPanic", &PanicError{err.Callback, v, debug.Stack()})
		}
	}()
	p.OnPanic(s, err)
	return true
}

// logPanic counts and logs a panic, and gets over one of the logger.
func (l *Loop) logPanic(text string, err *PanicError) {
	l.stats.panics++
	defer func() { _ = recover() }()
	l.log.Error(text, "loop", l.options.Name, "callback", err.Callback, "panic", fmt.Sprint(err.Value), "stack", string(err.Stack))
}
