package service

// For the tests of where routers are found.
var (
	SocketPathOf = socketPath
	Candidates   = candidates
	Choose       = choose
	PrivateDir   = privateDir
)
