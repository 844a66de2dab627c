package bench

import (
	"os"
	"strconv"
	"strings"

	"github.com/ed-toolbox/ed/core/address"
	"github.com/ed-toolbox/ed/core/proc"
	"github.com/ed-toolbox/ed/tools/toolkit"
)

// reserve is how many descriptors are left for what is not a connection.
const reserve = 32

// ofLoop is how many descriptors a loop has for itself.
const ofLoop = 2

// checkDescriptors makes sure that so many connections and loops can be opened, and raises the soft limit for that.
func checkDescriptors(connections, loops int) error {
	limit, err := proc.FDLimit()
	if err != nil {
		return err
	}
	want := uint64(connections + ofLoop*loops + reserve)
	switch {
	case want <= limit.Soft:
		return nil
	case want > limit.Hard:
		return toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "%d connections and %d workers need %d descriptors, and the limit is %d", connections, loops, want, limit.Hard),
			"ulimit -Hn, or LimitNOFILE= of the unit, raises it")
	}
	return proc.SetFDLimit(want)
}

// checkPorts makes sure that there are enough ports for so many connections from this machine to one address.
func checkPorts(target address.Address, need int) error {
	switch target.Scheme {
	case address.TCP, address.TLS, address.UDP:
	default:
		return nil
	}
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return nil // then the kernel will say it
	}
	free, err := portRange(string(text))
	if err == nil && need > free {
		return toolkit.WithHint(toolkit.Errorf(toolkit.Usage, "%d connections to %s need as many ports, and there are %d", need, target, free),
			"sysctl net.ipv4.ip_local_port_range widens the range; another address of the service has ports of its own")
	}
	return nil
}

// portRange counts the ports in the text of ip_local_port_range.
func portRange(text string) (int, error) {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return 0, strconv.ErrSyntax
	}
	low, err := strconv.Atoi(fields[0])
	if err != nil {
		return 0, err
	}
	high, err := strconv.Atoi(fields[1])
	return high - low + 1, err
}
