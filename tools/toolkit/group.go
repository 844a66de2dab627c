package toolkit

import (
	"github.com/urfave/cli/v2"

	"github.com/ed-toolbox/ed/transport"
)

// MaxLine is the longest line that programs of this family take from a stream, unless told otherwise.
const MaxLine = 65536

// Group says how datagrams go to a multicast group. The zero value leaves it to the system, within this network.
type Group struct {
	Interface string // by which they leave, or where the group is joined: a name, number or own IP; "" is the system's choice
	Hops      int    // routers passed at most, plus one; 0 is 1
	NoLoop    bool   // they are not heard on this host
}

// GroupFlags are --interface, --hops and --no-loop, for a command that sends datagrams.
func GroupFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "interface", Usage: "datagrams to a group leave by, or the group is joined on `NAME`"},
		NumberFlag("hops", nil, 1, 1, 255, "they pass up to `N` networks"),
		&cli.BoolFlag{Name: "no-loop", Usage: "they are not heard on this host"},
	}
}

// isGroup reports whether name is one of the options of GroupFlags.
func isGroup(name string) bool { return name == "interface" || name == "hops" || name == "no-loop" }

// GroupOf reads the values of GroupFlags.
func GroupOf(c *cli.Context) Group {
	return Group{Interface: c.String("interface"), Hops: NumberOf(c, "hops"), NoLoop: c.Bool("no-loop")}
}

// Set puts it into the options of a medium.
func (g Group) Set(o *transport.Options) {
	o.Interface, o.Hops, o.NoLoop = g.Interface, g.Hops, g.NoLoop
}
