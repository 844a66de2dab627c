package reactor

import "unsafe"

// call is what a timer does and what it is called. Timers with the same name and function share one: their functions
// and names are pointers, and one for a million timers is one for the garbage collector to follow.
type call struct {
	once  func()
	every func(missed int)
	name  string
	users uint32
}

// calls finds shared ones by a small table of those used last. Missing one there only costs memory.
type calls struct {
	slab   slab[call]
	recent [64]uint32
}

func (c *calls) share(name string, once func(), every func(missed int)) uint32 {
	f := function(once, every)
	hint := &c.recent[f>>4&63]
	if *hint != 0 {
		if k := c.slab.at(*hint); function(k.once, k.every) == f && k.name == name && k.users > 0 {
			k.users++
			return *hint
		}
	}
	id := c.slab.take()
	*c.slab.at(id) = call{once, every, name, 1}
	*hint = id
	return id
}

func (c *calls) release(id uint32) {
	k := c.slab.at(id)
	if k.users--; k.users == 0 {
		*k = call{}
		c.slab.give(id)
	}
}

// function gives the identity of a function value: the address of its closure, which is not used for another closure
// as long as a call refers to it.
func function(once func(), every func(missed int)) uintptr {
	if once != nil {
		return *(*uintptr)(unsafe.Pointer(&once))
	}
	return *(*uintptr)(unsafe.Pointer(&every))
}
