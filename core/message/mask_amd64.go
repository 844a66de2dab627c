package message

// masks16 is masks for len(p) >= 16, in mask_amd64.s.
//
//go:noescape
func masks16(p *byte, n int) (special, name uint64)

// masks returns a bit for each of the bytes of p from i on, at most 64: those that are special in a value, and those that
// can be part of a name. Bits behind the last byte may be set.
func masks(p []byte, i int) (special, name uint64) {
	if len(p) < 16 || i == len(p) {
		return masksGo(p, i)
	}
	return masks16(&p[i], min(64, len(p)-i))
}
