package reactor

import "unsafe"

// call is what a timer does and what it is called. One-shot timers of the same name and function share one: functions
// and names are pointers, and one for a million timers is one for the garbage collector to follow.
type call struct {
	once  func()
	every func(missed int)
	name  string
	span  int64 // interval: nanoseconds from tick to tick; date: Unix nanoseconds
	users uint32
}

// calls finds shared ones by a small table of those used last. Missing one there only costs memory.
type calls struct {
	slab   slab[call]
	recent [64]uint32
	last   uint32 // the shared one used last
	lastAt *call
}

func (c *calls) at(id uint32) *call { return c.slab.at(id) }

// share gives the call of a one-shot timer.
func (c *calls) share(name string, f func()) uint32 {
	p := closure(f)
	hint := &c.recent[p>>4&63]
	if *hint != 0 {
		if k := c.at(*hint); k.is(name, f) || closure(k.once) == p && k.name == name {
			k.users++
			c.last, c.lastAt = *hint, k
			return *hint
		}
	}
	*hint = c.add(call{once: f, name: name})
	return *hint
}

// add gives a call that is not shared.
func (c *calls) add(k call) uint32 {
	id := c.slab.take()
	k.users = 1
	*c.at(id) = k
	return id
}

// unshare gives a call that is like id's and the caller's alone.
func (c *calls) unshare(id uint32) uint32 {
	k := *c.at(id)
	c.release(id)
	return c.add(k)
}

// release gives a call back that its user does not need any longer.
func (c *calls) release(id uint32) {
	k := c.at(id)
	if k.users--; k.users == 0 {
		*k = call{}
		c.slab.give(id)
	}
}

// closure gives the identity of a function value: the address of its closure, which cannot become another's as long as
// a call refers to it.
func closure(f func()) uintptr { return *(*uintptr)(unsafe.Pointer(&f)) }

// is says whether a one-shot timer's name and function are these, by where they are: names are the same constants nearly always.
func (k *call) is(name string, f func()) bool {
	return closure(k.once) == closure(f) && unsafe.StringData(k.name) == unsafe.StringData(name) && len(k.name) == len(name)
}
