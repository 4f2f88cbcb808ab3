package rest

import (
	"context"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
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
	// Certificate is called when a credential plugin has issued another client certificate than before: with its command and arguments, until when
	// the certificate is valid, and how old the last one was, zero if there was none.
	Certificate func(host string, command []string, expires time.Time, last time.Duration)
	// Resolve is called when a name was looked up to connect to a host, be it that of a proxy on the way.
	Resolve func(ctx context.Context, host string, duration time.Duration)
	// Client is called when a client is made. What it returns is called when that client and those derived from it are no longer used; the garbage
	// collector finds out. Nil: nothing is.
	Client func(host string) (gone func())
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

// made tells that there is a client, and makes its end be told.
func (s *shared) made() {
	if s.hooks.Client == nil {
		return
	}
	if gone := s.hooks.Client(s.base.Host); gone != nil {
		runtime.AddCleanup(s, func(gone func()) { gone() }, gone)
	}
}

// dial dials, and tells how long it has looked a name up: until the first socket was made, or it failed.
func (h Hooks) dial(d *net.Dialer, host string) func(ctx context.Context, network, address string) (net.Conn, error) {
	if h.Resolve == nil {
		return d.DialContext
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if name, _, err := net.SplitHostPort(address); err != nil || net.ParseIP(name) != nil {
			return d.DialContext(ctx, network, address)
		}
		start, timed := time.Now(), *d
		found := sync.OnceFunc(func() { h.Resolve(ctx, host, time.Since(start)) })
		defer found()
		timed.Control = func(string, string, syscall.RawConn) error {
			found()
			return nil
		}
		return timed.DialContext(ctx, network, address)
	}
}

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
	if h.Certificate == nil {
		h.Certificate = global.Certificate
	}
	if h.Resolve == nil {
		h.Resolve = global.Resolve
	}
	if h.Client == nil {
		h.Client = global.Client
	}
	return h
}
