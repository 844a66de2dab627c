package watch

// maxHeld bounds the events that are held back to be put together; more are delivered early.
const maxHeld = 4096

// outbox holds the events that the callback has not heard of. With Coalesce they wait there until due.
type outbox struct {
	list  []FileEvent // Op 0: taken back
	at    int         // first that is not delivered
	index map[string]int
	due   bool
}

// held says that there are events that wait.
func (o *outbox) held() bool { return len(o.list) > o.at && !o.due }

func (o *outbox) add(e FileEvent) { o.list = append(o.list, e) }

// next takes the event that is to be delivered now, if there is one.
func (o *outbox) next(coalesce bool) (e FileEvent, ok bool) {
	if coalesce && !o.due && len(o.list) < maxHeld {
		return e, false
	}
	o.index = nil // what is being delivered changes no more
	for o.at < len(o.list) {
		e = o.list[o.at]
		o.list[o.at] = FileEvent{}
		o.at++
		if e.Op != 0 {
			return e, true
		}
	}
	o.list, o.at, o.due = o.list[:0], 0, false
	if cap(o.list) > maxHeld {
		o.list = nil
	}
	return e, false
}

// merge puts e together with what is held of the same path.
func (o *outbox) merge(e FileEvent) {
	switch i, ok := o.index[e.Old]; {
	case e.Path == "":
		o.add(e)
		return
	case e.Op&Rename == 0:
	case ok && o.list[i].Op&(Create|Delete) == Create:
		// Made and then renamed, as many programs save: all that was seen of it is that it came to be here.
		made := o.take(i)
		e = FileEvent{Op: made.Op | e.Op&^Rename, Path: e.Path, Dir: e.Dir, Found: made.Found && e.Found}
	default:
		delete(o.index, e.Old)
		delete(o.index, e.Path)
		o.add(e)
		return
	}
	i, ok := o.index[e.Path]
	if !ok {
		o.put(e)
		return
	}
	if q := &o.list[i]; e.Op&(Create|Delete) == Delete {
		if q.Op&(Create|Delete) == Create {
			o.take(i) // it came and went unseen
			return
		}
		q.Op, q.Dir = e.Op, e.Dir
	} else {
		if q.Op&(Create|Delete) == Create {
			e.Op &^= Delete // what it replaced was not heard of either
		}
		// A path that was deleted and made again has both bits.
		q.Op, q.Dir, q.Found, q.Err = q.Op|e.Op, e.Dir, q.Found && e.Found, e.Err
	}
}

func (o *outbox) put(e FileEvent) {
	if o.index == nil {
		o.index = map[string]int{}
	}
	o.index[e.Path] = len(o.list)
	o.add(e)
}

func (o *outbox) take(i int) FileEvent {
	e := o.list[i]
	delete(o.index, e.Path)
	o.list[i] = FileEvent{}
	return e
}
