// Package config finds out what each setting of a tool is and where that came from.
//
// # Use
//
//	s, err := config.Load(config.Options{
//		Tool: "signal",
//		Keys: []config.Key{{Name: "host", Default: "127.0.0.1:4041"}, {Name: "secret-code", Secret: true}},
//	})
//	host := s.Get("host") // host.Value, host.Origin: "/etc/eventdispatcher/ed-signal.conf:3"
//
// The first of these that gives a value wins:
//
//	the command line                                             Options.Flags
//	ED_SIGNAL_HOST, then ED_HOST                                 an empty variable counts as unset
//	the option string in ED_SIGNAL                               Options.Legacy, taken apart by the caller
//	$XDG_CONFIG_HOME/ed/ed-signal.conf, then ed/ed.conf there    $HOME/.config where the variable is unset
//	/etc/eventdispatcher/eventdispatcher.d/NN-ed-signal.conf     the highest NN first
//	/etc/eventdispatcher/ed-signal.conf
//	the default
//
// Files are ini files. Everything from the first "=" to the end of the line is the value, without the white space around
// it: quotes, backquotes, "#", ";", a backslash at the end and %(x)s are part of it. Lines that begin with "#" or ";"
// are comments. A key without "=" is "true". "-" and "_" are the same in the names of keys. Keys may be in the section of the
// tool, [signal], or before the first section; ed.conf may hold the sections and keys of other tools as well.
//
// Reference reads one variable of any such file: FILE@VARIABLE. ReadFile reads other small files that options name.
//
// # Threads
//
// Settings do not change after Load and may be read from anywhere. Load, Reference and ReadFile read files and may block as files do.
//
// # Errors
//
// *FileError: a file cannot be read or is no ini file. *KeyError: a key is unknown or out of place. Load finds all of them and
// returns them joined. A standard file that does not exist is none, and one under $HOME that may not be read belongs to another user
// (su keeps HOME) and is none either. *ReferenceError: a FILE@VARIABLE leads nowhere.
//
// # Limits
//
// A file has at most 1 MiB. Values have one line.
package config
