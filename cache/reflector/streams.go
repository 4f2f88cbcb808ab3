package reflector

import "sync/atomic"

// Streams is what is known of a server's ability to send the initial state of one resource as a stream. The reflectors of that resource
// share one, so that each such server is found out once. The zero value knows nothing. Methods may be called from any goroutine.
type Streams struct{ failed atomic.Bool }

// Fails says that the server was found unable to stream.
func (s *Streams) Fails() bool { return s.failed.Load() }

// remember says so from now on. The first who does is told true.
func (s *Streams) remember() (first bool) { return s.failed.CompareAndSwap(false, true) }
