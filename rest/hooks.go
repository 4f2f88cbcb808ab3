package rest

import (
	"context"
	"sync/atomic"
	"time"
)

// Hooks receives measurements, for metrics. Nil functions are skipped. They are called concurrently, on the goroutine of the request, and
// must return quickly.
type Hooks struct {
	// Request is called once for each try, when its header has arrived or it has failed.
	Request func(ctx context.Context, r RequestInfo)
	// RateLimit is called when the client-side limiter let a request through, with how long it waited.
	RateLimit func(ctx context.Context, method, host string, wait time.Duration)
	// Retry is called before the wait for a repetition: with the failed try's status code (0: the connection broke), and how long it waits.
	Retry func(ctx context.Context, method, host string, code int, wait time.Duration)
	// Exec is called after each run of a credential plugin.
	Exec func(ctx context.Context, command string, duration time.Duration, err error)
}

// RequestInfo describes one try of a request.
type RequestInfo struct {
	Method string
	Host   string
	// Resource is the plural name of the resource, "" for a request by path.
	Resource string
	// Verb is the API verb: get, list, watch, create, …; "" for a request by path.
	Verb string
	// Code is the status code, 0 if there was no answer.
	Code    int
	Latency time.Duration
	// RequestBytes is the size of the body sent, -1 if it is not known.
	RequestBytes int64
	// ResponseBytes is the size of the answer's body as the server announced it, -1 if it did not.
	ResponseBytes int64
	Err           error
}

var globalHooks atomic.Pointer[Hooks]

// SetHooks sets the hooks of clients that are made from now on, for those that their configuration leaves nil.
func SetHooks(h Hooks) { globalHooks.Store(&h) }

// orGlobal fills in what is nil from what SetHooks has set.
func (h Hooks) orGlobal() Hooks {
	global := globalHooks.Load()
	if global == nil {
		return h
	}
	if h.Request == nil {
		h.Request = global.Request
	}
	if h.RateLimit == nil {
		h.RateLimit = global.RateLimit
	}
	if h.Retry == nil {
		h.Retry = global.Retry
	}
	if h.Exec == nil {
		h.Exec = global.Exec
	}
	return h
}
