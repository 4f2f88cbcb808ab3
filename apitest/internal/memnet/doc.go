// Package memnet is a network in memory: a listener and connections whose Write never blocks.
//
// A connection buffers without bound what its peer has not read. Nothing here waits on anything but sync.Cond and timers, and no
// goroutine is started, so that HTTP over it runs in the fake time of testing/synctest. (With net.Pipe a peer that
// does not read blocks its writer, often while it holds a mutex, and fake time stops.)
package memnet
