package dispatch

import "github.com/ed-toolbox/ed/core/message"

// Register returns the message by which a service makes itself known to a router under the name service. An empty or
// odd name is found by the Check of the message or of the router.
func Register(service string) *message.Message {
	const version = 1 // of the protocol between services and routers
	return message.New("REGISTER").Set("service", service).SetInt("version", version)
}

// Unregister returns the message by which a service takes its leave of a router.
func Unregister(service string) *message.Message {
	return message.New("UNREGISTER").Set("service", service)
}
