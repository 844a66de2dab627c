package control

import "runtime/metrics"

// memory reads the size of the heap and the number of collections, without stopping the program.
func memory() (heap, collections uint64) {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(samples)
	value := func(s metrics.Sample) uint64 {
		if s.Value.Kind() != metrics.KindUint64 {
			return 0
		}
		return s.Value.Uint64()
	}
	return value(samples[0]), value(samples[1])
}
