package toolkit

// UseRealDial has e connect as the one that NewEnv makes.
func (e *Env) UseRealDial() { e.Dial = e.dial }
