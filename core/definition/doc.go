// Package definition says which parameters a command takes, and checks messages against that.
//
// A definition is an ini file named after its command, COMMAND.conf, with one section a parameter:
//
//	description = asks whether the service is alive
//
//	[timestamp]
//	description = when the question was asked
//	type = timespec
//	flags = optional
//
// Lines that begin with # or ; are comments, a line that ends in a backslash goes on in the next one, and - and _ are
// equal in names. Types are string (also called default), integer, address, timespec, and, of our own, bool and duration.
// A bool and a duration are refused by the C++ programs, so files shared with those should not use them.
//
// Flags are a comma separated list. Without the key a parameter is required and may be empty. With the key the set
// starts from nothing: the parameter may be absent, must not be empty when it is there, and the words change that:
//
//	required    it must be there
//	empty       it may be empty; an empty value is not held against the type
//	forbidden   it must not be there
//	optional, defined, allowed    say nothing; they make a file easier to read
//
// Parameters without a section are always fine. Anything else in a file – an unknown section name, key, type or flag, a
// key or section given twice, required together with forbidden – is a [Problem] with its line (the C++ programs overlook
// misspelt keys and sections).
//
// # Use
//
// [Open] reads the directories and the built-in definitions of the default commands once; the first directory that has
// a file for a command wins. [Set.For] finds a definition, [Definition.Check] and [Set.Check] hold a message against it.
// A command without a definition passes.
//
// # Threads
//
// A Set may be used from any goroutine. After Open it touches no file until [Set.Reload], so looking a command up never
// blocks; Reload swaps everything at once, a Definition in hand stays as it was.
//
// # Errors
//
// A wrong message is a [*CheckError]. A wrong file is a list of [Problem] values in [Problems]; it takes only its own command
// with it: For and Check return that list for the command, and [Set.Err] returns all of them for programs that want to
// refuse to start.
//
// # Limits
//
// Memory follows the files found, never the commands asked for: nothing is kept for a command without a file. A file is
// at most 64 KiB. A check of a valid message allocates nothing (but for addresses other than IP:PORT) and looks no host name up.
package definition
