// Package sim runs whole clusters of routers in one goroutine, in simulated time: connections have delays, are cut, stall and
// fill up; routers and services are killed and start again; programs register twice, or want the name of another; routers are forgotten
// that live. Everything follows from a seed, so that a run that fails fails again:
//
//	go test ./tests/sim -run Simulation -seed 1234
//	ED_SIM_LOG=/tmp/log go test ./tests/sim -run Simulation -seed 1234
//	ED_SIM=1m go test ./tests/sim        # as many seeds as a minute allows
//
// What is held to be true of every run:
//
//   - a message reaches the service that it names, over a connection that registered that name, and no other;
//   - nothing reaches anybody twice, and a broadcast not its sender; what a service gets from its own node is in order;
//   - a message whose sender asked for a report arrives or is reported, unless a connection on its way, or a router, broke;
//     what stays on one node arrives or is reported whatever breaks but the sender's own connection;
//   - tables stay within their limits, and are empty when all is quiet;
//   - when the last fault is over, all routers that can reach one another are connected, and say what the cluster is; every
//     service reaches every other, through other routers where it has to, and broadcasts reach all.
package sim
