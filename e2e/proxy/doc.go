// Package proxy stands between a client and a server and fails on request: it
// resets connections, lets bytes stall, closes one direction, or refuses to be
// connected to.
//
// It copies the bytes of TCP connections and knows nothing of what they say, so
// TLS goes from end to end: a client verifies the server's own certificate, which
// holds as long as it is made out to the proxy's address too (127.0.0.1).
//
// Read on in proxy.go.
package proxy
