package toolkit

import (
	"context"

	"github.com/ed-toolbox/ed/core/address"
)

func dial(context.Context, address.Address, DialOptions) (Session, error) {
	return nil, Errorf(Internal, "dialling is not wired yet")
}
