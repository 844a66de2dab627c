// Package transporttest is the definition of the transport contracts as tests,
// and a network without a kernel that keeps them.
//
// # Use
//
// A medium's own test calls [RunStream] or [RunPacket], which run the same tests
// against every medium. [World] turns a loop until something holds, [Recorder]
// and [PacketRecorder] note what handlers were told, and complain when a callback
// comes twice, late, or from inside another.
//
// [Network] connects loops of one process in memory. It splits, delays, drops,
// reorders and cuts as [Faults] say, by a seed, for tests of what stands on
// transport:
//
//	n := transporttest.NewNetwork(transporttest.Faults{Chunk: 1})
//	l, err := n.Listen(loop, addr, transport.Options{}, accept)
//	c, err := n.Dial(loop, addr, transport.Options{}, handler)
//
// # Threads
//
// A Network may be used by several loops. What it makes belongs to the loop it
// was made on.
package transporttest
