// Package reactor is the event loop.
package reactor
