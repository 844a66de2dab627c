package control

import "github.com/ed-toolbox/ed/transport"

// Admits says whether a visitor is let in.
func Admits(c *Control, conn transport.Conn) bool { return c.accept(conn) != nil }

// HideSecrets is what is shown of a command line.
func HideSecrets(argv ...string) []string { return hideSecrets(argv) }

// SetGroup sets Options.Group after the file was made.
func SetGroup(c *Control, group string) { c.options.Group = group }

// Kept is how many connections it is known of what is at their ends.
func Kept(c *Control) int { return len(c.ends) }
