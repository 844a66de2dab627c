package tlsconn

// LookAlways has every handshake look at the files.
func (c *Config) LookAlways() { c.every = 0 }

// LimitVersion has clients offer nothing newer.
func (c *Config) LimitVersion(v uint16) { c.current.Load().client.MaxVersion = v }
