// Package port finds free TCP ports on 127.0.0.1 for servers that will be
// stopped and started again on the same port.
package port

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports below the ranges from which Linux (32768 up) and macOS (49152 up) take
// the local ports of outgoing connections. A port that the kernel itself hands
// out could be somebody's local port while the server is down; worse, a client
// that redials the stopped server may be given that very port and then be
// connected to itself.
const (
	lowest  = 20000
	highest = 32767
)

// tries bounds the search: with half of the range taken, all of them fail once
// in a million runs.
const tries = 20

// Free returns n different ports that nothing listened on a moment ago. They are not
// reserved: a caller whose server finds its port taken asks again.
func Free(n int) ([]int, error) {
	// All are held until the last is found, so that they differ.
	var held []net.Listener
	defer func() {
		for _, l := range held {
			l.Close()
		}
	}()
	var ports []int
	var errs []error
	for len(ports) < n {
		if len(errs) == tries {
			return nil, fmt.Errorf("no free port on 127.0.0.1: %w", errors.Join(errs...))
		}
		p := lowest + rand.IntN(highest-lowest+1)
		l, err := net.Listen("tcp", Address(p))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		held = append(held, l)
		ports = append(ports, p)
	}
	return ports, nil
}

// Address is the address of a port on 127.0.0.1.
func Address(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
