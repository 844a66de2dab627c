package watch

// node is one path that a FileWatch knows: one that matches, or a directory in which something may match.
type node struct {
	parent *node
	name   string // of a base: the base
	kids   map[string]*node
	states *states // what its entries are compared with; nil: they do not matter
	twin   *node   // next of those with the same wd: one directory can have several paths
	wd     int32   // 0: not watched
	epoch  uint32  // when a look at the directory found it, see FileWatch.epoch
	round  uint32  // of which look at its directory it was seen in
	links  int32   // entries that are followed links
	flags  nodeFlags
}

type nodeFlags uint16

const (
	isDir      nodeFlags = 1 << iota // a directory, or a link to one that is meant
	isLink                           // a symbolic link that is followed
	isMatch                          // it is reported
	isFound                          // by looking, in the epoch noted
	isMoving                         // moved away; where to is not known yet
	isDead                           // no longer in the tree
	isFresh                          // waits to be looked at
	isSuspect                        // waits to be looked at, and all below, when no events wait
	isBlind                          // not watched because of a limit or a permission: to be tried again
	isFailing                        // it came out so in the last look, or it is a link that led nowhere then
	isRetried                        // waits to be tried again
	isCut                            // the kernel dropped its watch
	isFollowed                       // a link whose target was watched before
	isRelink                         // a directory whose links wait to be looked at
)

func (n *node) is(f nodeFlags) bool { return n.flags&f != 0 }

// path is built when it is needed: moving a directory costs nothing for what is in it.
func (n *node) path() string {
	if n.parent == nil {
		return n.name
	}
	size := 0
	for p := n; p.parent != nil; p = p.parent {
		size += len(p.name) + 1
	}
	base := n.root().name
	if base == "/" || base == "." {
		base = ""
	}
	relative := base == "" && n.root().name == "."
	at := size + len(base)
	if relative {
		at--
	}
	path := make([]byte, at)
	for p := n; p.parent != nil; p = p.parent {
		at -= len(p.name)
		copy(path[at:], p.name)
		if at > 0 {
			at--
			path[at] = '/'
		}
	}
	copy(path, base)
	return string(path)
}

func (n *node) root() *node {
	for n.parent != nil {
		n = n.parent
	}
	return n
}

// attach makes n an entry of dir.
func (n *node) attach(dir *node, name string) {
	n.parent, n.name = dir, name
	if dir.kids == nil {
		dir.kids = map[string]*node{}
	}
	dir.kids[name] = n
	if n.is(isLink) {
		dir.links++
	}
}

// detach takes n out of its directory, if it is still what the directory knows under its name.
func (n *node) detach() {
	if n.parent == nil || n.parent.kids[n.name] != n {
		return
	}
	delete(n.parent.kids, n.name)
	if n.is(isLink) {
		n.parent.links--
	}
	if len(n.parent.kids) == 0 {
		n.parent.kids = nil
	}
}

// bindings finds nodes by the descriptors of their watches.
type bindings map[int32]*node

func (b bindings) bind(n *node, wd int32) {
	n.wd, n.twin = wd, b[wd]
	b[wd] = n
}

// unbind forgets the watch of n and says whether no other node has it.
func (b bindings) unbind(n *node) (last bool) {
	wd := n.wd
	if wd == 0 {
		return false
	}
	if b[wd] == n {
		if n.twin == nil {
			delete(b, wd)
		} else {
			b[wd] = n.twin
		}
	} else {
		for p := b[wd]; p != nil; p = p.twin {
			if p.twin == n {
				p.twin = n.twin
				break
			}
		}
	}
	n.wd, n.twin = 0, nil
	return b[wd] == nil
}
