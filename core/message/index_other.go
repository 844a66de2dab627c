//go:build !amd64

package message

// wide says that this processor can index.
const wide = false

func (x *index) scan(p []byte, last int) {}
